//! The part of a cue that says how votes become an outcome, and who may not choose what: read from its tables, and
//! checked before air.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    base::limits,
    shows::{
        counting::{Counting, Gives, Pool},
        interaction::Interaction,
        kind::Kind,
        segments::SegmentWindow,
    },
    wire::{entry::Entry, outcome::Polarity},
};

/// `[cue.rules]`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(default, skip_serializing_if = "Polarity::is_save")]
    polarity: Polarity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tie_pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<u8>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    not_from: BTreeMap<String, Vec<u16>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    windows: BTreeMap<String, SegmentWindow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pool: Vec<PoolTable>,
}

/// One `[[cue.pool]]`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PoolTable {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proportional: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranks: Vec<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    each_segment: bool,
}

impl Rules {
    /// The rules of an interaction, as its file would say them. `None`: there is nothing to say.
    pub(super) fn of(interaction: &Interaction) -> Option<Self> {
        let Interaction { counting, not_from, windows, .. } = interaction;
        let Counting { pools, polarity, tie_pool, threshold } = counting;
        let table = |pool: &Pool| {
            let mut table =
                PoolTable { name: pool.name.clone(), each_segment: pool.each_segment, ..PoolTable::default() };
            match &pool.gives {
                Gives::Percent(points) => table.percent = Some(*points),
                Gives::Proportional(points) => table.proportional = Some(*points),
                Gives::Ranks(points) => table.ranks.clone_from(points),
            }
            table
        };
        let says = !not_from.is_empty() || !windows.is_empty() || !counting.is_plain();
        says.then(|| Self {
            polarity: *polarity,
            tie_pool: tie_pool.clone(),
            threshold: *threshold,
            not_from: not_from.clone(),
            windows: windows.clone(),
            pool: pools.iter().map(table).collect(),
        })
    }

    /// Puts the rules into an interaction of a show with these entries. An error says what is wrong and the mend.
    pub(super) fn put_into(&self, interaction: &mut Interaction, entries: &[Entry]) -> Result<(), String> {
        let Self { polarity, tie_pool, threshold, not_from, windows, pool } = self;
        if threshold.is_some_and(|percent| !(1..=100).contains(&percent)) {
            return Err("threshold: give 1 to 100 percent".into());
        }
        if pool.len() > limits::POOLS_MAX {
            return Err(format!("more than {} pools: leave some out", limits::POOLS_MAX));
        }
        let segments = || entries.iter().filter_map(|entry| entry.segment.as_ref());
        for (segment, closed) in not_from {
            if !segments().any(|one| one == segment) {
                return Err(format!("not_from: no [[entry]] has the segment {segment:?}: add one, or mend the name"));
            }
            if closed.is_empty() || !closed.iter().all(|n| (1..=interaction.options.len()).contains(&usize::from(*n))) {
                let most = interaction.options.len();
                return Err(format!("not_from: give {segment:?} the numbers of its options, 1 to {most}"));
            }
        }
        if !windows.is_empty() && matches!(interaction.kind, Kind::Quiz(_)) {
            return Err("windows: who answers a quiz later has heard the answer; leave them out".into());
        }
        for (segment, window) in windows {
            if !segments().any(|one| one == segment) {
                return Err(format!("windows: no [[entry]] has the segment {segment:?}: add one, or mend the name"));
            }
            check_window(*window, interaction.window_s).map_err(|detail| format!("windows: {segment:?}: {detail}"))?;
        }
        let mut pools: Vec<Pool> = Vec::with_capacity(pool.len());
        for table in pool {
            let pool = table.read()?;
            let is_there = |entry: &Entry| entry.pool.as_deref().unwrap_or_default() == pool.name;
            if !pool.name.is_empty() && !entries.iter().any(is_there) {
                return Err(format!("no [[entry]] has the pool {:?}: add one, or mend the name", pool.name));
            }
            if pools.iter().any(|other| other.name == pool.name) {
                return Err(format!("the pool {:?} is there twice: leave one out", pool.name));
            }
            pools.push(pool);
        }
        let percent: Option<u32> = pools.iter().map(|pool| pool.gives.percent()).sum();
        if percent.is_some_and(|sum| !pools.is_empty() && sum != 100) {
            return Err("the percentages of the pools add up to 100".into());
        }
        if percent.is_none() && pools.iter().any(|pool| pool.gives.percent().is_some()) {
            return Err("percentages and points cannot be added: give all pools a percent, or none".into());
        }
        if tie_pool.as_ref().is_some_and(|name| !pools.iter().any(|pool| pool.name == *name)) {
            return Err("tie_pool: give the name of one of the pools".into());
        }
        interaction.not_from = not_from.clone();
        interaction.windows = windows.clone();
        interaction.counting =
            Counting { pools, polarity: *polarity, tie_pool: tie_pool.clone(), threshold: *threshold };
        Ok(())
    }
}

/// What is wrong with the window of a segment in a run whose window is so long, and the mend.
fn check_window(window: SegmentWindow, window_s: Option<u32>) -> Result<(), String> {
    let SegmentWindow { from_s, to_s } = window;
    if window == SegmentWindow::default() {
        return Err("give from_s, to_s or both, in seconds from the opening".into());
    }
    if to_s.is_some_and(|to_s| to_s <= from_s) {
        return Err("it ends before it begins: give a to_s that is more than from_s".into());
    }
    let most = window_s.unwrap_or(limits::WINDOW_S_MAX);
    if from_s >= most || to_s.is_some_and(|to_s| to_s > most) {
        let mend = if window_s.is_some() { "give less, or raise window_s" } else { "give less" };
        return Err(format!("the window of the cue is {most} seconds at most: {mend}"));
    }
    Ok(())
}

impl PoolTable {
    fn read(&self) -> Result<Pool, String> {
        let Self { name, percent, proportional, ranks, each_segment } = self;
        let most = limits::POINTS_MAX;
        let gives = match (percent, proportional, &**ranks) {
            (Some(percent), None, []) => Gives::Percent(*percent),
            (None, Some(points), []) => Gives::Proportional(*points),
            (None, None, [_, ..]) => Gives::Ranks(ranks.clone()),
            _ => return Err(format!("the pool {name:?} has one of percent, proportional and ranks")),
        };
        let is_good = match &gives {
            Gives::Percent(points) => (1..=100).contains(points),
            Gives::Proportional(points) => (1..=most).contains(points),
            Gives::Ranks(table) => {
                table.len() <= limits::OPTIONS_MAX
                    && table.is_sorted_by(|a, b| a >= b)
                    && table[0] <= most
                    && table[0] > 0
            }
        };
        if !is_good {
            return Err(format!(
                "the pool {name:?}: percent is 1 to 100, proportional 1 to {most} points, ranks at most {} points from the \
                 first place down, none above {most}",
                limits::OPTIONS_MAX
            ));
        }
        Ok(Pool { name: name.clone(), gives, each_segment: *each_segment })
    }
}

#[cfg(test)]
mod tests {
    use crate::shows::file;

    fn error(rules: &str) -> String {
        let text = format!(
            "show = \"s\"\ntitle = \"S\"\n[[entry]]\npool = \"jury\"\n[[entry]]\nsegment = \"se\"\n[[cue]]\nnumber = \"1\"\n\
             question = \"?\"\noptions = [\"a\", \"b\"]\n[cue.rules]\n{rules}\n"
        );
        file::read(&text).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_meant_is_said_before_air() {
        for (rules, said) in [
            ("threshold = 0", "threshold: give 1 to 100 percent"),
            ("windows = { no = { to_s = 5 } }", "windows: no [[entry]] has the segment \"no\""),
            ("windows = { se = {} }", "windows: \"se\": give from_s, to_s or both"),
            ("windows = { se = { from_s = 9, to_s = 9 } }", "windows: \"se\": it ends before it begins"),
            (
                "windows = { se = { from_s = 86400 } }",
                "windows: \"se\": the window of the cue is 86400 seconds at most",
            ),
            (
                "windows = { se = { to_s = 5 } }\n[cue.quiz]\nright = [1]",
                "windows: who answers a quiz later has heard the answer; leave them out",
            ),
            ("windows = { se = { to_s = -1 } }", "invalid value: integer `-1`"),
            ("not_from = { no = [1] }", "not_from: no [[entry]] has the segment \"no\""),
            ("not_from = { se = [3] }", "not_from: give \"se\" the numbers of its options, 1 to 2"),
            ("[[cue.rules.pool]]\nname = \"fans\"\npercent = 100", "no [[entry]] has the pool \"fans\""),
            ("[[cue.rules.pool]]\npercent = 60", "the percentages of the pools add up to 100"),
            ("[[cue.rules.pool]]\npercent = 50\n[[cue.rules.pool]]\npercent = 50", "the pool \"\" is there twice"),
            (
                "[[cue.rules.pool]]\npercent = 50\nranks = [1]",
                "the pool \"\" has one of percent, proportional and ranks",
            ),
            (
                "[[cue.rules.pool]]\npercent = 100\n[[cue.rules.pool]]\nname = \"jury\"\nranks = [2, 1]",
                "percentages and points cannot be added",
            ),
            (
                "[[cue.rules.pool]]\nranks = [1, 2]",
                "the pool \"\": percent is 1 to 100, proportional 1 to 1000000 points",
            ),
            ("tie_pool = \"jury\"", "tie_pool: give the name of one of the pools"),
            ("polarity = \"loose\"", "unknown variant `loose`"),
        ] {
            assert!(error(rules).contains(said), "{rules}: {}", error(rules));
        }
        assert!(error("threshold = 0").starts_with("line 11, column 1: "), "{}", error("threshold = 0"));
    }
}
