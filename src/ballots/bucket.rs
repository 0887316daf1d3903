//! The rules of a bucket as one pure state machine: (state, rules, windows, batch) → (state, verdicts, totals). Whatever
//! decides ballots, on whichever machine, gives the outcome of these lines.
//!
//! The first ballot applied wins, and its verdict is part of it for ever. Every ballot of every batch is looked up by
//! its id; the watermark of a journal only detects gaps. In a changeable run every ballot that fits and came in time is
//! counted, and of those of one voter the greatest by (change number, receive time, journal, number) is in force.

pub(super) mod hasher;
mod pools;
mod rules;
mod totals;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use self::hasher::VoterHasher;
pub use self::{pools::Pools, rules::Rules, totals::Totals};
use super::{
    ballot::{Ballot, Decided, Picks, Place, Verdict},
    tally,
};
use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, VoterId},
        limits,
    },
    shows::windows::{Timeliness, Windows},
};

/// Ballots of one journal for one bucket, in the order of their numbers.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The journal that holds them.
    pub journal: JournalId,
    /// Number of the first one; the others follow without gap. May be one past the watermark, or lower for ballots that
    /// are sent again.
    pub first_seq: u64,
    /// The ballots, and what was decided over those that were decided before. A number whose record cannot be read is
    /// [`Verdict::Unreadable`].
    pub ballots: &'a [(Ballot, Option<Decided>)],
}

/// Ballots before this batch are missing: send from `watermark + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bucket has this journal up to number {watermark}: send again from there")]
pub struct Gap {
    /// The last number that the bucket has of this journal.
    pub watermark: u64,
}

/// The decision over one ballot of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The copy that the verdict is about: this one, or the one that came first.
    pub place: Place,
    /// When that copy was received.
    pub received: Micros,
    /// The entry that it carries.
    pub entry: u8,
    /// Votes the voter has left.
    pub left: u16,
    /// The ballot was decided before.
    pub repeated: bool,
    /// In a changeable run: it is the one of its voter that is in the tally.
    pub in_force: bool,
    /// In a changeable run: the highest change number of this voter's ballots.
    pub change_seen: u32,
}

impl Decision {
    /// What of it is part of the ballot for ever.
    pub fn decided(&self) -> Decided {
        let Self { verdict, place, received, entry, .. } = *self;
        Decided { verdict, place, received, entry }
    }
}

/// A ballot that the bucket remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: BallotId,
    /// What was picked.
    pub picks: Picks,
    /// When it was received.
    pub received: Micros,
    /// The entry that it carries.
    pub entry: u8,
    /// Where its record stands.
    pub place: Place,
    /// What was decided.
    pub verdict: Verdict,
}

impl Kept {
    /// Whether it is what its id stands for. Another content that came under the id is refused, and says nothing of it.
    pub fn has_its_id(&self) -> bool {
        self.verdict != Verdict::IdReused
    }

    /// What decides which of the counted ballots of one voter is in force in a changeable run: the greatest.
    pub fn rank(&self) -> (Option<u32>, Micros, Place) {
        (self.picks.change(), self.received, self.place)
    }

    /// The ballot as its voter cast it.
    pub fn ballot(&self, voter: VoterId) -> Ballot {
        let Self { id, picks, received, entry, .. } = self.clone();
        Ballot { voter, id, picks, received, entry }
    }
}

#[derive(Debug, Default, Clone)]
struct Voter {
    spent: u16,
    kept: Vec<Kept>,
}

/// Of one voter's ballots in a changeable run the one that is in the tally, if any is.
pub fn in_force<'a>(kept: impl IntoIterator<Item = &'a Kept>) -> Option<&'a Kept> {
    kept.into_iter().filter(|kept| kept.verdict == Verdict::Counted).max_by_key(|kept| kept.rank())
}

impl Voter {
    fn counted(&self) -> impl Iterator<Item = &Picks> + Clone {
        self.kept.iter().filter(|kept| kept.verdict == Verdict::Counted).map(|kept| &kept.picks)
    }

    /// Whether this voter may cast these, too.
    fn allows(&self, rules: &Rules, picks: &Picks) -> bool {
        let votes = usize::from(self.spent) + usize::from(picks.votes());
        rules.surely_allow(votes) || rules.allow(self.counted().chain([picks]))
    }

    /// The place of the ballot that is in force, in the order of decision.
    fn in_force(&self) -> Option<usize> {
        in_force(&self.kept).and_then(|one| self.kept.iter().position(|kept| std::ptr::eq(kept, one)))
    }

    /// Another ballot of a changeable run was counted: the tally has the one that is in force now in place of that which was.
    fn replace(&self, before: Option<usize>, pools: &Pools, totals: &mut Totals) {
        if let Some(was) = before {
            totals.superseded += 1;
            totals.take(pools, &self.kept[was]);
        }
        if let Some(is) = in_force(&self.kept) {
            totals.add(pools, is.entry, &is.picks);
        }
    }

    /// Two histories of a ledger may have counted more of one voter than there is: the latest go, by receive time,
    /// journal and number. `true`: some went.
    fn displace(&mut self, rules: &Rules, pools: &Pools, totals: &mut Totals, changed: &mut Vec<Place>) -> bool {
        if rules.surely_allow(usize::from(self.spent)) || rules.allow(self.counted()) {
            return false;
        }
        while !rules.allow(self.counted()) {
            let counted = self.kept.iter_mut().filter(|kept| kept.verdict == Verdict::Counted);
            let Some(latest) = counted.max_by_key(|kept| (kept.received, kept.place)) else { break };
            latest.verdict = Verdict::Displaced;
            self.spent -= latest.picks.votes();
            totals.counted -= 1;
            totals.take(pools, latest);
            // It may have changed before: then it does again.
            changed.retain(|place| *place != latest.place);
            changed.push(latest.place);
        }
        true
    }
}

/// What a seal has of a bucket.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// Counts the seals of a run from 1.
    pub revision: u32,
    /// It is written, and not only about to be.
    pub in_force: bool,
    /// Per journal the last number that is part of it.
    pub watermarks: Vec<(JournalId, u64)>,
    /// Copies above these that are.
    pub beyond: Vec<Place>,
    /// Copies below these that are not.
    pub apart: Vec<Place>,
}

/// The state of a bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    rules: Rules,
    pools: Pools,
    windows: Windows,
    voters: HashMap<VoterId, Voter, BuildHasherDefault<VoterHasher>>,
    watermarks: Vec<(JournalId, u64)>,
    totals: Totals,
    marked: Option<u32>,
    sealed: Option<Sealed>,
    changed: Vec<Place>,
    lost: u64,
}

impl Bucket {
    /// An empty bucket.
    pub fn new(rules: Rules, pools: Pools) -> Self {
        let totals = Totals { by_pool: pools.zeros(), ..tally::zero(rules.options) };
        Self {
            rules,
            pools,
            windows: Windows::default(),
            voters: HashMap::default(),
            watermarks: Vec::new(),
            totals,
            marked: None,
            sealed: None,
            changed: Vec::new(),
            lost: 0,
        }
    }

    /// Takes newer windows; older ones change nothing.
    pub fn set_windows(&mut self, windows: &Windows) {
        if self.windows.is_older_than(windows) {
            self.windows = windows.clone();
        }
    }

    /// Closes the bucket for a seal: timely ballots that come after it are kept apart. Marking again for a newer
    /// revision takes nothing in by itself.
    pub fn mark(&mut self, revision: u32) {
        self.marked = self.marked.max(Some(revision));
    }

    /// Takes over what a seal has: of the ballots that were counted before, the others are kept apart. That of an older
    /// revision changes nothing.
    pub fn set_seal(&mut self, seal: Sealed) {
        self.mark(seal.revision);
        let rank = |seal: &Sealed| (seal.revision, seal.in_force);
        if self.sealed.as_ref().is_none_or(|known| rank(known) < rank(&seal)) {
            self.sealed = Some(seal);
        }
    }

    fn is_sealed(&self, place: Place) -> bool {
        self.sealed.as_ref().is_none_or(|Sealed { watermarks, beyond, apart, .. }| {
            let reaches = |(journal, last): &(JournalId, u64)| *journal == place.journal && place.seq <= *last;
            if watermarks.iter().any(reaches) { !apart.contains(&place) } else { beyond.contains(&place) }
        })
    }

    /// Decides a batch. Reads and decides everything first; a batch with a gap changes nothing.
    pub fn apply(&mut self, batch: &Batch<'_>) -> Result<Vec<Decision>, Gap> {
        let watermark = self.watermark(batch.journal);
        if batch.first_seq > watermark + 1 {
            return Err(Gap { watermark });
        }
        let mut decisions = Vec::with_capacity(batch.ballots.len());
        for (seq, (ballot, verdict)) in (batch.first_seq..).zip(batch.ballots) {
            let place = Place { journal: batch.journal, seq };
            decisions.push(self.decide(ballot, *verdict, place));
            self.advance(batch.journal, seq);
        }
        self.totals.version += u64::from(!batch.ballots.is_empty());
        Ok(decisions)
    }

    /// One ballot: looked up by its id, and only if it is new decided by the rules. Somebody may have been told a verdict
    /// that does not stand: the list of changed copies says so until everybody knows.
    fn decide(&mut self, ballot: &Ballot, decided: Option<Decided>, place: Place) -> Decision {
        let mut decision = self.judge(ballot, decided, place);
        let is_told = self.rules.changeable && decision.verdict != Verdict::Unreadable;
        let voter = self.voters.get(&ballot.voter).filter(|_| is_told);
        if let Some(Voter { kept, .. }) = voter {
            let is_this = |kept: &Kept| kept.id == ballot.id && kept.picks == ballot.picks;
            decision.in_force = in_force(kept).is_some_and(is_this);
            let seen = kept.iter().map(|kept| &kept.picks).chain([&ballot.picks]);
            decision.change_seen = seen.filter_map(Picks::change).max().unwrap_or(0);
        }
        if decided.is_some_and(|was| (was.verdict, was.place) != (decision.verdict, decision.place)) {
            note(&mut self.changed, place);
        }
        decision
    }

    fn judge(&mut self, ballot: &Ballot, decided: Option<Decided>, place: Place) -> Decision {
        let Ballot { received, entry, .. } = *ballot;
        let unreadable = Verdict::Unreadable;
        let own = Decision {
            verdict: unreadable,
            place,
            received,
            entry,
            left: 0,
            repeated: false,
            in_force: false,
            change_seen: 0,
        };
        if decided.is_some_and(|decided| decided.verdict == Verdict::Unreadable) {
            return own;
        }
        let timeliness = self.windows.judge(received, entry);
        let copy = decided.map_or((place, received, entry), |decided| (decided.place, decided.received, decided.entry));
        let was_counted = decided.is_some_and(|decided| decided.verdict == Verdict::Counted);
        let is_sealed = self.is_sealed(copy.0);
        let is_in_force = self.sealed.as_ref().is_some_and(|sealed| sealed.in_force);
        let voter = self.voters.entry(ballot.voter).or_default();
        let left = self.rules.votes.saturating_sub(voter.spent);
        // A content that was refused because another one has its id does not keep that one from being decided.
        let by_id = || voter.kept.iter().enumerate().filter(|(_, kept)| kept.id == ballot.id);
        let same = by_id().find(|(_, kept)| kept.picks == ballot.picks);
        let other = same.or_else(|| by_id().find(|(_, kept)| kept.has_its_id()));
        let known = other.map(|(index, _)| index);
        if let Some(kept) = known.map(|index| &voter.kept[index]) {
            let stands = matches!(kept.verdict, Verdict::Counted | Verdict::Displaced);
            if kept.picks == ballot.picks && (stands || !was_counted || self.sealed.is_none() || !is_sealed) {
                let Kept { verdict, place, received, entry, .. } = *kept;
                return Decision { verdict, place, received, entry, left, repeated: true, ..own };
            }
            // Two histories may have counted two contents under one id: the one that is here stands.
            if kept.picks != ballot.picks {
                let was_displaced = decided.is_some_and(|decided| decided.verdict == Verdict::Displaced);
                let counts_no_more = was_counted || was_displaced;
                let verdict = if counts_no_more { Verdict::Displaced } else { Verdict::IdReused };
                if counts_no_more {
                    note(&mut self.changed, place);
                } else if voter.kept.len() < limits::BALLOTS_PER_VOTER_MAX {
                    let (id, picks) = (ballot.id, ballot.picks.clone());
                    voter.kept.push(Kept { id, picks, received, entry, place, verdict });
                }
                return Decision { verdict, left, ..own };
            }
        }
        // A seal never changes: what it has as counted counts, whatever another history made of another copy.
        if let Some(index) = known {
            let refused = voter.kept.remove(index);
            note(&mut self.changed, refused.place);
            if refused.verdict == Verdict::Late {
                self.totals.late -= 1;
                refused.picks.take_from(&mut self.totals.late_votes);
            }
        }
        let votes = ballot.picks.votes();
        let full = voter.kept.len() >= limits::BALLOTS_PER_VOTER_MAX;
        let verdict = match decided {
            Some(Decided { verdict: Verdict::Counted, .. }) if !is_sealed => Verdict::AfterSeal,
            Some(Decided { verdict, .. }) => verdict,
            None if !self.rules.fit(&ballot.picks) => Verdict::Invalid,
            None if full => Verdict::Budget,
            None if timeliness != Timeliness::Within => Verdict::Late,
            None if self.marked.is_some() && !(is_in_force && is_sealed) => Verdict::AfterSeal,
            None if !voter.allows(&self.rules, &ballot.picks) => Verdict::Budget,
            None => Verdict::Counted,
        };
        match verdict {
            Verdict::Counted => {
                self.totals.counted += 1;
                if !self.rules.changeable {
                    voter.spent = voter.spent.saturating_add(votes);
                    self.totals.add(&self.pools, copy.2, &ballot.picks);
                }
            }
            // Only what is remembered: it may come again.
            Verdict::Late if !full => {
                self.totals.late += 1;
                ballot.picks.add_to(&mut self.totals.late_votes);
            }
            // A history that was lost displaced it: the list of this one says so, too.
            Verdict::Displaced => note(&mut self.changed, copy.0),
            _ => {}
        }
        let (place, received, entry) = copy;
        // What is not remembered is decided anew if it comes again, to the same verdict: by its content, or because the
        // voter has as many ballots as are remembered, whatever the windows have become.
        let remembered = verdict == Verdict::Counted || !full;
        if remembered {
            let (id, picks) = (ballot.id, ballot.picks.clone());
            let joins = self.rules.changeable && verdict == Verdict::Counted;
            let before = joins.then(|| voter.in_force());
            voter.kept.reserve_exact(1);
            voter.kept.push(Kept { id, picks, received, entry, place, verdict });
            if let Some(before) = before {
                voter.replace(before, &self.pools, &mut self.totals);
            }
        }
        let verdict = match voter.displace(&self.rules, &self.pools, &mut self.totals, &mut self.changed) {
            true => voter.kept.last().map_or(verdict, |kept| kept.verdict),
            false => verdict,
        };
        let left = self.rules.votes.saturating_sub(voter.spent);
        Decision { verdict, place, received, entry, left, ..own }
    }

    /// Remembers a ballot that another machine decided: no number moves, no total.
    pub fn remember(&mut self, ballot: &Ballot, decided: Decided) {
        let Decided { verdict, place, received, entry } = decided;
        if matches!(verdict, Verdict::IdReused | Verdict::Unreadable) {
            return;
        }
        let voter = self.voters.entry(ballot.voter).or_default();
        if let Some(kept) = voter.kept.iter_mut().find(|kept| kept.id == ballot.id) {
            // A verdict over another content under this id is not one over the content that is here.
            if kept.picks == ballot.picks {
                (kept.verdict, kept.place, kept.received, kept.entry) = (verdict, place, received, entry);
            }
        } else if voter.kept.len() < limits::BALLOTS_PER_VOTER_MAX {
            let (id, picks) = (ballot.id, ballot.picks.clone());
            voter.kept.push(Kept { id, picks, received, entry, place, verdict });
        }
        let counted = voter.kept.iter().filter(|kept| kept.verdict == Verdict::Counted && !self.rules.changeable);
        voter.spent = counted.map(|kept| kept.picks.votes()).sum();
    }

    /// The copies that have another verdict than somebody was told, in the order in which they changed.
    pub fn changed(&self) -> &[Place] {
        &self.changed
    }

    fn advance(&mut self, journal: JournalId, seq: u64) {
        match self.watermarks.iter_mut().find(|(id, _)| *id == journal) {
            Some((_, watermark)) => *watermark = seq.max(*watermark),
            None => self.watermarks.push((journal, seq)),
        }
    }

    /// Goes on behind records that are lost for good, which the caller reports as an incident.
    pub fn skip_to(&mut self, journal: JournalId, seq: u64) {
        self.lost += seq.saturating_sub(self.watermark(journal));
        self.advance(journal, seq);
    }

    /// Records that are lost for good: what stood there was told to somebody, perhaps as counted.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The last number that the bucket has of a journal; 0: none.
    pub fn watermark(&self, journal: JournalId) -> u64 {
        self.watermarks.iter().find(|(id, _)| *id == journal).map_or(0, |(_, watermark)| *watermark)
    }

    /// The watermarks of all journals.
    pub fn watermarks(&self) -> &[(JournalId, u64)] {
        &self.watermarks
    }

    /// The totals as they stand.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What a voter has in this run, in the order of decision, and the votes left.
    pub fn voter(&self, voter: VoterId) -> (&[Kept], u16) {
        match self.voters.get(&voter) {
            Some(voter) => (&voter.kept, self.rules.votes.saturating_sub(voter.spent)),
            None => (&[], self.rules.votes),
        }
    }

    /// Every ballot that the bucket remembers.
    pub fn ballots(&self) -> impl Iterator<Item = (VoterId, &Kept)> {
        self.voters.iter().flat_map(|(id, voter)| voter.kept.iter().map(|kept| (*id, kept)))
    }
}

/// Adds a copy to those that changed, once.
fn note(changed: &mut Vec<Place>, place: Place) {
    if !changed.contains(&place) {
        changed.push(place);
    }
}

#[cfg(test)]
mod tests;
