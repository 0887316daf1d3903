//! The show file: a rundown as TOML, read with errors that name line, column and the mend, and written so that what
//! comes out reads in as the same show.

mod cue;
mod entries;
mod keep;
mod kinds;
mod languages;
mod platforms;
mod reactions;
mod rules;
mod sites;
mod sources;
mod writing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use cue::{ReadCue, WrittenCue};
pub use cue::{fields, read_cue, write_cue};
use entries::EntryTable;

use super::{
    bracket, carry, document::Document, keep::Keep, languages::Languages, platforms::Platform, rundown::Cue,
    sites::Sites, two_people::Policy,
};
use crate::{
    base::{hex, ids::ShowId, limits},
    wire::entry::Entry,
};

/// A show as its file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowFile {
    /// The show's id.
    pub id: ShowId,
    /// Its name.
    pub title: String,
    /// The languages of its texts.
    pub languages: Languages,
    /// The other sites it is part of.
    pub sites: Sites,
    /// What it asks of its staff.
    pub policy: Policy,
    /// How long it is kept.
    pub keep: Keep,
    /// Its cues.
    pub rundown: Vec<Cue>,
    /// Where its audience may come in.
    pub entries: Vec<Entry>,
    /// On what it is watched, and how much later.
    pub platforms: Vec<Platform>,
}

impl ShowFile {
    /// The file that a show is now.
    pub fn of(document: &Document) -> Self {
        Self {
            id: document.id.clone(),
            title: document.title.clone(),
            languages: document.languages.clone(),
            sites: document.sites.clone(),
            policy: document.policy.clone(),
            keep: document.keep,
            rundown: document.rundown.clone(),
            entries: document.entries.declared().map(|(_, entry)| entry.clone()).collect(),
            platforms: document.platforms.clone(),
        }
    }

    /// SHA-256 of what it says, in hexadecimal, however it is laid out.
    pub fn hash(&self) -> String {
        hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, write(self).as_bytes()).as_ref())
    }
}

/// Where a show file is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {detail}")]
pub struct FileError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and the mend.
    pub detail: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Top {
    show: Spanned<String>,
    title: Spanned<String>,
    #[serde(default)]
    languages: Vec<Spanned<String>>,
    #[serde(default)]
    origins: Vec<Spanned<String>>,
    #[serde(default)]
    frames: Vec<Spanned<String>>,
    keep: Option<Spanned<Keep>>,
    #[serde(default)]
    policy: Policy,
    #[serde(default)]
    text: languages::Titles,
    #[serde(default)]
    cue: Vec<Spanned<ReadCue>>,
    #[serde(default)]
    entry: Vec<Spanned<EntryTable>>,
    #[serde(default)]
    platform: Vec<platforms::PlatformTable>,
}

/// Reads a show file.
pub fn read(text: &str) -> Result<ShowFile, FileError> {
    if text.len() > limits::SHOW_FILE_BYTES_MAX {
        return Err(at(text, 0, format!("the file is larger than {} bytes", limits::SHOW_FILE_BYTES_MAX)));
    }
    let top: Top = parsed(text)?;
    let id = top.show.get_ref().parse().map_err(|error| at(text, top.show.span().start, format!("{error}")))?;
    let title = checked(text, &top.title, "title")?;
    let languages = languages::languages(text, &top.languages, &top.text)?;
    let sites = sites::sites(text, &top.origins, &top.frames)?;
    let keep = keep::keep(text, top.keep.as_ref())?;
    if top.cue.is_empty() {
        return Err(at(text, text.len(), "the show has no cue: add a [[cue]]".into()));
    }
    if top.cue.len() > limits::CUES_MAX {
        let place = top.cue[limits::CUES_MAX].span().start;
        return Err(at(text, place, format!("more than {} cues: split the show", limits::CUES_MAX)));
    }
    let entries = entries::entries(text, &top.entry)?;
    let platforms = platforms::platforms(text, &top.platform, &entries)?;
    let mut rundown: Vec<Cue> = Vec::with_capacity(top.cue.len());
    for entry in &top.cue {
        let cue = cue::cue(text, entry, &entries, &languages)?;
        if rundown.iter().any(|other| other.number == cue.number) {
            let place = entry.get_ref().number.span().start;
            return Err(at(text, place, format!("cue {} is there twice: give it another number", cue.number)));
        }
        rundown.push(cue);
        let place = entry.get_ref().question.span().start;
        bracket::stands(&rundown).and_then(|()| carry::stands(&rundown)).map_err(|detail| at(text, place, detail))?;
    }
    Ok(ShowFile { id, title, languages, sites, policy: top.policy, keep, rundown, entries, platforms })
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        at(text, start, error.message().to_owned())
    })
}

/// A text that will stand on screens: not empty, not longer than a screen takes, no control characters.
fn checked(text: &str, value: &Spanned<String>, what: &str) -> Result<String, FileError> {
    let trimmed = value.get_ref().trim();
    let place = value.span().start;
    if trimmed.is_empty() {
        return Err(at(text, place, format!("the {what} is empty: write it, or leave the line out")));
    }
    if trimmed.chars().count() > limits::TEXT_CHARS_MAX {
        return Err(at(text, place, format!("the {what} is longer than {} characters", limits::TEXT_CHARS_MAX)));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(at(text, place, format!("the {what} has a control character (a line break?)")));
    }
    Ok(trimmed.to_owned())
}

fn at(text: &str, offset: usize, detail: String) -> FileError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    FileError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        detail: detail.trim().replace('\n', " "),
    }
}

/// Writes a show as its file.
pub fn write(file: &ShowFile) -> String {
    #[derive(Serialize)]
    struct Out<'a> {
        show: &'a ShowId,
        title: &'a str,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        languages: &'a [String],
        #[serde(flatten)]
        sites: &'a Sites,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        text: BTreeMap<&'a str, languages::TitleTable<&'a str>>,
        #[serde(skip_serializing_if = "Policy::is_empty")]
        policy: &'a Policy,
        #[serde(skip_serializing_if = "Keep::is_empty")]
        keep: Keep,
        cue: Vec<WrittenCue<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        entry: &'a Vec<Entry>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        platform: &'a [Platform],
    }
    let out = Out {
        show: &file.id,
        title: &file.title,
        languages: &file.languages.names,
        sites: &file.sites,
        text: languages::titles(&file.languages),
        policy: &file.policy,
        keep: file.keep,
        cue: file.rundown.iter().map(cue::table).collect(),
        entry: &file.entries,
        platform: &file.platforms,
    };
    toml::to_string_pretty(&out).expect("a show is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::kind::Kind;

    const SMALL: &str = "show = \"finale\"\ntitle = \"The Final\"\n\n[[cue]]\nnumber = \"1\"\nquestion = \"Who?\"\noptions = [\"Ada\", \"Grace\"]\n";

    fn error(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn the_examples_of_the_page_are_shows() {
        let page = include_str!("../../docs/SHOW.md");
        let examples: Vec<_> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(examples.len(), 10);
        for example in examples {
            let show = read(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
            assert_eq!(read(&write(&show)), Ok(show));
        }
    }

    #[test]
    fn what_is_written_reads_in_as_the_same_show() {
        let rich = SMALL.to_owned()
            + "prepare = true\nchangeable = true\nkind = \"tug_of_war\"\n\n[[cue]]\nnumber = \"2B\"\nsegment = \"Acts\"\ntitle = \"Act two\"\nquestion = \"Löst \\\"du\\\" es?\"\n\
               options = [\"ja\", \"nein\", \"💡\"]\nvotes = 3\nwindow_s = 45\ngrace_ms = 0\nopens_on_take = true\nconfirm = true\n\
               viewers_see = \"after_vote\"\nscreens_see = \"never\"\noperators_see = \"on_reveal\"\n\
               [[entry]]\nplatform = \"tv\"\n[[entry]]\nsegment = \"hall\"\npool = \"jury-2\"\n";
        let show = read(&rich).unwrap();
        assert_eq!(
            show.entries.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["platform tv", "segment hall, pool jury-2"]
        );
        assert_eq!(show.rundown.len(), 2);
        assert_eq!(read(&write(&show)).unwrap(), show);
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_the_mend() {
        assert!(error("show = \"finale\"\ntitle = \n").starts_with("line 2, column 9: "));
        assert!(
            error(&SMALL.replace("finale", "The Finale")).starts_with("line 1, column 8: not a show id: give 1 to 40")
        );
        assert!(error(&SMALL.replace("question", "qestion")).starts_with("line 6, column 1: unknown field `qestion`"));
        assert!(
            error(&SMALL.replace("\"Grace\"", "\"Ada\""))
                .starts_with("line 7, column 19: the option \"Ada\" is there twice")
        );
        assert!(
            error(&(SMALL.to_owned() + &SMALL[SMALL.find("[[").unwrap()..]))
                .starts_with("line 9, column 10: cue 1 is there twice")
        );
        assert!(error(&SMALL.replace("[\"Ada\", \"Grace\"]", "[\"Ada\"]")).contains("needs 2 to 64 options"));
        assert!(error(&(SMALL.to_owned() + "votes = 0\n")).contains("votes: give 1 to 100"));
        assert!(
            error(&(SMALL.replace("\"Grace\"]", "\"Grace\", \"Joan\"]") + "kind = \"tug_of_war\"\n"))
                .starts_with("line 6, column 12: this kind of question has two options")
        );
        assert!(
            error(&(SMALL.to_owned() + "kind = \"tug\"\n")).contains("unknown variant `tug`, expected one of `poll`")
        );
        assert!(error("show = \"a\"\ntitle = \"b\"\n").contains("add a [[cue]]"));
        assert!(
            error(&(SMALL.to_owned() + "prepare = true\nopens_on_take = true\n"))
                .contains("prepare: the window opens on take, so nothing can be prepared before it")
        );
        assert!(
            error(&(SMALL.to_owned() + "screens_see = \"after_vote\"\n"))
                .starts_with("line 4, column 1: screens_see: after_vote is for viewers; give always")
        );
    }

    #[test]
    fn a_rating_makes_its_options() {
        let asked = SMALL.replace("options = [\"Ada\", \"Grace\"]\n", "");
        let with = |scale: &str| read(&format!("{asked}[cue.rating]\n{scale}\n"));
        let show = with("from = 0\nto = 100\nstep = 25\nlow = \"never\"").unwrap();
        assert_eq!(show.rundown[0].interaction.options, ["0", "25", "50", "75", "100"]);
        assert_eq!(read(&write(&show)), Ok(show));
        for (scale, options) in [
            ("from = -0.5\nto = 0.5\nstep = 0.5\nunit = \"°C\"", ["-0.5\u{a0}°C", "0.0\u{a0}°C", "0.5\u{a0}°C"]),
            ("from = 0.1\nto = 0.3\nstep = 0.1", ["0.1", "0.2", "0.3"]),
            ("from = 1\nto = 1.25\nstep = 0.125", ["1.000", "1.125", "1.250"]),
            ("from = 2.0\nto = 4", ["2", "3", "4"]),
            ("from = 999999.9\nto = 1000000.1\nstep = 0.1", ["999999.9", "1000000.0", "1000000.1"]),
        ] {
            let show = with(scale).unwrap();
            assert_eq!(show.rundown[0].interaction.options, options);
            assert_eq!(read(&write(&show)), Ok(show));
        }
        assert_eq!(with("from = 0\nto = 100").unwrap().rundown[0].interaction.options.len(), 101);
        for (scale, said) in [
            ("from = 1\nto = 1", "line 7, column 1: rating: no whole number of steps of 1 leads from 1 up to 1"),
            ("from = 1\nto = 10\nstep = 2", "no whole number of steps of 2 leads from 1 up to 10"),
            ("from = 1\nto = 10\nstep = 0", "no whole number of steps of 0"),
            ("from = -2147483648\nto = 2147483647", "that are 4294967296 steps; give at most 128: a larger step"),
            ("from = 1\nto = 5\nhigh = \"a\\nb\"", "high is at most 300 characters, without a line break"),
            ("from = 1.5\nto = 5", "no whole number of steps of 1.0 leads from 1.5 up to 5.0"),
            ("from = 0.0005\nto = 1", "from, to and step have at most three digits behind the decimal point"),
            ("from = 0\nto = 1e300", "from, to and step have at most three digits"),
            ("from = 0\nto = nan", "from, to and step have at most three digits"),
            ("from = 0\nto = 9223372036854775807", "from, to and step have at most three digits"),
            ("from = 0\nto = 3000000000", "from and to are within 2147483647"),
            ("from = 0\nto = 9\nstep = -3", "step is not negative"),
            ("from = 1\nto = 5\nunit = \"thirteen char\"", "unit is at most 12 characters, without a line break"),
        ] {
            let error = with(scale).unwrap_err().to_string();
            assert!(error.contains(said), "{scale}: {error}");
        }
        assert!(
            error(&(SMALL.to_owned() + "[cue.rating]\nfrom = 1\nto = 5\n")).contains("leave options and votes out")
        );
        let word = format!("{asked}kind = \"tug_of_war\"\n[cue.rating]\nfrom = 1\nto = 2\n");
        assert!(error(&word).contains("line 8, column 1: this table is a kind of its own"), "{}", error(&word));
        assert!(error(&asked).contains("this question needs 2 to 64 options"));
    }

    #[test]
    fn a_quiz_and_a_prediction_say_what_an_answer_is_worth() {
        let with = |table: &str| read(&format!("{SMALL}window_s = 20\n{table}\n"));
        let kind = |table: &str| {
            let show = with(table).unwrap();
            assert_eq!(read(&write(&show)).as_ref(), Ok(&show));
            show.rundown[0].interaction.kind.clone()
        };
        let worth = |table: &str| match kind(table) {
            Kind::Quiz(quiz) => (quiz.worth.points_max, quiz.worth.points_min, quiz.worth.full_ms, quiz.worth.least_ms),
            other => panic!("{other:?}"),
        };
        assert_eq!(worth("[cue.quiz]\nright = [2]"), (1000, 500, 0, 20_000));
        assert_eq!(
            worth("[cue.quiz]\nright = [1]\npoints_max = 9\npoints_min = 9\nfull_ms = 5\nleast_ms = 5"),
            (9, 9, 5, 5)
        );
        assert_eq!(kind("[cue.prediction]\nround = \" cup \"").round(), Some("cup"));
        for (table, said) in [
            (
                "[cue.quiz]\nright = []",
                "line 9, column 1: quiz: right names the right options by their numbers, 1 to 2",
            ),
            ("[cue.quiz]\nright = [3]", "quiz: right names the right options"),
            ("[cue.quiz]\nright = [1, 2]", "and not all of them"),
            ("[cue.quiz]", "missing field `right`"),
            ("[cue.quiz]\nright = [1]\npoints_max = 0", "points_max is 1 to 1000000, and points_min at most as much"),
            ("[cue.quiz]\nright = [1]\npoints_min = 1001", "points_max is 1 to 1000000"),
            (
                "[cue.quiz]\nright = [1]\nfull_ms = 20001",
                "full_ms comes before least_ms, which is the length of the window",
            ),
            ("votes = 2\n[cue.quiz]\nright = [1]", "quiz: each voter gives one answer: leave votes out"),
            ("[cue.prediction]\npoints = 0", "prediction: points is 1 to 1000000"),
            ("[cue.prediction]\nround = \"a\\nb\"", "prediction: round is a name of at most 40 characters"),
            ("[cue.quiz]\nright = [1]\n[cue.prediction]", "leave kind, and other such tables, out"),
        ] {
            let error = with(table).unwrap_err().to_string();
            assert!(error.contains(said), "{table}: {error}");
        }
    }

    #[test]
    fn a_mistake_in_an_entry_is_named_too() {
        let with = |entries: &str| error(&(SMALL.to_owned() + entries));
        let wrong = "line 9, column 12: an entry's platform is 1 to 24 of a-z, 0-9 and -, like \"stream-2\"";
        for name in ["", "TV", "a b", "ü", &"x".repeat(25)] {
            assert_eq!(with(&format!("[[entry]]\nplatform = \"{name}\"\n")), wrong);
        }
        assert!(with("[[entry]]\npool = \"a\"\n[[entry]]\n").starts_with("line 10, column 1: the entry says nothing"));
        assert!(with("[[entry]]\nplattform = \"tv\"\n").starts_with("line 9, column 1: unknown field `plattform`"));
        let tv = "[[entry]]\nplatform = \"tv\"\n";
        assert_eq!(with(&tv.repeat(2)), "line 10, column 1: the entry platform tv is there twice: leave one out");
        let many: String = (0..65).map(|number| format!("[[entry]]\npool = \"p{number}\"\n")).collect();
        assert_eq!(with(&many), "line 136, column 1: more than 64 entries: leave some out");
    }
}
