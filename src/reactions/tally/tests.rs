//! Whatever devices send, in whatever order, by whatever node: never more than they tapped, never more than their rate.

use fastrand::Rng;

use super::*;
use crate::base::permits::TAPS;

const RUN: RunId = RunId(1);
const OPTIONS: usize = 3;
const PAGES: usize = 5;

fn sum(counts: &[u64]) -> u64 {
    counts.iter().sum()
}

/// A page: what it has tapped and said, where it is, and what is on its way to a node.
struct Page {
    voter: VoterId,
    session: SessionId,
    node: usize,
    counts: [u32; OPTIONS],
    said: [u32; OPTIONS],
    flying: Vec<(usize, SessionId, [u32; OPTIONS])>,
}

impl Page {
    /// As every page does: at a join it says what it had said before.
    fn joins(&mut self, node: usize, rng: &mut Rng) {
        (self.node, self.session) = (node, SessionId(rng.u64(..)));
        self.flying.push((node, self.session, self.said));
    }

    fn says(&mut self) {
        self.said = self.counts;
        self.flying.push((self.node, self.session, self.counts));
    }
}

#[test]
fn never_more_than_was_tapped_however_pages_move_and_messages_fare() {
    let mut counted_all = 0;
    for seed in 0..500 {
        let mut rng = Rng::with_seed(seed);
        let nodes = [0, 1].map(|_| Tally::new(RUN, OPTIONS));
        let mut pages: Vec<Page> = Vec::new();
        for page in 0..PAGES {
            let counts = [0; OPTIONS];
            // The first two are pages of one viewer.
            let voter = VoterId(page.max(1) as u128);
            let mut page = Page { voter, session: SessionId(0), node: 0, counts, said: counts, flying: Vec::new() };
            page.joins(rng.usize(..2), &mut rng);
            pages.push(page);
        }
        let (mut tapped, mut now) = (0, Micros(0));
        for _ in 0..300 {
            now = now.plus_ms(rng.u64(..400));
            let page = &mut pages[rng.usize(..PAGES)];
            match rng.u8(..20) {
                0..=7 => {
                    let taps = rng.u32(..6);
                    page.counts[rng.usize(..OPTIONS)] += taps;
                    tapped += u64::from(taps);
                }
                8..=11 => page.says(),
                // Messages overtake each other, and some never come.
                12..=17 if !page.flying.is_empty() => {
                    let (node, session, counts) = page.flying.remove(rng.usize(..page.flying.len()));
                    nodes[node].hear((page.voter, session), &counts, now, true);
                }
                18 if !page.flying.is_empty() => drop(page.flying.remove(rng.usize(..page.flying.len()))),
                // Where its old connections are long gone, nothing of them comes any more.
                _ if rng.bool() => {
                    page.flying.clear();
                    page.joins(rng.usize(..2), &mut rng);
                }
                _ => {}
            }
            let counted: u64 = nodes.iter().map(|node| sum(&node.counts())).sum();
            assert!(counted <= tapped, "seed {seed}: {counted} of {tapped}");
        }
        counted_all += nodes.iter().map(|node| sum(&node.counts())).sum::<u64>();
    }
    assert!(counted_all > 10_000, "the test counts something: {counted_all}");
}

#[test]
fn a_device_adds_no_more_than_its_rate_by_however_many_sessions() {
    let tally = Tally::new(RUN, 2);
    let mut rng = Rng::with_seed(1);
    let mut counts = [[0_u32; 2]; 6];
    let seconds = 60;
    for ms in (0..seconds * 1000).step_by(10) {
        let session = rng.usize(..counts.len());
        counts[session][rng.usize(..2)] += rng.u32(..1000);
        tally.hear((VoterId(1), SessionId(session as u64)), &counts[session], Micros::from_ms(ms), true);
    }
    let most = u64::from(TAPS.burst) + seconds * u64::from(TAPS.per_second);
    let counted = sum(&tally.counts());
    assert!(counted <= most && counted > most / 2, "{counted} of {most}");
    // Another one is not held up by it.
    let other = (VoterId(2), SessionId(9));
    let at = Micros::from_ms(1);
    assert_eq!([[0, 0], [4, 6], [4, 6], [3, 7]].map(|counts| tally.hear(other, &counts, at, true)), [0, 10, 0, 1]);
}

#[test]
fn what_is_tapped_while_the_run_is_not_open_never_counts() {
    let tally = Tally::new(RUN, 1);
    let device = (VoterId(1), SessionId(1));
    let hear = |count, ms, is_open| tally.hear(device, &[count], Micros::from_ms(ms), is_open);
    assert_eq!(
        [hear(0, 0, false), hear(5, 10, false), hear(6, 20, true), hear(9, 30, false), hear(9, 40, true)],
        [0, 0, 1, 0, 0]
    );
}

#[test]
fn the_newest_word_of_each_process_counts_and_one_that_is_gone_keeps_its_own() {
    let nodes = [0, 1].map(|_| Tally::new(RUN, 1));
    let at = Micros::from_ms;
    let tap = |node: usize, voter: u128, ms| {
        let device = (VoterId(voter), SessionId(1));
        nodes[node].hear(device, &[0], at(ms), true);
        assert_eq!(nodes[node].hear(device, &[10], at(ms), true), 10);
    };
    nodes[1].seen(at(0));
    nodes[0].seen(at(0));
    tap(0, 1, 0);
    let early = nodes[0].told(at(0));
    tap(0, 2, 100);
    let late = nodes[0].told(at(1000));
    tap(1, 3, 1000);
    for told in [&late, &early, &late] {
        nodes[1].learn(JournalId(1), told.clone(), at(1000));
    }
    let seen = nodes[1].seen(at(1000));
    assert_eq!((seen.counts, seen.pace.now), (vec![30], late.pace + 10));
    // It says nothing any more: what it counted stays, its pace does not, and the highest pace stays the highest.
    let after = nodes[1].seen(at(9000));
    assert_eq!((after.counts, after.pace), (vec![30], Pace { now: 0, highest: seen.pace.highest }));
    // One that knows of it alone.
    let third = Tally::new(RUN, 1);
    third.learn(JournalId(2), nodes[1].told(at(9000)), at(9000));
    assert_eq!(third.seen(at(9000)).pace.highest, seen.pace.highest);
    third.learn(JournalId(3), Told { counts: vec![1, 2], ..Told::default() }, at(9000));
    assert_eq!(third.seen(at(9000)).counts, [10]);
}
