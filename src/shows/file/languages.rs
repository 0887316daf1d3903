//! The part of a show file that says the same in other languages: which there are, and the texts in those that are not
//! the first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{
    FileError, at, checked,
    cue::{ReadCue, distinct},
};
use crate::{base::limits, shows::languages::Languages, wire::server::Wording};

/// One `[text.fr]`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TitleTable<Text> {
    title: Text,
}

/// One `[cue.text.fr]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordingTable {
    question: Spanned<String>,
    #[serde(default)]
    options: Vec<Spanned<String>>,
    low: Option<Spanned<String>>,
    high: Option<Spanned<String>>,
    segment: Option<Spanned<String>>,
}

/// The titles of a file.
pub(super) type Titles = BTreeMap<String, TitleTable<Spanned<String>>>;

/// The languages of a show, and its name in each.
pub(super) fn languages(text: &str, names: &[Spanned<String>], titles: &Titles) -> Result<Languages, FileError> {
    let mut languages = Languages::default();
    for name in names {
        let place = name.span().start;
        if !is_language(name.get_ref()) {
            let detail = "a language is named as browsers do: \"nl\", or \"pt-BR\" where the region matters";
            return Err(at(text, place, detail.to_owned()));
        }
        if languages.names.contains(name.get_ref()) {
            return Err(at(text, place, format!("the language {:?} is there twice: leave one out", name.get_ref())));
        }
        if languages.names.len() == limits::LANGUAGES_MAX {
            return Err(at(text, place, format!("more than {} languages: leave some out", limits::LANGUAGES_MAX)));
        }
        languages.names.push(name.get_ref().clone());
    }
    for (language, table) in titles {
        other_than_first(text, language, &languages, table.title.span().start)?;
        languages.titles.insert(language.clone(), checked(text, &table.title, "title")?);
    }
    Ok(languages)
}

/// What a cue says itself, in the languages of the show that are not the first.
pub(super) fn wordings(
    text: &str,
    cue: &ReadCue,
    languages: &Languages,
) -> Result<BTreeMap<String, Wording>, FileError> {
    let options = cue.options.len();
    let scale = cue.rating.as_ref().map(Spanned::get_ref);
    let mut wordings = BTreeMap::new();
    for (language, table) in &cue.text {
        let place = table.question.span().start;
        other_than_first(text, language, languages, place)?;
        if table.options.len() != options {
            let detail = match options {
                0 => format!("{language}: leave options out: this kind of cue has none of its own"),
                _ => format!("{language}: give all {options} options, in the same order"),
            };
            return Err(at(text, place, detail));
        }
        let other = |value: &Option<Spanned<String>>, what, has| match value {
            None => Ok(String::new()),
            Some(value) if has => checked(text, value, what),
            Some(value) => {
                let detail =
                    format!("{language}: the cue has no {what} in the first language: write it, or leave this out");
                Err(at(text, value.span().start, detail))
            }
        };
        let wording = Wording {
            question: checked(text, &table.question, "question")?,
            options: distinct(text, &table.options)?,
            low: other(&table.low, "low", scale.is_some_and(|scale| !scale.low.is_empty()))?,
            high: other(&table.high, "high", scale.is_some_and(|scale| !scale.high.is_empty()))?,
            segment: other(&table.segment, "segment", cue.segment.is_some())?,
        };
        wordings.insert(language.clone(), wording);
        let bytes = serde_json::to_vec(&wordings).map_or(0, |json| json.len());
        if bytes > limits::WORDINGS_BYTES_MAX {
            let most = limits::WORDINGS_BYTES_MAX;
            return Err(at(
                text,
                place,
                format!("the texts in other languages are more than {most} bytes: shorten them"),
            ));
        }
    }
    Ok(wordings)
}

fn other_than_first(text: &str, language: &String, languages: &Languages, place: usize) -> Result<(), FileError> {
    let detail = match languages.names.iter().position(|name| name == language) {
        Some(0) => format!("{language} is the first language: its texts stand in the cue itself, and the title on top"),
        Some(_) => return Ok(()),
        None => format!("{language} is none of the show's languages: add it to languages = [...] on top, or mend it"),
    };
    Err(at(text, place, detail))
}

/// A language, and a region if it matters: `nl`, `pt-BR`.
fn is_language(name: &str) -> bool {
    let (language, region) = name.split_once('-').unwrap_or((name, "XX"));
    matches!(language.len(), 2 | 3)
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.len() == 2
        && region.bytes().all(|b| b.is_ascii_uppercase())
}

/// The titles as the file says them.
pub(super) fn titles(languages: &Languages) -> BTreeMap<&str, TitleTable<&str>> {
    languages.titles.iter().map(|(language, title)| (language.as_str(), TitleTable { title: title.as_str() })).collect()
}

#[cfg(test)]
mod tests {
    use crate::shows::file::{read, write};

    const TWO: &str = "show = \"s\"\ntitle = \"De Show\"\nlanguages = [\"nl\", \"en\", \"pt-BR\"]\n\n[text.en]\ntitle = \"The Show\"\n\n\
         [[cue]]\nnumber = \"1\"\nquestion = \"Wie?\"\noptions = [\"Zij\", \"Hij\"]\n\n\
         [cue.text.en]\nquestion = \"Who?\"\noptions = [\"She\", \"He\"]\n";

    #[test]
    fn a_show_speaks_several_languages() {
        let show = read(TWO).unwrap();
        assert_eq!(show.languages.names, ["nl", "en", "pt-BR"]);
        assert_eq!(show.languages.titles["en"], "The Show");
        let interaction = &show.rundown[0].interaction;
        assert_eq!((&*interaction.question, &*interaction.texts["en"].question), ("Wie?", "Who?"));
        assert_eq!(interaction.texts["en"].options, ["She", "He"]);
        assert!(!interaction.texts.contains_key("pt-BR"), "a language that a cue does not have is left out");
        assert_eq!(read(&write(&show)).unwrap(), show);
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let error = |from: &str, to: &str| read(&TWO.replace(from, to)).unwrap_err().to_string();
        for (from, to, said) in [
            ("\"pt-BR\"", "\"dutch\"", "line 3, column 26: a language is named as browsers do"),
            ("\"pt-BR\"", "\"EN\"", "line 3, column 26: a language is named as browsers do"),
            ("\"pt-BR\"", "\"en\"", "line 3, column 26: the language \"en\" is there twice"),
            ("[text.en]", "[text.nl]", "line 6, column 9: nl is the first language"),
            ("cue.text.en", "cue.text.fr", "line 14, column 12: fr is none of the show's languages"),
            ("\"She\", \"He\"", "\"She\"", "line 14, column 12: en: give all 2 options"),
            ("\"She\", \"He\"", "\"She\", \"She\"", "line 15, column 19: the option \"She\" is there twice"),
            ("\"Who?\"", "\" \"", "line 14, column 12: the question is empty"),
            ("\"The Show\"", "\"\"", "line 6, column 9: the title is empty"),
        ] {
            assert!(error(from, to).starts_with(said), "{}", error(from, to));
        }
        let long = (0..64).map(|n| format!("\"{n}{}\"", "🎤".repeat(290))).collect::<Vec<_>>().join(", ");
        let large = TWO.replace("\"She\", \"He\"", &long).replace("\"Zij\", \"Hij\"", &long);
        assert!(
            read(&large).map(|_| ()).unwrap_err().to_string().contains("in other languages are more than 65536 bytes")
        );
        let rated = TWO.replace("options = [\"Zij\", \"Hij\"]", "[cue.rating]\nfrom = 1\nto = 5");
        let said = read(&rated).unwrap_err().to_string();
        assert!(said.contains("en: leave options out: this kind of cue has none of its own"), "{said}");
        let asked = read(&rated.replace("options = [\"She\", \"He\"]\n", "")).unwrap();
        assert_eq!(read(&write(&asked)).unwrap(), asked);
        let ends = rated.replace("to = 5", "to = 5\nlow = \"Nee\"\nhigh = \"Ja\"");
        let ends = ends.replace("options = [\"She\", \"He\"]", "low = \"No\"\nhigh = \"Yes\"");
        let ends =
            ends.replace("question = \"Wie?\"", "segment = \"Finale\"\nquestion = \"Wie?\"") + "segment = \"Final\"\n";
        let show = read(&ends).unwrap();
        let said = &show.rundown[0].interaction.texts["en"];
        assert_eq!((&*said.low, &*said.high, &*said.segment), ("No", "Yes", "Final"));
        assert_eq!(read(&write(&show)).unwrap(), show);
        for (line, what) in
            [("low = \"Nee\"\n", "low"), ("high = \"Ja\"", "high"), ("segment = \"Finale\"\n", "segment")]
        {
            let said = read(&ends.replace(line, "")).unwrap_err().to_string();
            assert!(said.contains(&format!("en: the cue has no {what} in the first language")), "{said}");
        }
        let many: Vec<_> = ('a'..='q').map(|c| format!("\"x{c}\"")).collect();
        assert!(error("\"nl\", \"en\", \"pt-BR\"", &many.join(", ")).contains("more than 16 languages"));
    }
}
