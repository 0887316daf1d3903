//! What a start makes of the journals: the buckets again, each ballot with the verdict that stands in its record. Nothing
//! is decided anew.

use std::{collections::HashMap, sync::Arc};

use super::{
    ballot::{Ballot, Decided, Place},
    bucket::{Batch, Bucket, Pools, Rules},
    reconcile::Reconcile,
    record,
    run_intake::RunIntake,
};
use crate::{
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, RunId},
    },
    providers::journal::Frame,
    shows::run::{Definition, RECORD_FORMATS},
};

/// The runs of the journals, as far as they are wanted.
#[derive(Debug, Default)]
pub struct Restore {
    runs: HashMap<RunId, Wanted>,
    /// What does not add up, in words: numbers that are missing, records that cannot be read.
    pub incidents: Vec<String>,
    /// Ballots read.
    pub ballots: u64,
    /// The newest receive time among them.
    pub newest: Micros,
    /// A ledger of several nodes has decided here: this directory belongs to it.
    pub is_remote: bool,
}

#[derive(Debug)]
struct Wanted {
    definition: Arc<Definition>,
    found: Found,
}

#[derive(Debug)]
enum Found {
    /// The ledger is embedded: its buckets.
    Buckets(Vec<Bucket>),
    /// What this directory has for a ledger of several nodes.
    Directory(NodeId, Vec<Reconcile>),
}

impl Restore {
    /// Wants these runs and passes over all others. With a directory's name they are for a ledger of several nodes.
    /// One whose ballots are laid out in another way is passed over: an incident.
    pub fn wanting(definitions: impl Iterator<Item = Arc<Definition>>, directory: Option<NodeId>) -> Self {
        let (readable, others): (Vec<_>, Vec<_>) = definitions.partition(|definition| definition.is_readable());
        let passed_over = others.iter().map(|definition| {
            let Definition { run, cue, record_format, .. } = &**definition;
            format!(
                "run {run} of cue {cue} is passed over: its ballots are of record format {record_format}, and this \
                 program reads {RECORD_FORMATS}"
            )
        });
        let incidents = passed_over.collect();
        let runs = readable.into_iter().map(|definition| {
            let empty = || Bucket::new(Rules::of(&definition), Pools::of(&definition));
            let found = match directory {
                None => Found::Buckets(vec![empty(); usize::from(definition.buckets)]),
                Some(name) => Found::Directory(name, (0..definition.buckets).map(|_| Reconcile::default()).collect()),
            };
            (definition.run, Wanted { definition, found })
        });
        Self { runs: runs.collect(), incidents, ..Self::default() }
    }

    /// Takes one record.
    pub fn take(&mut self, journal: JournalId, frame: Frame<'_>) {
        self.is_remote |= frame.kind == record::VERDICT;
        let Some(Wanted { definition, found }) = self.runs.get_mut(&frame.run) else { return };
        let bucket = usize::from(frame.bucket);
        match frame.kind {
            record::DEFINITION => {
                let stored = serde_json::from_slice::<Definition>(frame.payload);
                if !stored.is_ok_and(|stored| stored == **definition) {
                    let run = frame.run;
                    self.incidents.push(format!("journal {journal} has another definition of run {run} than the show"));
                }
            }
            record::BALLOT => {
                let Some(record) = record::decode(frame.payload).filter(|_| bucket < usize::from(definition.buckets))
                else {
                    return self.unreadable(journal, &frame);
                };
                self.newest = self.newest.max(record.ballot.received);
                let place = Place { journal, seq: frame.seq };
                let Ballot { received, entry, .. } = record.ballot;
                let decided = record.verdict.map(|verdict| Decided { verdict, place, received, entry });
                let last = match found {
                    Found::Buckets(buckets) => {
                        let ballots = [(record.ballot, decided)];
                        let mut batch = Batch { journal, first_seq: frame.seq, ballots: &ballots };
                        let gap = buckets[bucket].apply(&batch).err();
                        if gap.is_some() {
                            buckets[bucket].skip_to(journal, frame.seq - 1);
                            batch.first_seq = frame.seq;
                            buckets[bucket].apply(&batch).expect("the gap was skipped");
                        }
                        gap.map(|gap| gap.watermark)
                    }
                    Found::Directory(_, all) => {
                        let last = all[bucket].last_seq(journal);
                        all[bucket].append(place, record.ballot, decided);
                        (last + 1 < frame.seq).then_some(last)
                    }
                };
                if let Some(last) = last {
                    let Frame { run, bucket, seq, .. } = frame;
                    self.incidents.push(format!(
                        "journal {journal}, run {run}, bucket {bucket}: {} to {} are missing",
                        last + 1,
                        seq - 1
                    ));
                }
                self.ballots += 1;
            }
            record::VERDICT => {
                let Some((place, decided)) = record::decode_verdict(frame.payload) else {
                    return self.unreadable(journal, &frame);
                };
                if let Found::Directory(_, all) = found
                    && let Some(reconcile) = all.get_mut(bucket)
                {
                    // A ballot whose own record is damaged is named by its gap.
                    reconcile.decide(place, decided);
                }
            }
            _ => {}
        }
    }

    fn unreadable(&mut self, journal: JournalId, frame: &Frame<'_>) {
        let Frame { run, bucket, seq, .. } = frame;
        self.incidents.push(format!("journal {journal}, run {run}, bucket {bucket}: record {seq} cannot be read"));
    }

    /// The runs, ready for the intake.
    pub fn finish(self) -> impl Iterator<Item = RunIntake> {
        self.runs.into_values().map(|Wanted { definition, found }| match found {
            Found::Buckets(buckets) => RunIntake::new(definition, Some(buckets)),
            Found::Directory(name, all) => RunIntake::remote(definition, name, Some(all)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::transition::tests::Desk;

    #[test]
    fn a_run_of_another_record_format_is_passed_over_and_named() {
        let now = Desk::open_for(60).document.runs[0].definition.clone();
        let before = Definition { run: RunId(7), record_format: 1, ..now.clone() };
        let restore = Restore::wanting([now.clone(), before].map(Arc::new).into_iter(), None);
        assert_eq!(restore.incidents.len(), 1);
        assert!(restore.incidents[0].contains("record format 1, and this program reads 2"), "{:?}", restore.incidents);
        assert_eq!(restore.finish().map(|intake| intake.id()).collect::<Vec<_>>(), [now.run]);
    }
}
