//! The scenario file: TOML, read whole, checked whole. A mistake is named with its line and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A rehearsal, and whatever in it takes time, takes a day at most.
const SECONDS_MAX: f64 = 86_400.0;

/// What a rehearsal is made of. Times are seconds from its start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    pub title: String,
    /// The show's id; absent: the command line says it.
    pub show: Option<String>,
    pub viewers: usize,
    pub seconds: f64,
    pub seed: u64,
    pub crowds: Vec<Crowd>,
    /// In the order of their times.
    pub steps: Vec<Step>,
    pub expect: Expect,
}

/// Viewers who behave alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crowd {
    pub name: String,
    /// How many they are.
    pub viewers: usize,
    pub habits: Habits,
}

/// What the viewers of a crowd do. Shares are from 0 to 1, pairs are from … to … seconds.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    pub way: Way,
    /// They come in evenly between these moments.
    pub join_s: [f64; 2],
    /// The share that votes in a run.
    pub votes: f64,
    /// So long after the opening, or after coming in, if that is later.
    pub think_s: [f64; 2],
    /// Ballots of one voter in one run, where the run gives that many votes.
    pub ballots: u16,
    /// Of voters: changes the vote once, where the run allows it.
    pub changes: f64,
    pub change_s: [f64; 2],
    /// Of ballots: sent twice though nothing was wrong.
    pub sends_again: f64,
    /// Of ballots: the connection breaks the moment it is sent.
    pub breaks: f64,
    /// There is no network for so long after a break.
    pub away_s: [f64; 2],
    /// Taps of each viewer in runs of reactions.
    pub taps_per_s: f64,
    /// The share that writes something in a run of questions or texts.
    pub asks: f64,
    /// A slow reader takes what has come only so often, through the smallest buffer there is; 0: at once.
    pub reads_every_s: f64,
    /// How often who polls asks.
    pub poll_s: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            way: Way::Websocket,
            join_s: [0.0, 0.0],
            votes: 0.0,
            think_s: [1.0, 8.0],
            ballots: 1,
            changes: 0.0,
            change_s: [2.0, 6.0],
            sends_again: 0.0,
            breaks: 0.0,
            away_s: [0.0, 0.0],
            taps_per_s: 0.0,
            asks: 0.0,
            reads_every_s: 0.0,
            poll_s: 2.0,
        }
    }
}

/// How a viewer is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Websocket,
    /// Requests over HTTP, as a page does where nothing else gets through.
    Poll,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    pub at_s: f64,
    pub act: Act,
}

/// What can happen: all but `Cut` is done in the studio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Act {
    /// Puts a cue on standby and on program.
    Take { cue: String },
    /// Opens the window: for so many seconds, until closed by hand (0), or as the cue says.
    Open { seconds: Option<u64> },
    /// Moves the close.
    Extend { seconds: u64 },
    /// A command without arguments: `close`, `step`, `clear`, `freeze`, `unfreeze`, `hold`, `release`.
    Press(&'static str),
    /// The network of this share of all viewers breaks, for so long.
    Cut { share: f64, away_s: [f64; 2] },
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Take { cue } => write!(f, "take {cue}"),
            Self::Open { seconds: None } => f.write_str("open"),
            Self::Open { seconds: Some(0) } => f.write_str("open until closed"),
            Self::Open { seconds: Some(seconds) } => write!(f, "open {seconds} s"),
            Self::Extend { seconds } => write!(f, "extend {seconds} s"),
            Self::Press(verb) => f.write_str(verb),
            Self::Cut { share, .. } => write!(f, "cut {:.0} %", share * 100.0),
        }
    }
}

/// What the rehearsal is expected to come to. What is left out is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// At least this share of the viewers gets in.
    pub joined: Option<f64>,
    /// At least this share of the ballots that were due is counted.
    pub counted: Option<f64>,
    /// At most so many ballots have no final answer.
    pub open: Option<u64>,
    /// 99 of 100 come in within this time.
    pub join_p99_ms: Option<f64>,
    /// 99 of 100 first receipts come within this time of the moment the ballot was due.
    pub vote_p99_ms: Option<f64>,
    /// 99 of 100 results are not older than this when they arrive.
    pub results_p99_ms: Option<f64>,
}

/// A mistake in a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    line: usize,
    column: usize,
    detail: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.detail)
    }
}

impl std::error::Error for FileError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Top {
    title: String,
    show: Option<String>,
    viewers: Spanned<usize>,
    seconds: Spanned<f64>,
    #[serde(default = "one")]
    seed: u64,
    #[serde(default)]
    crowd: Vec<Spanned<CrowdTable>>,
    #[serde(default)]
    step: Vec<Spanned<StepTable>>,
    #[serde(default)]
    expect: Expect,
}

const fn one() -> u64 {
    1
}

#[derive(Deserialize)]
struct CrowdTable {
    name: Spanned<String>,
    share: Spanned<f64>,
    #[serde(flatten)]
    habits: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    at_s: Spanned<f64>,
    #[serde(rename = "do")]
    verb: Spanned<String>,
    cue: Option<String>,
    seconds: Option<u64>,
    share: Option<f64>,
    away_s: Option<[f64; 2]>,
}

/// The verbs of [`Act::Press`].
const PRESSES: [&str; 7] = ["close", "step", "clear", "freeze", "unfreeze", "hold", "release"];

/// Reads a scenario.
pub fn read(text: &str) -> Result<Scenario, FileError> {
    let top: Top = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        at(text, start, error.message().to_owned())
    })?;
    let seconds = *top.seconds.get_ref();
    let says = |place: &Spanned<f64>, ok: bool, detail: &str| {
        if ok { Ok(()) } else { Err(at(text, place.span().start, detail.to_owned())) }
    };
    says(&top.seconds, seconds > 0.0 && seconds <= SECONDS_MAX, "seconds is how long it takes: 1 to 86400")?;
    let viewers = *top.viewers.get_ref();
    if viewers == 0 {
        return Err(at(text, top.viewers.span().start, "viewers is how many there are: at least 1".into()));
    }
    if top.crowd.is_empty() {
        return Err(at(text, text.len(), "nobody comes: add a [[crowd]] with a name and a share".into()));
    }
    let mut crowds: Vec<Crowd> = Vec::new();
    let mut share = 0.0;
    for entry in &top.crowd {
        let place = entry.span().start;
        let crowd = entry.get_ref();
        let (name, own) = (crowd.name.get_ref().trim(), *crowd.share.get_ref());
        if name.is_empty() || crowds.iter().any(|other| other.name == name) {
            let detail = "every crowd needs a name of its own".into();
            return Err(at(text, crowd.name.span().start, detail));
        }
        says(&crowd.share, own > 0.0 && own <= 1.0, "a share is a number from 0 to 1: 0.25 is a quarter")?;
        let habits: Habits = crowd
            .habits
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| at(text, place, format!("crowd {name}: {}", error.message())))?;
        check(&habits, seconds).map_err(|detail| at(text, place, format!("crowd {name}: {detail}")))?;
        // What is rounded off one crowd goes to the next, so that all of them together are all viewers.
        let before = (share * viewers as f64).round() as usize;
        share += own;
        let upto = (share * viewers as f64).round() as usize;
        crowds.push(Crowd { name: name.to_owned(), viewers: upto.min(viewers) - before.min(viewers), habits });
    }
    if (share - 1.0).abs() > 1e-6 {
        let detail = format!("the shares of all crowds add up to {share:.3}: make it 1");
        return Err(at(text, top.crowd[0].span().start, detail));
    }
    let mut steps = Vec::new();
    for entry in &top.step {
        steps.push(step(text, entry.get_ref(), seconds)?);
    }
    steps.sort_by(|a: &Step, b: &Step| a.at_s.total_cmp(&b.at_s));
    let Top { title, show, seed, expect, .. } = top;
    Ok(Scenario { title, show, viewers, seconds, seed, crowds, steps, expect })
}

fn check(habits: &Habits, seconds: f64) -> Result<(), String> {
    let Habits { votes, changes, sends_again, breaks, asks, .. } = *habits;
    let shares =
        [("votes", votes), ("changes", changes), ("sends_again", sends_again), ("breaks", breaks), ("asks", asks)];
    for (name, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("{name} is a share, from 0 to 1"));
        }
    }
    let Habits { join_s, think_s, change_s, away_s, .. } = *habits;
    for (name, [from, to]) in [("join_s", join_s), ("think_s", think_s), ("change_s", change_s), ("away_s", away_s)] {
        if !(from >= 0.0 && from <= to && to <= SECONDS_MAX) {
            return Err(format!("{name} is [from, to] in seconds, the smaller first"));
        }
    }
    if join_s[1] > seconds {
        return Err(format!("join_s ends after the scenario, which takes {seconds} s"));
    }
    if !(0.0..=15.0).contains(&habits.taps_per_s) {
        return Err("taps_per_s is from 0 to 15: the server takes no more of one device".into());
    }
    if !(0.0..=20.0).contains(&habits.reads_every_s) {
        return Err("reads_every_s is from 0 to 20: who reads less often is taken for gone".into());
    }
    if !(0.1..=3600.0).contains(&habits.poll_s) {
        return Err("poll_s is from 0.1 to 3600".into());
    }
    if habits.ballots == 0 {
        return Err("ballots is at least 1; votes = 0 is who does not vote".into());
    }
    let polls = habits.way == Way::Poll;
    if polls && [habits.taps_per_s, habits.asks, habits.reads_every_s, breaks].iter().any(|habit| *habit > 0.0) {
        return Err(
            "who polls has no taps_per_s, asks, reads_every_s or breaks: make them a crowd with a websocket".into()
        );
    }
    Ok(())
}

fn step(text: &str, table: &StepTable, seconds: f64) -> Result<Step, FileError> {
    let at_s = *table.at_s.get_ref();
    if !(0.0..=seconds).contains(&at_s) {
        let detail = format!("at_s is from 0 to {seconds}, where the scenario ends");
        return Err(at(text, table.at_s.span().start, detail));
    }
    let place = table.verb.span().start;
    let verb = table.verb.get_ref().as_str();
    let act = match verb {
        "take" => table.cue.clone().map(|cue| Act::Take { cue }).ok_or("take needs a cue: cue = \"1\""),
        "open" => Ok(Act::Open { seconds: table.seconds }),
        "extend" => table.seconds.map(|seconds| Act::Extend { seconds }).ok_or("extend needs seconds"),
        "cut" => {
            let (share, away_s) = (table.share.unwrap_or(1.0), table.away_s.unwrap_or_default());
            let fits =
                (0.0..=1.0).contains(&share) && away_s[0] >= 0.0 && away_s[0] <= away_s[1] && away_s[1] <= SECONDS_MAX;
            if fits {
                Ok(Act::Cut { share, away_s })
            } else {
                Err("cut has a share from 0 to 1, and away_s = [from, to]")
            }
        }
        _ => PRESSES.iter().find(|word| **word == verb).map(|word| Act::Press(word)).ok_or(
            "there is no such step: take, open, extend, close, step, clear, freeze, unfreeze, hold, release, cut",
        ),
    };
    let act = act.map_err(|detail| at(text, place, detail.to_owned()))?;
    let takes = match act {
        Act::Take { .. } => ["cue"].as_slice(),
        Act::Open { .. } | Act::Extend { .. } => &["seconds"],
        Act::Cut { .. } => &["share", "away_s"],
        Act::Press(_) => &[],
    };
    let given = [
        ("cue", table.cue.is_some()),
        ("seconds", table.seconds.is_some()),
        ("share", table.share.is_some()),
        ("away_s", table.away_s.is_some()),
    ];
    match given.iter().find(|(name, is)| *is && !takes.contains(name)) {
        Some((name, _)) => Err(at(text, place, format!("{verb} has no {name}: take it out"))),
        None => Ok(Step { at_s, act }),
    }
}

fn at(text: &str, place: usize, detail: String) -> FileError {
    let before = &text[..place.min(text.len())];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    FileError { line: before.matches('\n').count() + 1, column, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"title = "A vote"
viewers = 1001
seconds = 60
[[crowd]]
name = "phones"
share = 0.5
join_s = [0, 10]
votes = 0.9
[[crowd]]
name = "others"
share = 0.5
way = "poll"
[[step]]
at_s = 20
do = "open"
[[step]]
at_s = 12.5
do = "take"
cue = "1"
[expect]
joined = 1.0
"#;

    #[test]
    fn a_scenario_is_read_whole() {
        let scenario = read(GOOD).unwrap();
        assert_eq!(scenario.crowds.iter().map(|crowd| crowd.viewers).sum::<usize>(), 1001);
        assert_eq!((scenario.seed, scenario.crowds[1].habits.way), (1, Way::Poll));
        let steps: Vec<_> = scenario.steps.iter().map(|step| (step.at_s, step.act.to_string())).collect();
        assert_eq!(steps, [(12.5, "take 1".to_owned()), (20.0, "open".to_owned())]);
        assert_eq!((scenario.expect.joined, scenario.expect.open), (Some(1.0), None));
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_what_to_do() {
        for (from, to, says) in [
            ("viewers = 1001", "viewers = 0", "line 2, column 11: viewers is how many there are"),
            ("viewers = 1001", "viewers = many", "line 2, column 11: "),
            ("seconds = 60", "seconds = 60\nspeed = 3", "line 4, column 1: unknown field `speed`"),
            ("share = 0.5\nway", "share = 0.4\nway", "add up to 0.900: make it 1"),
            ("votes = 0.9", "votes = 90", "line 4, column 1: crowd phones: votes is a share, from 0 to 1"),
            ("votes = 0.9", "vote = 0.9", "crowd phones: unknown field `vote`"),
            ("join_s = [0, 10]", "join_s = [10, 0]", "join_s is [from, to] in seconds, the smaller first"),
            ("join_s = [0, 10]", "join_s = [0, 61]", "join_s ends after the scenario, which takes 60 s"),
            ("name = \"others\"", "name = \"phones\"", "line 10, column 8: every crowd needs a name of its own"),
            ("way = \"poll\"", "way = \"poll\"\nasks = 0.1", "who polls has no taps_per_s"),
            ("do = \"open\"", "do = \"opne\"", "line 15, column 6: there is no such step: take, open"),
            ("cue = \"1\"", "", "line 18, column 6: take needs a cue: cue = \"1\""),
            ("do = \"open\"", "do = \"close\"\nseconds = 3", "close has no seconds: take it out"),
            ("at_s = 20", "at_s = 61", "line 14, column 8: at_s is from 0 to 60, where the scenario ends"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = read(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{to}: {error}");
        }
        let nobody = GOOD.split("[[crowd]]").next().unwrap();
        assert!(read(nobody).unwrap_err().to_string().contains("nobody comes: add a [[crowd]]"));
    }
}
