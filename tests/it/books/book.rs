//! The audience's book: every ballot that was cast and every receipt that was ever seen for it.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;
use serde_json::Value;

/// The book of one audience.
#[derive(Debug)]
pub struct Book {
    /// Ballots that were sent; what was only meant to be is left out.
    pub ballots: Vec<Entry>,
    /// What the load program itself says about it all.
    pub summary: Value,
}

/// One ballot. Times are milliseconds since 1970 on this machine's clock.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub voter: u32,
    /// How often its connection had become another voter.
    pub life: u32,
    pub run: String,
    pub id: String,
    pub picks: Vec<u16>,
    pub sent_at: Option<u64>,
    pub receipts: Vec<Heard>,
    /// `open`, `counted` or `refused`.
    pub standing: String,
    pub settled_at: Option<u64>,
}

/// One receipt.
#[derive(Debug, Deserialize)]
pub struct Heard {
    pub is: String,
    pub reason: Option<String>,
    /// When it was seen.
    pub at: u64,
    /// When the node had received the ballot.
    pub received_at: Option<u64>,
}

impl Heard {
    /// `counted`, `refused(budget)`.
    pub fn word(&self) -> String {
        self.reason.as_ref().map_or_else(|| self.is.clone(), |reason| format!("{}({reason})", self.is))
    }

    /// Whether it says that the ballot will never be counted.
    pub fn refuses_for_ever(&self) -> bool {
        self.is == "refused" && !matches!(self.reason.as_deref(), Some("not_open" | "busy"))
    }
}

impl Entry {
    /// Milliseconds for which the ballot was still open after a receipt of this word, or after the end of the fault in
    /// which it came. `None`: it had no such receipt.
    pub fn open_after(&self, word: &str, healed: &[u64]) -> Option<u64> {
        let settled = self.settled_at.unwrap_or(u64::MAX);
        let open = self.receipts.iter().filter(|heard| heard.is == word && heard.at <= settled);
        let over = |heard: &Heard| *healed.iter().find(|healed| **healed >= heard.at).unwrap_or(&heard.at);
        open.map(|heard| settled.saturating_sub(over(heard))).max()
    }
}

impl Book {
    /// Reads the file that `tallylight-load audience --book` wrote.
    pub fn read(file: &Path, summary: Value) -> Self {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let entry = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let entries = text.lines().map(entry);
        Self { ballots: entries.filter(|ballot: &Entry| ballot.sent_at.is_some()).collect(), summary }
    }

    /// Ballots of which at least one receipt has this word.
    pub fn with(&self, word: &str) -> usize {
        self.ballots.iter().filter(|ballot| ballot.receipts.iter().any(|heard| heard.word() == word)).count()
    }

    /// How often each receipt was seen.
    pub fn receipts(&self) -> BTreeMap<String, usize> {
        let mut words = BTreeMap::new();
        for heard in self.ballots.iter().flat_map(|ballot| &ballot.receipts) {
            *words.entry(heard.word()).or_default() += 1;
        }
        words
    }

    /// Milliseconds from sending a ballot to its first receipt: the median. Ballots that a fault swallowed are the fewest.
    pub fn first_receipt_ms(&self) -> u64 {
        let waited = |ballot: &Entry| Some(ballot.receipts.first()?.at.saturating_sub(ballot.sent_at?));
        let mut waited: Vec<_> = self.ballots.iter().filter_map(waited).collect();
        waited.sort_unstable();
        waited.get(waited.len() / 2).copied().unwrap_or_default()
    }

    /// Ends of connections of this kind, as the load program counted them.
    pub fn closings(&self, kind: &str) -> u64 {
        self.summary["closings"][kind].as_u64().unwrap_or(0)
    }
}

/// Now, on the clock of the book.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    u64::try_from(since.as_millis()).expect("it is before the year 500,000,000")
}
