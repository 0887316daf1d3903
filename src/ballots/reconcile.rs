//! What this data directory has of one bucket, beside what a ledger of several nodes has of it. Pure: it says what to
//! send next, and takes in what was answered. Whatever gets lost on either side, it ends with the ledger having every
//! ballot of this directory, each with the verdict that was told.

use super::{
    ballot::{Ballot, Decided, Picks, Place, Verdict},
    bucket::Decision,
    ledger::{OwnedBatch, Standing},
};
use crate::base::{
    clock::Micros,
    ids::{BallotId, JournalId, VoterId},
    limits,
};

/// This directory's side of one bucket.
#[derive(Debug, Default)]
pub struct Reconcile {
    /// All journals of the directory, in the order of their process starts.
    journals: Vec<Own>,
    /// The ledger's highest epoch, as of its answers.
    epoch: u64,
    /// The epoch in which it last told how far it is with every journal: a gap tells of one only.
    told: u64,
    /// The ledger takes nothing undecided now.
    rebuilding: bool,
    /// It has answered since this process started: how far it is is known.
    known: bool,
    /// The last answer was that there is no such bucket.
    absent: bool,
    /// The ledger's list of changed copies, as of its last answer.
    changed: Vec<Place>,
    /// Copies of this directory that the list speaks of and of which the ledger has not said since how they stand now.
    doubtful: Vec<Place>,
    /// When the ledger told how it stands, by its clock.
    as_of: Micros,
    /// Ballots without a verdict.
    held: usize,
}

#[derive(Debug)]
struct Own {
    journal: JournalId,
    /// The place in the list is the number, from 1.
    log: Vec<Logged>,
    /// The last number that the ledger has, as of its last answer.
    watermark: u64,
    /// No number below this one is without a verdict.
    first_undecided: u64,
    /// The last number with a verdict.
    last_decided: u64,
}

#[derive(Debug)]
struct Logged {
    ballot: Ballot,
    decided: Option<Decided>,
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The highest epoch seen.
    pub epoch: u64,
    /// In this epoch the ledger has everything that this directory has a verdict for.
    pub retold: bool,
    /// The bucket has to be made.
    pub create: bool,
    /// Ballots that the ledger does not have, or has and this directory does not know the verdict of.
    pub batch: Option<OwnedBatch>,
}

/// What an answer says that was not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The ballot's own place.
    pub place: Place,
    pub voter: VoterId,
    pub id: BallotId,
    pub decision: Decision,
    /// It had another verdict before, which somebody was told: an incident.
    pub before: Option<Verdict>,
}

impl Own {
    fn new(journal: JournalId) -> Self {
        Self { journal, log: Vec::new(), watermark: 0, first_undecided: 1, last_decided: 0 }
    }

    fn len(&self) -> u64 {
        self.log.len() as u64
    }

    fn at(&mut self, seq: u64) -> Option<&mut Logged> {
        self.log.get_mut(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    fn note(&mut self, seq: u64, decided: Option<Decided>) {
        if decided.is_some() {
            self.last_decided = self.last_decided.max(seq);
        }
        while self.first_undecided <= self.len() && self.is_decided(self.first_undecided) {
            self.first_undecided += 1;
        }
    }

    fn is_decided(&self, seq: u64) -> bool {
        usize::try_from(seq - 1).ok().and_then(|index| self.log.get(index)).is_some_and(|one| one.decided.is_some())
    }

    /// Ballots from one number to another, at most as many as a ledger takes at once. `whole`: undecided ones, too;
    /// else their numbers are passed over, and they are sent by their id when it is their time.
    fn batch(&self, first_seq: u64, last_seq: u64, whole: bool) -> Option<OwnedBatch> {
        let index = |seq: u64| usize::try_from(seq).ok();
        let last_seq = last_seq.min(self.len());
        let slice = self.log.get(index(first_seq.checked_sub(1)?)?..index(last_seq)?)?;
        let passed_over = |seq| Decided {
            verdict: Verdict::Unreadable,
            place: Place { journal: self.journal, seq },
            received: Micros(0),
            entry: 0,
        };
        let ballots = (first_seq..).zip(slice.iter().take(limits::LEDGER_BATCH_MAX)).map(|(seq, one)| {
            let undecided = if whole { None } else { Some(passed_over(seq)) };
            (one.ballot.clone(), one.decided.or(undecided))
        });
        let ballots: Vec<_> = ballots.collect();
        (!ballots.is_empty()).then_some(OwnedBatch { journal: self.journal, first_seq, ballots })
    }
}

impl Reconcile {
    fn own(&mut self, journal: JournalId) -> &mut Own {
        let index = self.journals.iter().position(|own| own.journal == journal).unwrap_or_else(|| {
            self.journals.push(Own::new(journal));
            self.journals.len() - 1
        });
        &mut self.journals[index]
    }

    /// A ballot is on this disk. Numbers that were passed over are those of records that cannot be read.
    pub fn append(&mut self, place: Place, ballot: Ballot, decided: Option<Decided>) {
        let own = self.own(place.journal);
        if place.seq <= own.len() {
            // A record that stands twice says nothing new.
            return;
        }
        while own.len() + 1 < place.seq {
            let lost = Place { seq: own.len() + 1, ..place };
            let (received, entry) = (Micros(0), 0);
            let ballot = Ballot { voter: VoterId(0), id: BallotId(0), picks: Picks::new(vec![]), received, entry };
            let decided = Decided { verdict: Verdict::Unreadable, place: lost, received, entry };
            own.log.push(Logged { ballot, decided: Some(decided) });
            own.note(lost.seq, Some(decided));
        }
        own.log.push(Logged { ballot, decided });
        own.note(place.seq, decided);
        self.held += usize::from(decided.is_none());
    }

    fn journal(&self, journal: JournalId) -> Option<&Own> {
        self.journals.iter().find(|own| own.journal == journal)
    }

    /// The last number of a journal; 0: none.
    pub fn last_seq(&self, journal: JournalId) -> u64 {
        self.journal(journal).map_or(0, Own::len)
    }

    /// A verdict that this disk has of a ballot. `None`: there is no such ballot.
    pub fn decide(&mut self, place: Place, decided: Decided) -> Option<&Ballot> {
        let own = self.journals.iter_mut().find(|own| own.journal == place.journal)?;
        let was_open = {
            let logged = own.at(place.seq)?;
            logged.decided.replace(decided).is_none()
        };
        own.note(place.seq, Some(decided));
        self.held -= usize::from(was_open);
        Some(&own.at(place.seq)?.ballot)
    }

    /// The ledger puts together again what it lost, or has not said yet how it stands.
    pub fn is_rebuilding(&self) -> bool {
        self.rebuilding || self.absent || !self.known
    }

    /// When the ledger told how it stands, by its clock.
    pub fn as_of(&self) -> Micros {
        self.as_of
    }

    /// Ballots without a verdict.
    pub fn held(&self) -> usize {
        self.held
    }

    /// What to send now. `holding`: nothing undecided may be sent. Without anything to send it asks how things stand.
    pub fn next(&self, holding: bool) -> Next {
        let retelling = self.journals.iter().find_map(|own| own.batch(own.watermark + 1, own.last_decided, false));
        let asking =
            || self.doubtful.iter().find_map(|place| self.journal(place.journal)?.batch(place.seq, place.seq, false));
        let open = |own: &Own| own.batch(own.first_undecided.min(own.watermark + 1), own.len(), true);
        let batch = match retelling.or_else(asking) {
            _ if self.absent || !self.known => None,
            Some(batch) => Some(batch),
            None if holding || self.rebuilding => None,
            None => self.journals.iter().find_map(open),
        };
        let told = self.told == self.epoch && self.journals.iter().all(|own| own.last_decided <= own.watermark);
        Next { epoch: self.epoch, retold: told && self.epoch > 0, create: self.absent, batch }
    }

    /// Whether there is something to send, beyond asking how things stand.
    pub fn is_behind(&self, holding: bool) -> bool {
        let next = self.next(holding);
        next.batch.is_some() || next.create
    }

    /// Takes in how the bucket stands after `sent`.
    pub fn answered(&mut self, sent: Option<&OwnedBatch>, standing: &Standing) -> Vec<News> {
        // An answer that was overtaken by one of a later history says nothing about what the ledger has now, and what it
        // decided was told to nobody: the ballots are still to be decided, or to be asked for.
        if standing.totals.epoch < self.epoch {
            return Vec::new();
        }
        let is_new_epoch = !self.known || standing.totals.epoch > self.epoch;
        (self.absent, self.known) = (false, true);
        (self.epoch, self.told) = (standing.totals.epoch, standing.totals.epoch);
        (self.rebuilding, self.as_of) = (standing.rebuilding, standing.time);
        for own in &mut self.journals {
            let told = standing.watermarks.iter().find(|(journal, _)| *journal == own.journal);
            own.watermark = told.map_or(0, |(_, watermark)| *watermark);
        }
        let mut news = Vec::new();
        if let Some(sent) = sent {
            for ((seq, (_, said)), decision) in (sent.first_seq..).zip(&sent.ballots).zip(&standing.decisions) {
                let passed_over = said.is_some_and(|said| said.verdict == Verdict::Unreadable);
                if !passed_over {
                    self.learn(Place { journal: sent.journal, seq }, *decision, &mut news);
                }
            }
        }
        self.doubt(is_new_epoch, &standing.changed);
        news
    }

    /// Looks for copies of this directory of which the list says something that was not known: their own verdicts may have
    /// changed, or those of the copies that they name. In a new epoch everything is looked at: the answer that told of a
    /// change may be lost. Rare enough to look at all ballots.
    fn doubt(&mut self, is_new_epoch: bool, changed: &[Place]) {
        let known = self.changed.iter().zip(changed).take_while(|(known, listed)| known == listed).count();
        let fresh = if is_new_epoch { changed } else { &changed[known..] };
        if self.changed != changed {
            self.changed = changed.to_vec();
        }
        if fresh.is_empty() {
            return;
        }
        for own in &self.journals {
            for (seq, logged) in (1..).zip(&own.log) {
                let place = Place { journal: own.journal, seq };
                let named = logged.decided.filter(|was| was.verdict != Verdict::Unreadable).map(|was| was.place);
                if named.is_some_and(|named| fresh.contains(&named) || fresh.contains(&place))
                    && !self.doubtful.contains(&place)
                {
                    self.doubtful.push(place);
                }
            }
        }
    }

    fn learn(&mut self, place: Place, decision: Decision, news: &mut Vec<News>) {
        self.doubtful.retain(|doubtful| *doubtful != place);
        let Some(own) = self.journals.iter_mut().find(|own| own.journal == place.journal) else { return };
        let Some(logged) = own.at(place.seq) else { return };
        let decided = decision.decided();
        // Two histories of the ledger may have counted two copies of one ballot: then the same verdict names another copy.
        if logged.decided == Some(decided) {
            return;
        }
        let before = logged.decided.replace(decided).map(|decided| decided.verdict);
        let (voter, id) = (logged.ballot.voter, logged.ballot.id);
        own.note(place.seq, Some(decided));
        self.held -= usize::from(before.is_none());
        news.push(News { place, voter, id, decision, before });
    }

    /// The ledger has less of a journal than was thought.
    pub fn gap(&mut self, journal: JournalId, epoch: u64, watermark: u64) {
        if epoch >= self.epoch {
            self.epoch = epoch;
            self.own(journal).watermark = watermark;
        }
    }

    /// The ledger has no such bucket (any more).
    pub fn absent(&mut self) {
        (self.absent, self.known) = (true, true);
        for own in &mut self.journals {
            own.watermark = 0;
        }
    }

    /// A ballot of this directory, by its place.
    pub fn ballot(&self, place: Place) -> Option<&Ballot> {
        let own = self.journal(place.journal)?;
        own.log.get(usize::try_from(place.seq.checked_sub(1)?).ok()?).map(|logged| &logged.ballot)
    }

    /// The ballots of a voter without a verdict.
    pub fn undecided(&self, voter: VoterId) -> impl Iterator<Item = &Ballot> {
        let waiting = self.journals.iter().flat_map(|own| own.log.iter().filter(|one| one.decided.is_none()));
        waiting.map(|one| &one.ballot).filter(move |ballot| ballot.voter == voter)
    }

    /// All ballots of this directory that have a verdict, with their own places.
    pub fn decided(&self) -> impl Iterator<Item = (Place, &Ballot, Decided)> {
        self.journals.iter().flat_map(|own| {
            let logged = (1..).zip(&own.log);
            logged.filter_map(|(seq, one)| Some((Place { journal: own.journal, seq }, &one.ballot, one.decided?)))
        })
    }
}

#[cfg(test)]
mod tests;
