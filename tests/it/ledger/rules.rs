//! The named rules of the ledger, each over both: Redis, and the model that stands for it in simulations.

use std::{sync::Arc, time::Duration};

use tallylight::{
    ballots::{
        ballot::{Ballot, Decided, Place, Verdict},
        bucket::Pools,
        ledger::{Answer, Call, OwnedBatch},
        seal::Seal,
    },
    base::{
        clock::Micros,
        ids::{JournalId, NodeId},
        limits,
    },
};

use super::{
    model::LedgerBucket,
    stage::{Client, JOURNAL, NODE, ballot, batch, call, definition, definition_with, done, open, told, verdicts},
};
use crate::support::redis::RedisServer;

/// One bucket of a ledger, whichever it is.
trait Ledger {
    fn call(&mut self, call: &Call) -> Answer;
    /// Another history begins, as after a failover that lost nothing.
    fn change_history(&mut self);
    /// All data is gone.
    fn wipe(&mut self);
    fn pass(&mut self, ms: u64);
}

#[derive(Default)]
struct Twin {
    bucket: LedgerBucket,
    history: u32,
    now: Micros,
}

impl Ledger for Twin {
    fn call(&mut self, call: &Call) -> Answer {
        self.bucket.call(call, &format!("{:040x}", self.history), self.now)
    }
    fn change_history(&mut self) {
        self.history += 1;
    }
    fn wipe(&mut self) {
        self.bucket = LedgerBucket::default();
    }
    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }
}

struct Remote {
    client: Client,
    server: RedisServer,
}

impl Ledger for Remote {
    fn call(&mut self, call: &Call) -> Answer {
        self.client.call(call).unwrap()
    }
    fn change_history(&mut self) {
        self.server.change_history();
    }
    fn wipe(&mut self) {
        self.server.tell(&["FLUSHALL"]);
    }
    fn pass(&mut self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
}

/// Holds a rule against both.
fn both(rule: impl Fn(&mut dyn Ledger)) {
    rule(&mut Twin::default());
    let server = RedisServer::start(&[]);
    rule(&mut Remote { client: Client::new(vec![server.url()]), server });
}

/// A call to a bucket that is made, in epoch 1, with its barrier over.
fn made(ledger: &mut dyn Ledger, votes: u16) -> Call {
    let mut call = call(&definition(votes));
    assert_eq!(done(ledger.call(&call)).totals.epoch, 1);
    (call.epoch, call.retold, call.create) = (1, true, false);
    assert!(!done(ledger.call(&call)).rebuilding);
    call
}

#[test]
fn a_bucket_is_absent_until_somebody_makes_it() {
    both(|ledger| {
        let mut call = call(&definition(1));
        call.create = false;
        assert_eq!(ledger.call(&call), Answer::Absent);
        call.create = true;
        let standing = done(ledger.call(&call));
        assert_eq!((standing.totals.epoch, standing.totals.version, standing.rebuilding), (1, 0, true));
    });
}

#[test]
fn who_has_another_definition_changes_nothing() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.rules_hash = "0".repeat(64).into();
        (call.sealing, call.batch) = (Some(1), batch(1, &[ballot(1, 1, &[1], 1500)]));
        assert_eq!(ledger.call(&call), Answer::Disagrees);
        (call.rules_hash, call.sealing, call.batch) = (call.definition.rules_hash().into(), None, None);
        let standing = done(ledger.call(&call));
        assert_eq!((standing.marked, standing.totals.version, standing.watermarks.len()), (0, 0, 0));
    });
}

#[test]
fn a_ballot_counts_once_on_whichever_journal_and_a_repeat_names_the_copy() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.batch = batch(1, &[ballot(1, 1, &[2], 1500), ballot(1, 2, &[1], 1500)]);
        let first = done(ledger.call(&call));
        assert_eq!(verdicts(&first), [Verdict::Counted, Verdict::Budget]);
        let other = JournalId(9);
        let ballots = vec![ballot(1, 1, &[2], 1600)];
        call.batch = Some(OwnedBatch { journal: other, first_seq: 1, ballots });
        let again = done(ledger.call(&call));
        let decision = again.decisions[0];
        assert_eq!((decision.place, decision.repeated), (Place { journal: JOURNAL, seq: 1 }, true));
        assert_eq!((again.totals.counted, &*again.totals.votes), (1, &[0, 1, 0][..]));
        assert_eq!(again.watermarks, [(other, 1), (JOURNAL, 2)]);
        assert_eq!((first.totals.version, again.totals.version), (1, 2));
    });
}

#[test]
fn a_gap_is_named_and_nothing_of_the_batch_is_taken() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.batch = batch(2, &[ballot(1, 1, &[1], 1500)]);
        assert_eq!(ledger.call(&call), Answer::Gap { epoch: 1, watermark: 0 });
        // Without ballots it finds a lost tail.
        call.batch = batch(3, &[]);
        assert_eq!(ledger.call(&call), Answer::Gap { epoch: 1, watermark: 0 });
        call.batch = batch(1, &[]);
        assert_eq!(done(ledger.call(&call)).totals.version, 0);
    });
}

#[test]
fn after_a_change_the_undecided_wait_until_all_have_retold() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        let all = [NODE, NodeId(2)];
        call.roster = all.into();
        ledger.change_history();
        let decided = told(ballot(1, 1, &[1], 1500), Verdict::Counted, 1);
        call.batch = batch(1, &[decided, ballot(2, 1, &[2], 1500), ballot(3, 1, &[2], 1500)]);
        // What was retold in the epoch before is not what was retold in this one, and a batch for that one is not taken.
        let standing = done(ledger.call(&call));
        assert_eq!((standing.totals.epoch, standing.rebuilding), (2, true));
        assert_eq!((verdicts(&standing), standing.watermarks), (Vec::new(), Vec::new()));
        (call.epoch, call.retold) = (2, false);
        let standing = done(ledger.call(&call));
        assert_eq!((verdicts(&standing), standing.watermarks), (vec![Verdict::Counted], vec![(JOURNAL, 1)]));
        (call.retold, call.batch) = (true, batch(2, &[ballot(2, 1, &[2], 1500)]));
        assert!(done(ledger.call(&call)).decisions.is_empty());
        call.directory = all[1];
        let standing = done(ledger.call(&call));
        assert_eq!((standing.rebuilding, verdicts(&standing)), (false, vec![Verdict::Counted]));
    });
}

#[test]
fn nobody_is_waited_for_longer_than_two_seconds() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.roster = [NODE, NodeId(2)].into();
        ledger.change_history();
        call.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
        assert!(done(ledger.call(&call)).rebuilding);
        (call.epoch, call.retold) = (2, false);
        ledger.pass(limits::LEDGER_BARRIER_MS / 4);
        assert!(done(ledger.call(&call)).rebuilding);
        ledger.pass(limits::LEDGER_BARRIER_MS);
        let standing = done(ledger.call(&call));
        assert_eq!((standing.rebuilding, verdicts(&standing)), (false, vec![Verdict::Counted]));
    });
}

#[test]
fn what_was_wiped_is_made_again_in_a_later_epoch() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
        ledger.call(&call);
        ledger.wipe();
        assert_eq!(ledger.call(&call), Answer::Absent);
        (call.create, call.epoch) = (true, 5);
        let standing = done(ledger.call(&call));
        assert_eq!((standing.totals.epoch, standing.rebuilding), (6, true));
        call.epoch = 6;
        call.batch = batch(1, &[told(ballot(1, 1, &[1], 1500), Verdict::Counted, 1)]);
        assert_eq!(done(ledger.call(&call)).totals.votes, [1, 0, 0]);
    });
}

#[test]
fn the_newest_windows_judge() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.windows = Arc::new(open(1000, 3000, 2));
        ledger.call(&call);
        call.windows = Arc::new(open(1000, 1200, 1));
        call.batch = batch(1, &[ballot(1, 1, &[1], 2999), ballot(2, 1, &[1], 3000), ballot(3, 1, &[1], 999)]);
        let standing = done(ledger.call(&call));
        assert_eq!(verdicts(&standing), [Verdict::Counted, Verdict::Late, Verdict::Late]);
        assert_eq!((standing.totals.late, standing.totals.late_votes), (2, vec![2, 0, 0]));
    });
}

#[test]
fn a_seal_takes_what_is_below_its_watermarks_and_nothing_new() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.sealing = Some(1);
        assert_eq!(done(ledger.call(&call)).marked, 1);
        call.sealing = None;
        call.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::AfterSeal]);
        call.seal = Some(Arc::new(Seal::new(2, [(0, JOURNAL, 2), (1, JOURNAL, 9)], [], [])));
        let decided = |voter, seq| told(ballot(voter, 1, &[2], 1500), Verdict::Counted, seq);
        call.batch = batch(2, &[decided(2, 2), decided(3, 3)]);
        let standing = done(ledger.call(&call));
        assert_eq!((verdicts(&standing), standing.marked), (vec![Verdict::Counted, Verdict::AfterSeal], 2));
        // An older seal changes nothing.
        call.seal = Some(Arc::new(Seal::new(1, [(0, JOURNAL, 9)], [], [])));
        call.batch = batch(4, &[decided(4, 4)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::AfterSeal]);
    });
}

#[test]
fn two_histories_that_counted_too_much_become_one_and_the_later_ballot_goes() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        let late = told(ballot(1, 1, &[1], 1600), Verdict::Counted, 1);
        let early = told(ballot(1, 2, &[2], 1500), Verdict::Counted, 2);
        call.batch = batch(1, &[late, early]);
        let standing = done(ledger.call(&call));
        assert_eq!(standing.changed, [Place { journal: JOURNAL, seq: 1 }]);
        assert_eq!((standing.totals.counted, &*standing.totals.votes), (1, &[0, 1, 0][..]));
        call.batch = batch(1, &[ballot(1, 1, &[1], 1600)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::Displaced]);
    });
}

#[test]
fn a_counted_ballot_of_the_seal_counts_though_another_copy_came_too_late() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        call.batch = batch(1, &[ballot(1, 1, &[2], 2500)]);
        assert_eq!(done(ledger.call(&call)).totals.late_votes, [0, 1, 0]);
        let theirs = JournalId(5);
        call.seal = Some(Arc::new(Seal::new(1, [(0, theirs, 1)], [], [])));
        let first = Place { journal: theirs, seq: 1 };
        let (copy, decided) = told(ballot(1, 1, &[2], 1500), Verdict::Counted, 1);
        let decided = decided.map(|decided| Decided { place: first, ..decided });
        call.batch = Some(OwnedBatch { journal: theirs, first_seq: 1, ballots: vec![(copy, decided)] });
        let standing = done(ledger.call(&call));
        assert_eq!((verdicts(&standing), standing.decisions[0].place), (vec![Verdict::Counted], first));
        let totals = &standing.totals;
        assert_eq!((&*totals.votes, totals.late, &*totals.late_votes), (&[0, 1, 0][..], 0, &[0, 0, 0][..]));
        // Whoever was told "late" learns that it counts.
        assert_eq!(standing.changed, [Place { journal: JOURNAL, seq: 1 }]);
        call.batch = batch(1, &[told(ballot(1, 1, &[2], 2500), Verdict::Late, 1)]);
        assert_eq!(done(ledger.call(&call)).decisions[0].decided(), decided.unwrap());
    });
}

#[test]
fn a_copy_that_a_seal_has_beyond_its_numbers_counts_and_the_others_there_do_not() {
    use Verdict::{AfterSeal, Counted};
    both(|ledger| {
        let mut call = made(ledger, 1);
        let beyond = [(0, Place { journal: JOURNAL, seq: 3 }), (1, Place { journal: JOURNAL, seq: 4 })];
        call.seal = Some(Arc::new(Seal::new(1, [(0, JOURNAL, 1)], beyond, [])));
        let decided = |voter, seq| told(ballot(voter, 1, &[2], 1500), Counted, seq);
        call.batch = batch(1, &[decided(1, 1), decided(2, 2), decided(3, 3), decided(4, 4)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Counted, AfterSeal, Counted, AfterSeal]);
    });
}

#[test]
fn a_seal_that_is_about_to_be_written_takes_nothing_undecided() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        let seal = Seal::new(1, [(0, JOURNAL, 3)], [], [(0, Place { journal: JOURNAL, seq: 3 })]);
        call.seal = Some(Arc::new(seal.clone().drafted()));
        let decided = |voter, seq| told(ballot(voter, 1, &[2], 1500), Verdict::Counted, seq);
        call.batch = batch(1, &[decided(1, 1), ballot(2, 1, &[2], 1500), decided(3, 3)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::Counted, Verdict::AfterSeal, Verdict::AfterSeal]);
        // Once it is written, that is how it was: the verdict of a ballot that it has may be lost.
        call.seal = Some(Arc::new(seal));
        call.batch = batch(2, &[ballot(4, 1, &[2], 1500), ballot(5, 1, &[2], 1500), ballot(6, 1, &[2], 1500)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::Counted, Verdict::AfterSeal, Verdict::AfterSeal]);
    });
}

#[test]
fn more_of_one_voter_than_is_remembered_is_over_budget_for_ever() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        let many = u128::try_from(limits::BALLOTS_PER_VOTER_MAX).unwrap();
        let late: Vec<_> = (0..many).map(|id| ballot(1, id, &[1], 2500)).collect();
        call.batch = batch(1, &late);
        assert_eq!(done(ledger.call(&call)).totals.late, limits::BALLOTS_PER_VOTER_MAX as u64);
        call.batch = batch(limits::BALLOTS_PER_VOTER_MAX as u64 + 1, &[ballot(1, many, &[1], 1500)]);
        assert_eq!(verdicts(&done(ledger.call(&call))), [Verdict::Budget]);
    });
}

#[test]
fn a_call_takes_no_more_ballots_than_it_may() {
    both(|ledger| {
        let mut call = made(ledger, 1);
        let many: Vec<_> =
            (1..=limits::LEDGER_BATCH_MAX as u128 + 9).map(|voter| ballot(voter, 1, &[1], 1500)).collect();
        call.batch = batch(1, &many);
        assert_eq!(done(ledger.call(&call)).decisions.len(), limits::LEDGER_BATCH_MAX);
    });
}

#[test]
fn what_a_release_has_counted_that_knows_no_pools_nobody_knows_by_pool() {
    let (server, definition) = (RedisServer::start(&[]), definition_with((1, None, false, true)));
    let client = Client::new(vec![server.url()]);
    let mut call = call(&definition);
    done(client.call(&call).unwrap());
    let mut by_pool = |first_seq, voter, entry, pools| {
        let (new, decided) = ballot(voter, 1, &[1], 1500);
        let (batch, epoch) = (batch(first_seq, &[(Ballot { entry, ..new }, decided)]), 1);
        call = Call { batch, epoch, pools, retold: true, ..call.clone() };
        done(client.call(&call).unwrap()).totals.by_pool
    };
    let pools = || Pools::of(&definition);
    let numbers = [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]].concat();
    assert_eq!(by_pool(1, 1, 1, pools()), Some(numbers.clone()));
    assert_eq!(client.contents(&definition, 0).unwrap().totals.by_pool, Some(numbers));
    assert_eq!(by_pool(2, 2, 2, Pools::default()), None);
    assert_eq!(by_pool(3, 3, 2, pools()), None);
    assert_eq!(client.contents(&definition, 0).unwrap().totals.by_pool, None);
}
