//! The recount: the ballots of a run, read again one by one, against what its manifest says. It shares no state with the
//! counting: the same lines run in the node at verification and offline in `tallylight verify`.

use std::collections::{HashMap, HashSet};

use super::{
    ballot::{Ballot, Place, Verdict},
    manifest::Manifest,
    tally,
    witness::{Copy, Witness},
};
use crate::{
    base::ids::{BallotId, JournalId, VoterId},
    shows::windows::Timeliness,
};

/// What a recount found wrong, at most this many of a kind; more say nothing new.
const FINDINGS_MAX: usize = 20;

/// A recount in progress.
#[derive(Debug)]
pub struct Recount<'a> {
    manifest: &'a Manifest,
    watermarks: HashMap<(u16, JournalId), u64>,
    /// Ballots read up to the watermarks, whatever their verdicts.
    numbers: HashMap<(u16, JournalId), u64>,
    witness: Witness,
    totals: Vec<u64>,
    late_totals: Vec<u64>,
    late: u64,
    spent: HashMap<VoterId, u32>,
    seen: HashSet<(VoterId, BallotId)>,
    findings: Vec<String>,
    /// Ballots of this run that were read.
    pub read: u64,
}

impl<'a> Recount<'a> {
    /// Starts the recount of what a manifest sealed.
    pub fn new(manifest: &'a Manifest) -> Self {
        let zeros = vec![0; manifest.definition.poll.options.len()];
        let watermarks = manifest.parts.iter().map(|part| ((part.bucket, part.journal), part.watermark)).collect();
        Self {
            manifest,
            watermarks,
            numbers: HashMap::new(),
            witness: Witness::default(),
            totals: zeros.clone(),
            late_totals: zeros,
            late: 0,
            spent: HashMap::new(),
            seen: HashSet::new(),
            findings: Vec::new(),
            read: 0,
        }
    }

    /// Takes one ballot with its recorded verdict.
    pub fn take(&mut self, bucket: u16, place: Place, ballot: &Ballot, verdict: Option<Verdict>) {
        self.read += 1;
        let definition = &self.manifest.definition;
        let sealed = self.watermarks.get(&(bucket, place.journal)).is_some_and(|watermark| place.seq <= *watermark);
        if sealed {
            *self.numbers.entry((bucket, place.journal)).or_default() += 1;
        }
        if definition.bucket_of(ballot.voter) != bucket {
            self.find(format!("ballot {} stands in bucket {bucket}, where its voter does not belong", ballot.id));
        }
        match verdict {
            Some(Verdict::Counted) if sealed => self.count(bucket, place, ballot),
            Some(Verdict::Counted) => self.find(format!("ballot {} was counted after the seal", ballot.id)),
            Some(Verdict::Late) if sealed => {
                self.late += 1;
                ballot.picks.add_to(&mut self.late_totals);
                if self.manifest.windows.judge(ballot.received) == Timeliness::Within {
                    self.find(format!("ballot {} came in time and was not counted", ballot.id));
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, bucket: u16, place: Place, ballot: &Ballot) {
        let poll = &self.manifest.definition.poll;
        let id = ballot.id;
        if !self.seen.insert((ballot.voter, id)) {
            self.find(format!("ballot {id} is counted twice"));
        }
        if !ballot.picks.fit(poll.options.len(), poll.votes) {
            self.find(format!("ballot {id} does not fit the question"));
        }
        if self.manifest.windows.judge(ballot.received) != Timeliness::Within {
            self.find(format!("ballot {id} is counted and came outside the window"));
        }
        let spent = self.spent.entry(ballot.voter).or_default();
        *spent += u32::from(ballot.picks.votes());
        if *spent > u32::from(poll.votes) {
            self.find(format!("with ballot {id} its voter spent more votes than there are"));
        }
        ballot.picks.add_to(&mut self.totals);
        let (run, received) = (self.manifest.definition.run, ballot.received);
        let (voter, picks) = (ballot.voter, &ballot.picks);
        self.witness.add(Copy { run, bucket, voter, id, picks, received, place });
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// What differs from the manifest, in words. Empty: it is as the manifest says.
    pub fn finish(mut self) -> Vec<String> {
        let manifest = self.manifest;
        let mut compare = |what: &str, sealed: &dyn std::fmt::Debug, counted: &dyn std::fmt::Debug| {
            let (sealed, counted) = (format!("{sealed:?}"), format!("{counted:?}"));
            if sealed != counted {
                self.findings.push(format!("{what}: the manifest says {sealed}, the recount {counted}"));
            }
        };
        compare("votes per option", &manifest.totals, &self.totals);
        compare("ballots counted", &manifest.counted, &(self.seen.len() as u64));
        compare("late ballots", &manifest.late, &self.late);
        compare("votes of late ballots", &manifest.late_totals, &self.late_totals);
        compare("shares", &manifest.shares, &tally::shares(&self.totals));
        compare("rules hash", &manifest.rules_hash, &manifest.definition.rules_hash());
        for part in &manifest.parts {
            let (bucket, journal) = (part.bucket, part.journal);
            // Numbers are given without gap, so what was lost before the seal is missed here.
            let numbers = self.numbers.get(&(bucket, journal)).copied().unwrap_or_default();
            if numbers != part.watermark {
                self.findings.push(format!(
                    "bucket {bucket} of journal {journal}: {} ballots were taken up to the seal, {numbers} can be read",
                    part.watermark
                ));
            }
            let counted = self.witness.part(bucket, journal);
            if (part.count, &part.hash) != (counted.count, &counted.hash()) {
                let (said, found) = (part.count, counted.count);
                self.findings.push(format!(
                    "bucket {bucket} of journal {journal}: the manifest has {said} counted ballots, the recount {found} \
                     (or others)"
                ));
            }
        }
        self.findings
    }
}
