//! What a start makes of the journals: the buckets again, each ballot with the verdict that stands in its record. Nothing
//! is decided anew.

use std::{collections::HashMap, sync::Arc};

use super::{
    ballot::{Decided, Place},
    bucket::{Batch, Bucket},
    intake::{self, RunIntake},
    record,
};
use crate::{
    base::{
        clock::Micros,
        ids::{JournalId, RunId},
    },
    providers::journal::Frame,
    shows::run::Definition,
};

/// The runs of the journals, as far as they are wanted.
#[derive(Debug, Default)]
pub struct Restore {
    runs: HashMap<RunId, (Arc<Definition>, Vec<Bucket>)>,
    /// What does not add up, in words: numbers that are missing, records that cannot be read.
    pub incidents: Vec<String>,
    /// Ballots read.
    pub ballots: u64,
    /// The newest receive time among them.
    pub newest: Micros,
}

impl Restore {
    /// Wants these runs and passes over all others.
    pub fn wanting(definitions: impl Iterator<Item = Arc<Definition>>) -> Self {
        let runs = definitions.map(|definition| {
            let rules = intake::rules(&definition);
            let buckets = (0..definition.buckets).map(|_| Bucket::new(rules)).collect();
            (definition.run, (definition, buckets))
        });
        Self { runs: runs.collect(), ..Self::default() }
    }

    /// Takes one record.
    pub fn take(&mut self, journal: JournalId, frame: Frame<'_>) {
        let Some((definition, buckets)) = self.runs.get_mut(&frame.run) else { return };
        match frame.kind {
            record::DEFINITION => {
                let stored = serde_json::from_slice::<Definition>(frame.payload);
                if !stored.is_ok_and(|stored| stored == **definition) {
                    let run = frame.run;
                    self.incidents.push(format!("journal {journal} has another definition of run {run} than the show"));
                }
            }
            record::BALLOT => {
                let Some(bucket) = buckets.get_mut(usize::from(frame.bucket)) else {
                    return self.unreadable(journal, &frame);
                };
                let Some(record) = record::decode(frame.payload) else { return self.unreadable(journal, &frame) };
                self.newest = self.newest.max(record.ballot.received);
                let place = Place { journal, seq: frame.seq };
                let received = record.ballot.received;
                let decided = record.verdict.map(|verdict| Decided { verdict, place, received });
                let ballots = [(record.ballot, decided)];
                let mut batch = Batch { journal, first_seq: frame.seq, ballots: &ballots };
                if let Err(gap) = bucket.apply(&batch) {
                    let Frame { run, bucket: number, seq, .. } = frame;
                    let missing = format!(
                        "journal {journal}, run {run}, bucket {number}: {} to {} are missing",
                        gap.watermark + 1,
                        seq - 1
                    );
                    self.incidents.push(missing);
                    bucket.skip_to(journal, seq - 1);
                    batch.first_seq = seq;
                    bucket.apply(&batch).expect("the gap was skipped");
                }
                self.ballots += 1;
            }
            _ => {}
        }
    }

    fn unreadable(&mut self, journal: JournalId, frame: &Frame<'_>) {
        let Frame { run, bucket, seq, .. } = frame;
        self.incidents.push(format!("journal {journal}, run {run}, bucket {bucket}: record {seq} is no ballot"));
    }

    /// The runs, ready for the intake.
    pub fn finish(self) -> impl Iterator<Item = RunIntake> {
        self.runs.into_values().map(|(definition, buckets)| RunIntake::new(definition, Some(buckets)))
    }
}
