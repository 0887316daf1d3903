//! The comparison of the books: receipts against the export, the export against its manifest and the published result.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs,
    path::Path,
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use super::book::{Book, Entry};

/// After a fault is over, what was left open is settled within this time.
pub const SETTLED_MS: u64 = 10_000;

/// An export as far as it is compared: of one run.
pub struct Export {
    pub manifest: Value,
    /// The counted ballots, by id.
    pub counted: HashMap<String, Line>,
    /// The ballots that stand there with another verdict.
    pub others: Vec<Line>,
    /// Ballots that name another journal's copy as the one that was decided.
    copies: Vec<Line>,
}

/// One ballot of an export.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    pub run: String,
    pub bucket: u16,
    pub journal: String,
    pub seq: u64,
    pub voter: String,
    pub id: String,
    /// Microseconds since 1970.
    pub received: u64,
    pub picks: Vec<u16>,
    /// None: it was not decided when the export was made.
    pub verdict: Option<String>,
    copy: Option<Copy>,
}

/// The copy that was decided, where that is another one.
#[derive(Debug, Clone, Deserialize)]
struct Copy {
    journal: String,
    seq: u64,
    received: u64,
}

impl Line {
    fn is(&self, verdict: &str) -> bool {
        self.verdict.as_deref() == Some(verdict)
    }
}

impl Export {
    /// Reads a file of `tallylight export`.
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let manifest = Value::Null;
        let mut export = Self { manifest, counted: HashMap::new(), others: Vec::new(), copies: Vec::new() };
        for line in text.lines() {
            let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if !line["manifest"].is_null() {
                export.manifest = line["manifest"].take();
            } else if !line["ballot"].is_null() {
                let ballot: Line = serde_json::from_value(line["ballot"].take()).expect("a ballot is as file.rs says");
                export.take(ballot);
            }
        }
        export.copies.iter().for_each(|line| export.compare(line));
        export
    }

    /// A copy that says that it is counted names the one that is.
    fn compare(&self, line: &Line) {
        let Some(copy) = line.copy.as_ref().filter(|_| line.is("counted")) else { return };
        let counted = self.counted.get(&line.id);
        let same = |counted: &Line| {
            (&counted.journal, counted.seq, counted.received) == (&copy.journal, copy.seq, copy.received)
                && (&counted.picks, &counted.voter) == (&line.picks, &line.voter)
        };
        assert!(counted.is_some_and(same), "names a copy that is not the one: {line:?}, {counted:?}");
    }

    fn take(&mut self, ballot: Line) {
        if ballot.copy.is_some() {
            self.copies.push(ballot);
        } else if !ballot.is("counted") {
            self.others.push(ballot);
        } else if let Some(twice) = self.counted.insert(ballot.id.clone(), ballot) {
            panic!("counted twice: {twice:?}");
        }
    }

    /// Late ballots that the seal knows of.
    fn sealed_late(&self) -> usize {
        let parts = self.manifest["parts"].as_array().expect("a manifest has parts");
        let mut watermarks = HashMap::new();
        for part in parts {
            watermarks.insert((part["bucket"].as_u64(), part["journal"].as_str()), part["watermark"].as_u64());
        }
        let sealed = |ballot: &&Line| {
            let watermark = watermarks.get(&(Some(u64::from(ballot.bucket)), Some(ballot.journal.as_str())));
            ballot.is("late") && watermark.is_some_and(|watermark| Some(ballot.seq) <= *watermark)
        };
        self.others.iter().filter(sealed).count()
    }
}

/// Every ballot that was sent is settled, and what was left open at first is settled soon after the fault: what is held
/// within the promised time, on the clients' clocks, whatever else the machine has to do.
pub fn settled(book: &Book, healed: &[u64], away_ms: u64) {
    let open: Vec<_> = book.ballots.iter().filter(|ballot| ballot.standing == "open").collect();
    let show = |ballots: &[&Entry]| format!("{} ballots, as {:#?}", ballots.len(), ballots.first());
    assert!(open.is_empty(), "never settled: {}", show(&open));
    assert!(book.ballots.iter().all(|ballot| ballot.life == 0), "the node did not know a token of its own");
    // What is unknown has to be offered again, by a client that may have to find the node first, and comes back ever
    // more slowly: a node that was away for long is found again about as much later. A machine that has more to do than
    // these tests answers late without any fault, which is forgiven on both ways.
    let unknown_ms = SETTLED_MS + 2 * book.first_receipt_ms() + away_ms;
    for (word, within_ms) in [("held", SETTLED_MS), ("unknown", unknown_ms)] {
        let slow: Vec<_> =
            book.ballots.iter().filter(|ballot| ballot.open_after(word, healed) > Some(within_ms)).collect();
        assert!(slow.is_empty(), "{word} longer than {within_ms} ms after the fault: {}", show(&slow));
    }
}

/// Receipts against the export. Everything is settled, so the two must have the very same counted ballots.
pub fn receipts(book: &Book, export: &Export) {
    let mut known = HashSet::new();
    for ballot in &book.ballots {
        assert!(known.insert(ballot.id.as_str()), "the audience made {} twice", ballot.id);
        let line = export.counted.get(&ballot.id);
        for heard in &ballot.receipts {
            if heard.is == "counted" {
                let line = line.unwrap_or_else(|| panic!("told counted, and not in the export: {ballot:#?}"));
                let mut picks = ballot.picks.clone();
                picks.sort_unstable();
                assert_eq!((&line.run, &line.picks), (&ballot.run, &picks), "{ballot:#?}");
                assert_eq!(heard.received_at, Some(line.received / 1000), "{ballot:#?}\n{line:#?}");
            }
            assert!(!heard.refuses_for_ever() || line.is_none(), "refused, and counted: {ballot:#?}\n{line:#?}");
            assert_ne!(heard.word(), "refused(id_reused)", "no id was: {ballot:#?}");
        }
        assert_eq!(line.is_some(), ballot.standing == "counted", "{ballot:#?}\n{line:#?}");
    }
    let lines = export.counted.values().chain(&export.others).chain(&export.copies);
    let strange = { lines }.find(|line| !known.contains(line.id.as_str()));
    assert!(strange.is_none(), "nobody cast this ballot: {strange:?}");
    pseudonyms(book, export);
}

/// A voter of the book is one voter of the export, and no two are the same.
fn pseudonyms(book: &Book, export: &Export) {
    let (mut by_number, mut by_name) = (HashMap::new(), HashMap::new());
    for ballot in &book.ballots {
        let Some(line) = export.counted.get(&ballot.id) else { continue };
        assert_eq!(by_number.entry(ballot.voter).or_insert(&line.voter), &&line.voter, "{ballot:#?}");
        assert_eq!(by_name.entry(&line.voter).or_insert(ballot.voter), &ballot.voter, "{ballot:#?}");
    }
}

/// The fold over the export, its manifest, and what was published; `outstanding`: ballots that may be missing, as the
/// manifest should say.
pub fn totals(export: &Export, published: &Value, outstanding: u64) {
    let manifest = &export.manifest;
    let options = published["options"].as_array().expect("a result has options");
    let mut fold = vec![0_u64; options.len()];
    for pick in export.counted.values().flat_map(|ballot| &ballot.picks) {
        fold[usize::from(*pick) - 1] += 1;
    }
    let shown: Vec<_> = options.iter().map(|option| option["votes"].as_u64().expect("votes are a number")).collect();
    assert_eq!(shown, fold, "published, and the fold of the export");
    assert_eq!(manifest["totals"], Value::from(fold), "the manifest, and the fold of the export");
    assert_eq!(manifest["counted"], export.counted.len());
    assert_eq!(manifest["late"], export.sealed_late());
    assert_eq!(manifest["outstanding"], outstanding);
    let mut spent = HashMap::new();
    for ballot in export.counted.values() {
        *spent.entry(&ballot.voter).or_insert(0) += ballot.picks.len() as u64;
    }
    let votes = manifest["definition"]["interaction"]["votes"].as_u64().expect("a question gives votes");
    let over = spent.iter().find(|(_, spent)| **spent > votes);
    assert!(over.is_none(), "more is counted of a voter than there are votes: {over:?}");
}

/// The figures of a test, in one line.
pub fn figures(book: &Book, healed: &[u64], export: &Export, entries: usize, took: Duration) -> String {
    let mut refused = String::new();
    for (word, times) in book.receipts().iter().filter(|(word, _)| word.starts_with("refused")) {
        let _ = write!(refused, " {times} {word}");
    }
    format!(
        "{} ballots, {} counted, {} refused for ever, {} held, {} unknown, {} log entries, receipts after {} ms, held at \
         most {} ms after the fault, {:.1} s;{refused}",
        book.ballots.len(),
        export.counted.len(),
        book.ballots.iter().filter(|ballot| ballot.standing == "refused").count(),
        book.with("held"),
        book.with("unknown"),
        entries,
        book.first_receipt_ms(),
        book.ballots.iter().filter_map(|ballot| ballot.open_after("held", healed)).max().unwrap_or_default(),
        took.as_secs_f64(),
    )
}
