//! The rules of a bucket, each with a test that fails without it, and a model that knows nothing of batches.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::shows::windows::{Shift, Span, Track};

const JOURNAL: JournalId = JournalId(7);

fn sealed(journal: JournalId) -> Sealed {
    Sealed { revision: 1, in_force: true, watermarks: vec![(journal, 1)], ..Sealed::default() }
}

fn bucket(votes: u16) -> Bucket {
    let mut bucket = Bucket::new(Rules { options: 3, votes, per_option: votes, changeable: false }, Pools::default());
    bucket.set_windows(&open_from_to(1000, 2000, 1));
    bucket
}

fn open_from_to(opens: u64, closes: u64, revision: u64) -> Windows {
    let span = Span { opens: Micros::from_ms(opens), closes: Some(Micros::from_ms(closes)) };
    Windows { epoch: 1, revision, grace_ms: 0, spans: vec![span], ..Windows::default() }
}

fn ballot(voter: u128, id: u128, picks: &[u16], ms: u64) -> (Ballot, Option<Decided>) {
    let picks = Picks::new(picks.to_vec());
    (Ballot { voter: VoterId(voter), id: BallotId(id), picks, received: Micros::from_ms(ms), entry: 0 }, None)
}

fn apply(bucket: &mut Bucket, first_seq: u64, ballots: &[(Ballot, Option<Decided>)]) -> Vec<Decision> {
    bucket.apply(&Batch { journal: JOURNAL, first_seq, ballots }).unwrap()
}

fn told(ballot: &Ballot, verdict: Verdict, seq: u64) -> Option<Decided> {
    Some(Decided { verdict, place: Place { journal: JOURNAL, seq }, received: ballot.received, entry: ballot.entry })
}

fn verdicts(decisions: &[Decision]) -> Vec<Verdict> {
    decisions.iter().map(|decision| decision.verdict).collect()
}

#[test]
fn what_an_older_history_displaced_is_on_the_list_of_the_next_one() {
    let (mut bucket, (first, _)) = (bucket(1), ballot(1, 1, &[1], 1500));
    let again = [(first.clone(), told(&first, Verdict::Displaced, 1))];
    assert_eq!(verdicts(&apply(&mut bucket, 1, &again)), [Verdict::Displaced]);
    apply(&mut bucket, 1, &again);
    // Another content has the id of a copy that was displaced: it stays so.
    let (other, _) = ballot(1, 1, &[2], 1500);
    let theirs = [(other.clone(), told(&other, Verdict::Displaced, 2))];
    assert_eq!(verdicts(&apply(&mut bucket, 2, &theirs)), [Verdict::Displaced]);
    assert_eq!(bucket.changed(), [1, 2].map(|seq| Place { journal: JOURNAL, seq }));
}

#[test]
fn a_verdict_that_does_not_stand_is_on_the_list() {
    let (mut bucket, (first, _)) = (bucket(1), ballot(1, 1, &[1], 2500));
    assert_eq!(verdicts(&apply(&mut bucket, 1, &[(first.clone(), None)])), [Verdict::Late]);
    // A node comes back that was told "counted" by a history that is lost.
    let again = (first.clone(), told(&first, Verdict::Counted, 2));
    assert_eq!(verdicts(&apply(&mut bucket, 2, std::slice::from_ref(&again))), [Verdict::Late]);
    assert_eq!(bucket.changed(), [Place { journal: JOURNAL, seq: 2 }]);
    apply(&mut bucket, 3, &[(first.clone(), told(&first, Verdict::Late, 1))]);
    assert_eq!(bucket.changed().len(), 1, "what agrees is not");
}

#[test]
fn what_a_seal_has_as_counted_counts_whatever_was_said_of_another_copy() {
    for (ms, verdict) in [(2500, Verdict::Late), (1500, Verdict::AfterSeal)] {
        let (mut bucket, (copy, _)) = (bucket(1), ballot(1, 1, &[1], ms));
        bucket.set_seal(sealed(JournalId(8)));
        assert_eq!(verdicts(&apply(&mut bucket, 1, &[(copy, None)])), [verdict]);
        let place = Place { journal: JournalId(8), seq: 1 };
        let (first, _) = ballot(1, 1, &[1], 1500);
        let decided = Decided { verdict: Verdict::Counted, place, received: first.received, entry: 0 };
        let theirs = Batch { journal: JournalId(8), first_seq: 1, ballots: &[(first, Some(decided))] };
        let decisions = bucket.apply(&theirs).unwrap();
        assert_eq!((decisions[0].verdict, decisions[0].place), (Verdict::Counted, place));
        assert_eq!(bucket.changed(), [Place { journal: JOURNAL, seq: 1 }], "who was told something else learns it");
        let Totals { counted, votes, late, late_votes, .. } = bucket.totals();
        assert_eq!((*counted, votes[0], *late, late_votes[0]), (1, 1, 0, 0));
    }
}

#[test]
fn what_was_refused_for_its_id_stays_so_and_keeps_nobody_from_being_decided() {
    let mut bucket = bucket(1);
    let (first, second) = (ballot(1, 1, &[1], 1500), ballot(1, 1, &[2], 1500));
    // The ledger has lost the first content, whose node comes later; the second one was refused because of it.
    let told = told(&second.0, Verdict::IdReused, 1);
    assert_eq!(verdicts(&apply(&mut bucket, 1, &[(second.0.clone(), told)])), [Verdict::IdReused]);
    assert_eq!(verdicts(&apply(&mut bucket, 2, &[second.clone(), first])), [Verdict::IdReused, Verdict::Counted]);
    assert_eq!(verdicts(&apply(&mut bucket, 4, &[second])), [Verdict::IdReused]);
    assert_eq!(bucket.totals().votes, [1, 0, 0]);
}

#[test]
fn an_undecided_ballot_of_a_seal_is_decided_as_before_it() {
    let mut bucket = bucket(1);
    bucket.set_seal(sealed(JOURNAL));
    let ballots = [ballot(1, 1, &[1], 1500), ballot(2, 1, &[1], 1500)];
    assert_eq!(verdicts(&apply(&mut bucket, 1, &ballots)), [Verdict::Counted, Verdict::AfterSeal]);
}

#[test]
fn the_first_ballot_wins_and_a_repeat_names_the_copy_that_counts() {
    let mut bucket = bucket(1);
    let first = ballot(1, 1, &[2], 1500);
    let decisions =
        apply(&mut bucket, 1, &[first.clone(), first.clone(), ballot(1, 2, &[3], 1500), ballot(1, 1, &[3], 1500)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted, Verdict::Counted, Verdict::Budget, Verdict::IdReused]);
    assert_eq!((decisions[1].place.seq, decisions[1].repeated), (1, true));
    assert_eq!(bucket.totals().votes, [0, 1, 0]);
    assert_eq!(bucket.totals().counted, 1);
}

#[test]
fn several_votes_are_spent_all_or_nothing() {
    let mut bucket = bucket(3);
    let decisions =
        apply(&mut bucket, 1, &[ballot(1, 1, &[1, 1], 1500), ballot(1, 2, &[2, 3], 1500), ballot(1, 3, &[3], 1500)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted, Verdict::Budget, Verdict::Counted]);
    assert_eq!(decisions.iter().map(|d| d.left).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(bucket.totals().votes, [2, 0, 1]);
}

#[test]
fn a_ballot_is_judged_by_its_receive_time_and_the_newest_windows() {
    let mut bucket = bucket(1);
    bucket.set_windows(&open_from_to(1000, 3000, 2));
    bucket.set_windows(&open_from_to(1000, 2000, 1));
    let decisions =
        apply(&mut bucket, 1, &[ballot(1, 1, &[1], 2999), ballot(2, 1, &[1], 3000), ballot(3, 1, &[1], 999)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted, Verdict::Late, Verdict::Late]);
    assert_eq!((bucket.totals().late, bucket.totals().late_votes[0]), (2, 2));
}

#[test]
fn a_gap_is_named_and_changes_nothing() {
    let mut bucket = bucket(1);
    apply(&mut bucket, 1, &[ballot(1, 1, &[1], 1500)]);
    let before = bucket.totals().clone();
    let late_batch = [ballot(2, 1, &[1], 1500)];
    let gap = bucket.apply(&Batch { journal: JOURNAL, first_seq: 3, ballots: &late_batch });
    assert_eq!(gap, Err(Gap { watermark: 1 }));
    assert_eq!(*bucket.totals(), before);
    assert_eq!(bucket.apply(&Batch { journal: JournalId(8), first_seq: 2, ballots: &[] }), Err(Gap { watermark: 0 }));
}

#[test]
fn the_same_ballot_by_another_entry_is_the_same_ballot() {
    let mut bucket = bucket(1);
    let by = |entry| (Ballot { entry, ..ballot(1, 1, &[1], 1500).0 }, None);
    let first = apply(&mut bucket, 1, &[by(2)])[0];
    let again = apply(&mut bucket, 2, &[by(3), by(0)]);
    assert_eq!((first.entry, first.repeated), (2, false));
    assert!(again.iter().all(|decision| *decision == Decision { repeated: true, ..first }), "{again:?}");
    assert_eq!(bucket.totals().counted, 1);
    // What is told of it elsewhere names the first copy, and so does a bucket that learns it from there.
    let mut other = self::bucket(1);
    apply(&mut other, 1, &[(by(3).0, Some(again[0].decided()))]);
    assert_eq!(other.voter(VoterId(1)).0[0].entry, 2);
}

#[test]
fn a_verdict_that_was_given_is_never_given_anew() {
    let mut bucket = bucket(1);
    let (late, _) = ballot(1, 1, &[1], 5000);
    let decided = told(&late, Verdict::Counted, 1);
    let decisions = apply(&mut bucket, 1, &[(late, decided)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted]);
    assert_eq!(bucket.totals().votes, [1, 0, 0]);
}

#[test]
fn after_the_mark_timely_ballots_are_kept_apart_and_late_ones_are_late() {
    let mut bucket = bucket(1);
    bucket.mark(1);
    let decisions =
        apply(&mut bucket, 1, &[ballot(1, 1, &[1], 1500), ballot(2, 1, &[1], 2500), ballot(1, 1, &[1], 1500)]);
    assert_eq!(verdicts(&decisions), [Verdict::AfterSeal, Verdict::Late, Verdict::AfterSeal]);
    assert_eq!(bucket.totals().counted, 0);
}

#[test]
fn a_ballot_that_does_not_fit_gets_a_verdict_and_nothing_wedges() {
    let mut bucket = bucket(1);
    let decisions =
        apply(&mut bucket, 1, &[ballot(1, 1, &[9], 1500), ballot(1, 2, &[], 1500), ballot(1, 3, &[1], 1500)]);
    assert_eq!(verdicts(&decisions), [Verdict::Invalid, Verdict::Invalid, Verdict::Counted]);
    assert_eq!(bucket.watermark(JOURNAL), 3);
}

#[test]
fn a_ballot_is_judged_by_the_windows_of_the_platform_that_its_voter_came_by() {
    let mut bucket = bucket(1);
    let shifts = vec![Shift { opens_ms: 5000, closes_ms: 5000 }];
    let tracks = vec![Track { platform: "tv".into(), entries: vec![2], jitter_ms: 100, shifts, ..Track::default() }];
    bucket.set_windows(&Windows { tracks, ..open_from_to(1000, 2000, 2) });
    let cast = |voter, ms, entry| (Ballot { entry, ..ballot(voter, 1, &[1], ms).0 }, None);
    let all =
        [cast(1, 1500, 0), cast(2, 1500, 2), cast(3, 6500, 0), cast(4, 6500, 2), cast(5, 7099, 2), cast(6, 7100, 2)];
    let (counted, late) = (Verdict::Counted, Verdict::Late);
    assert_eq!(verdicts(&apply(&mut bucket, 1, &all)), [counted, late, late, counted, counted, late]);
}

#[test]
fn a_refusal_stands_though_too_many_were_refused_to_remember_it() {
    let mut bucket = bucket(1);
    let many = u128::try_from(limits::BALLOTS_PER_VOTER_MAX).unwrap() + 1;
    let late: Vec<_> = (0..many).map(|id| ballot(1, id, &[1], 2500)).collect();
    let last = apply(&mut bucket, 1, &late).pop().unwrap();
    assert_eq!(last.verdict, Verdict::Budget);
    let mut reopened = open_from_to(1000, 2000, 2);
    reopened.spans.push(Span { opens: Micros::from_ms(3000), closes: None });
    bucket.set_windows(&reopened);
    let again = apply(&mut bucket, last.place.seq + 1, &[ballot(1, many - 1, &[1], 3500)]);
    assert_eq!(verdicts(&again), [Verdict::Budget]);
    assert_eq!(bucket.totals().counted, 0);
}

#[test]
fn two_histories_that_counted_too_much_are_one_again_and_the_later_ballot_goes() {
    let mut bucket = bucket(1);
    let (late, early) = (ballot(1, 1, &[1], 1600).0, ballot(1, 2, &[2], 1500).0);
    let (of_late, of_early) = (told(&late, Verdict::Counted, 1), told(&early, Verdict::Counted, 2));
    let decisions = apply(&mut bucket, 1, &[(late, of_late), (early, of_early)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted, Verdict::Counted]);
    assert_eq!(bucket.changed(), [Place { journal: JOURNAL, seq: 1 }]);
    assert_eq!((bucket.totals().counted, &*bucket.totals().votes), (1, &[0, 1, 0][..]));
    let again = apply(&mut bucket, 1, &[ballot(1, 1, &[1], 1600)]);
    assert_eq!((again[0].verdict, again[0].left), (Verdict::Displaced, 0));
}

#[test]
fn what_was_counted_behind_a_seal_is_kept_apart_and_what_is_part_of_it_stays() {
    let mut bucket = bucket(1);
    bucket.set_seal(sealed(JOURNAL));
    let (part, apart) = (ballot(1, 1, &[1], 1500).0, ballot(2, 1, &[2], 1500).0);
    let (of_part, of_apart) = (told(&part, Verdict::Counted, 1), told(&apart, Verdict::Counted, 2));
    let decisions = apply(&mut bucket, 1, &[(part, of_part), (apart, of_apart)]);
    assert_eq!(verdicts(&decisions), [Verdict::Counted, Verdict::AfterSeal]);
    assert_eq!(bucket.totals().counted, 1);
}

#[test]
fn a_number_that_cannot_be_read_is_passed_over_and_may_come_later() {
    let mut bucket = bucket(1);
    let unreadable = |ballot: &Ballot| told(ballot, Verdict::Unreadable, 1);
    let first = ballot(1, 1, &[1], 1500).0;
    let of_first = unreadable(&first);
    apply(&mut bucket, 1, &[(first.clone(), of_first), ballot(2, 1, &[2], 1500)]);
    assert_eq!((bucket.watermark(JOURNAL), bucket.totals().counted), (2, 1));
    assert_eq!(verdicts(&apply(&mut bucket, 1, &[(first, None)])), [Verdict::Counted]);
}

proptest! {
    /// Any ballots, in any batches, sent again in any way: each id counts at most once, nobody spends more than the
    /// budget, the totals are the fold of what is kept, and a bucket made from the verdicts alone is the same.
    #[test]
    fn totals_are_the_fold_whatever_is_sent_again(
        sent in prop::collection::vec((0..6_u128, 0..5_u128, prop::collection::vec(1..=3_u16, 1..3), 900..2100_u64), 1..60),
        again in prop::collection::vec(0..60_usize, 0..20),
        votes in 1..4_u16,
    ) {
        let all: Vec<_> = sent.iter().map(|(voter, id, picks, ms)| ballot(*voter, *id, picks, *ms)).collect();
        let mut bucket = bucket(votes);
        let mut decisions = Vec::new();
        for (index, one) in all.iter().enumerate() {
            decisions.extend(apply(&mut bucket, index as u64 + 1, std::slice::from_ref(one)));
        }
        let settled = bucket.totals().clone();
        for index in again.iter().filter(|index| **index < all.len()) {
            let repeat = apply(&mut bucket, *index as u64 + 1, std::slice::from_ref(&all[*index]));
            prop_assert_eq!(repeat[0].verdict, decisions[*index].verdict);
        }
        prop_assert_eq!(&bucket.totals().votes, &settled.votes);
        prop_assert_eq!(bucket.totals().counted, settled.counted);

        let mut fold = vec![0; 3];
        let mut spent: BTreeMap<VoterId, u16> = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        for (voter, kept) in bucket.ballots().filter(|(_, kept)| kept.verdict == Verdict::Counted) {
            prop_assert!(seen.insert((voter, kept.id)), "counted twice");
            *spent.entry(voter).or_default() += kept.picks.votes();
            kept.picks.add_to(&mut fold);
        }
        prop_assert_eq!(&fold, &settled.votes);
        prop_assert!(spent.values().all(|spent| *spent <= votes));

        let told: Vec<_> = all.iter().zip(&decisions).map(|((b, _), d)| (b.clone(), Some(d.decided()))).collect();
        let mut restored = Bucket::new(Rules { options: 3, votes, per_option: votes, changeable: false }, Pools::default());
        apply(&mut restored, 1, &told);
        prop_assert_eq!(&restored.totals().votes, &settled.votes);
        prop_assert_eq!(restored.totals().late, settled.late);
    }
}

#[test]
fn picks_fit_a_question_or_not() {
    let rules = |votes, per_option| Rules { options: 2, votes, per_option, changeable: false };
    let fit = |picks: &[u16], rules: Rules| rules.fit(&Picks::new(picks.to_vec()));
    assert!(fit(&[2], rules(1, 1)));
    for picks in [&[][..], &[0], &[3], &[1, 1]] {
        assert!(!fit(picks, rules(1, 1)), "{picks:?}");
    }
    assert!(fit(&[1, 2], rules(3, 1)) && fit(&[1, 1, 2], rules(3, 2)));
    assert!(!fit(&[1, 1, 2], rules(3, 1)) && !fit(&[1, 1, 1], rules(3, 2)));
}

#[test]
fn no_option_gets_more_of_one_voter_than_is_allowed() {
    let mut bucket = Bucket::new(Rules { options: 3, votes: 4, per_option: 2, changeable: false }, Pools::default());
    bucket.set_windows(&open_from_to(1000, 2000, 1));
    let cast = [&[1, 1][..], &[1, 2], &[2], &[2, 3, 3], &[3]];
    let ballots: Vec<_> = (1..).zip(cast).map(|(id, picks)| ballot(1, id, picks, 1500)).collect();
    // The second would give one option too many, the fourth would be too many in all.
    let expected = [Verdict::Counted, Verdict::Budget, Verdict::Counted, Verdict::Budget, Verdict::Counted];
    assert_eq!(verdicts(&apply(&mut bucket, 1, &ballots)), expected);
    assert_eq!(bucket.totals().votes, [2, 1, 1]);
    // Another history had counted one more for the first option: the latest of them goes.
    let (more, _) = ballot(1, 9, &[1], 1600);
    let told = [(more.clone(), told(&more, Verdict::Counted, 6))];
    assert_eq!(verdicts(&apply(&mut bucket, 6, &told)), [Verdict::Displaced]);
    assert_eq!(bucket.totals().votes, [2, 1, 1]);
}

fn changeable() -> Bucket {
    let mut bucket = Bucket::new(Rules { options: 3, votes: 2, per_option: 2, changeable: true }, Pools::default());
    bucket.set_windows(&open_from_to(1000, 2000, 1));
    bucket
}

fn change(id: u128, change: u32, picks: &[u16], ms: u64) -> (Ballot, Option<Decided>) {
    let (final_one, _) = ballot(1, id, picks, ms);
    (Ballot { picks: Picks::changed(change, picks.to_vec()), ..final_one }, None)
}

#[test]
fn the_last_change_of_a_voter_is_in_the_tally_in_whatever_order_they_come() {
    let mut bucket = changeable();
    let ballots =
        [change(1, 1, &[1, 1], 1500), change(3, 3, &[3], 1550), change(2, 2, &[2, 2], 1600), change(4, 9, &[1], 2500)];
    let decisions = apply(&mut bucket, 1, &ballots);
    let (counted, late) = (Verdict::Counted, Verdict::Late);
    assert_eq!(verdicts(&decisions), [counted, counted, counted, late]);
    assert_eq!(
        decisions.iter().map(|d| (d.in_force, d.change_seen)).collect::<Vec<_>>(),
        [(true, 1), (true, 3), (false, 3), (false, 9)]
    );
    let totals = bucket.totals();
    assert_eq!((totals.counted, totals.superseded, &*totals.votes), (3, 2, &[0, 0, 1][..]));
    assert_eq!(totals.late_votes, [1, 0, 0]);
    // The same again says the same, and of two devices with one number the later one is in force.
    let again = apply(&mut bucket, 2, &ballots[1..2]);
    assert_eq!((again[0].repeated, again[0].in_force, again[0].left), (true, true, 2));
    assert!(apply(&mut bucket, 5, &[change(5, 3, &[2], 1700)])[0].in_force);
    assert_eq!(bucket.totals().votes, [0, 1, 0]);
}

#[test]
fn a_ballot_says_whether_it_may_be_changed_as_its_run_does() {
    let mut bucket = changeable();
    let wrong =
        [ballot(1, 1, &[1], 1500), change(2, 0, &[1], 1500), change(3, 1, &[], 1500), change(4, 1, &[1, 1, 2], 1500)];
    assert_eq!(verdicts(&apply(&mut bucket, 1, &wrong)), [Verdict::Invalid; 4]);
    assert_eq!(verdicts(&apply(&mut self::bucket(1), 1, &[change(1, 1, &[1], 1500)])), [Verdict::Invalid]);
}

proptest! {
    /// Any changes in any order, sent again in any way: in the tally is of each voter the greatest change and nothing else,
    /// and a bucket made from the verdicts in another order is the same.
    #[test]
    fn the_tally_is_the_fold_of_the_last_changes(
        sent in prop::collection::vec((0..3_u128, 0..4_u128, 0..4_u32, prop::collection::vec(1..=3_u16, 1..4), 900..2100_u64), 1..40),
        again in prop::collection::vec(0..40_usize, 0..20),
        turn in 0..40_usize,
    ) {
        let all: Vec<_> = sent.iter().map(|(voter, id, number, picks, ms)| {
            let (one, _) = change(*id, *number, picks, *ms);
            (Ballot { voter: VoterId(*voter), ..one }, None)
        }).collect();
        let mut bucket = changeable();
        let mut decisions = Vec::new();
        for (index, one) in all.iter().enumerate() {
            decisions.extend(apply(&mut bucket, index as u64 + 1, std::slice::from_ref(one)));
        }
        let settled = bucket.totals().clone();
        for index in again.iter().filter(|index| **index < all.len()) {
            apply(&mut bucket, *index as u64 + 1, std::slice::from_ref(&all[*index]));
        }
        let mut of_voters: BTreeMap<VoterId, Vec<&Kept>> = BTreeMap::new();
        bucket.ballots().for_each(|(voter, kept)| of_voters.entry(voter).or_default().push(kept));
        let (mut fold, mut counted, mut voters) = (vec![0; 3], 0, 0);
        for kept in of_voters.values() {
            let mut timely: Vec<_> = kept.iter().filter(|kept| kept.verdict == Verdict::Counted).collect();
            timely.sort_by_key(|kept| (kept.picks.change(), kept.received, kept.place));
            counted += timely.len() as u64;
            if let Some(last) = timely.last() {
                voters += 1;
                last.picks.as_slice().iter().for_each(|n| fold[usize::from(*n) - 1] += 1);
            }
        }
        let Totals { counted: all_counted, superseded, votes, .. } = bucket.totals();
        prop_assert_eq!((counted, counted - voters, &fold), (*all_counted, *superseded, votes));
        prop_assert_eq!((votes, superseded), (&settled.votes, &settled.superseded));

        // Another history takes up what was told, in another order.
        let told: Vec<_> = all.iter().zip(&decisions).map(|((b, _), d)| (b.clone(), Some(d.decided()))).collect();
        let mut turned = told.clone();
        turned.rotate_left(turn % told.len());
        let mut restored = changeable();
        let other = JournalId(77);
        restored.apply(&Batch { journal: other, first_seq: 1, ballots: &turned }).unwrap();
        prop_assert_eq!((&restored.totals().votes, restored.totals().superseded), (&settled.votes, settled.superseded));
    }
}
