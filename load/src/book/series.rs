//! What took how long, second by second: what was due in each, what was done in each, and how long what was due in it took.
//! A time counts from the moment it was due, so what a slow server delays counts with its whole delay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tallylight::base::clock::Micros;

use crate::latency::Latency;

/// Seconds of the longest scenario, and some more for what is late.
const SECONDS_MAX: usize = 90_000;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// From the moment a viewer should come in to the welcome.
    Join,
    /// The same after a connection was lost: from the end of the wait.
    Rejoin,
    /// From the moment a ballot was due to its first receipt.
    Vote,
    /// The same, to the answer that settles it.
    Settled,
    /// To the first receipt where the scenario broke the viewer's network meanwhile: the server has no part in most of it.
    Cut,
    /// From the count to its arrival: how old results are.
    Results,
    /// From the moment a request for what is on was due to its answer.
    Poll,
    /// From the moment a text was due to the answer.
    Said,
    /// How late this program itself was to do what was due: if this is long, the other times are its own.
    Tool,
}

impl Kind {
    /// In words, for a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Join => "coming in",
            Self::Rejoin => "coming back",
            Self::Vote => "ballot to first receipt",
            Self::Settled => "ballot to final answer",
            Self::Cut => "ballot to first receipt, network cut",
            Self::Results => "age of results on arrival",
            Self::Poll => "poll to answer",
            Self::Said => "text to answer",
            Self::Tool => "lateness of the load tool",
        }
    }
}

/// One kind over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// All of it, to three digits.
    pub total: Latency,
    pub seconds: Vec<Second>,
}

/// One second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    #[serde(default, skip_serializing_if = "is_zero")]
    pub due: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub done: u64,
    /// Of what was due in this second and is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// All kinds, from the start of a scenario on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    start: Micros,
    pub tracks: BTreeMap<Kind, Track>,
}

impl Series {
    /// Nothing yet.
    pub const fn new(start: Micros) -> Self {
        Self { start, tracks: BTreeMap::new() }
    }

    /// Something will be due at this moment.
    pub fn due(&mut self, kind: Kind, at: Micros) {
        self.second(kind, at).due += 1;
    }

    /// What was due then is done now.
    pub fn done(&mut self, kind: Kind, due: Micros, now: Micros) {
        let us = now.0.saturating_sub(due.0);
        self.second(kind, now).done += 1;
        self.second(kind, due).latency.get_or_insert_with(Latency::small).add(us);
        self.track(kind).total.add(us);
    }

    /// Something was done, and its time is told elsewhere.
    pub fn answered(&mut self, kind: Kind, now: Micros) {
        self.second(kind, now).done += 1;
    }

    /// Adds another part of the same audience.
    pub fn merge(&mut self, other: &Self) {
        for (kind, theirs) in &other.tracks {
            let ours = self.track(*kind);
            ours.total.merge(&theirs.total);
            if ours.seconds.len() < theirs.seconds.len() {
                ours.seconds.resize(theirs.seconds.len(), Second::default());
            }
            for (ours, theirs) in ours.seconds.iter_mut().zip(&theirs.seconds) {
                ours.due += theirs.due;
                ours.done += theirs.done;
                if let Some(latency) = &theirs.latency {
                    ours.latency.get_or_insert_with(Latency::small).merge(latency);
                }
            }
        }
    }

    fn track(&mut self, kind: Kind) -> &mut Track {
        self.tracks.entry(kind).or_insert_with(|| Track { total: Latency::new(), seconds: Vec::new() })
    }

    fn second(&mut self, kind: Kind, at: Micros) -> &mut Second {
        let index = usize::try_from(at.since_ms(self.start) / 1000).unwrap_or(SECONDS_MAX).min(SECONDS_MAX);
        let seconds = &mut self.track(kind).seconds;
        if seconds.len() <= index {
            seconds.resize(index + 1, Second::default());
        }
        &mut seconds[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Micros = Micros::from_ms(5_000_000);

    #[test]
    fn a_stall_counts_with_its_whole_delay() {
        // A ballot is due every 100 ms for ten seconds; the server answers at once, but for seconds 3 to 6, all at their end.
        let mut series = Series::new(START);
        for n in 0..100 {
            let due = START.plus_ms(n * 100);
            let now = if (30..70).contains(&n) { START.plus_ms(7000) } else { due.plus_ms(1) };
            series.due(Kind::Vote, due);
            series.done(Kind::Vote, due, now);
        }
        let track = &series.tracks[&Kind::Vote];
        assert!(track.seconds.iter().all(|second| second.due == 10), "arrivals do not wait");
        let done: Vec<_> = track.seconds.iter().map(|second| second.done).collect();
        assert_eq!(done, [10, 10, 10, 0, 0, 0, 0, 50, 10, 10]);
        let third = track.seconds[3].latency.as_ref().unwrap().quantile_ms(1.0);
        assert!((3990.0..4050.0).contains(&third), "{third}");
        assert!((2000.0..4100.0).contains(&track.total.quantile_ms(0.9)), "{}", track.total.quantile_ms(0.9));
    }

    #[test]
    fn parts_add_up_to_what_one_would_have_seen() {
        let mut whole = Series::new(START);
        let mut parts = [Series::new(START), Series::new(START)];
        for n in 0..1000_u64 {
            let due = START.plus_ms(n * 7);
            let now = due.plus_ms(n * n % 977);
            for series in [&mut whole, &mut parts[(n % 2) as usize]] {
                let kind = if n % 3 == 0 { Kind::Join } else { Kind::Results };
                series.due(kind, due);
                series.done(kind, due, now);
            }
        }
        let text = serde_json::to_string(&parts[1]).unwrap();
        parts[0].merge(&serde_json::from_str(&text).unwrap());
        let [merged, _] = parts;
        assert_eq!(serde_json::to_value(&merged).unwrap(), serde_json::to_value(&whole).unwrap());
    }
}
