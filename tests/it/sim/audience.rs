//! The audience: who offers which ballots when. Most vote once; some try for more than they have, compete with
//! themselves on two devices, use an id again, or come at the very moment of a close.

use tallylight::base::ids::{BallotId, RunId, VoterId};

use super::{event::Event, faults::Fault, world::World};

impl World {
    /// The voters of a run, from shortly before it may open until well after it may close.
    pub fn audience(&mut self, run: RunId) {
        let span_us = self.plan.window_us + 3_000_000;
        for _ in 0..self.plan.voters {
            let at_us = self.rng.u64(0..span_us);
            self.voter(run, at_us, 2);
        }
        let rush_us = self.plan.window_us / 2;
        for _ in 0..self.plan.rush {
            let at_us = rush_us + self.rng.u64(0..20_000);
            let picks = self.picks(1);
            let (voter, device) = (VoterId(self.rng.u128(..)), self.clients.device());
            self.offer(run, voter, device, picks, at_us);
        }
        if self.plan.rush > 0 {
            // The disk is slow just then, so that all of them gather in one group.
            self.after(rush_us, Event::Fault(Fault::Slow));
        }
    }

    /// Voters right around the moment at which intake is over.
    pub fn crowd(&mut self, run: RunId, locks: u64) {
        for _ in 0..4 {
            let at = (locks + self.rng.u64(0..160_000)).saturating_sub(100_000);
            self.voter(run, at.saturating_sub(self.now), 40);
        }
    }

    /// Voters who come after the seal.
    pub fn stragglers(&mut self, run: RunId) {
        for _ in 0..20 {
            let at_us = self.rng.u64(0..4_000_000);
            self.voter(run, at_us, 10);
        }
    }

    /// One voter.
    fn voter(&mut self, run: RunId, at_us: u64, stalls: u32) {
        let voter = VoterId(self.rng.u128(..));
        let device = self.clients.device();
        let votes = usize::from(self.plan.votes);
        let kind = self.rng.u32(0..100);
        let spends = match kind {
            0..50 => self.rng.usize(1..=votes),
            50..65 => 1,
            _ => votes,
        };
        let picks = self.picks(spends);
        let first = self.offer(run, voter, device, picks.clone(), at_us);
        self.clients.offer(first).stalls = stalls;
        let id = self.clients.offer(first).id;
        let soon_us = at_us + self.rng.u64(0..30_000);
        match kind {
            // One ballot, or several of one vote each, one after another, sometimes one too many.
            0..50 => {}
            50..65 => {
                let mut last = first;
                for _ in 0..votes {
                    let picks = self.picks(1);
                    let next = self.clients.add(run, voter, device, BallotId(self.rng.u128(..)), picks);
                    self.clients.offer(last).next = Some(next);
                    last = next;
                }
            }
            // Two devices of one voter compete.
            65..80 => {
                let (other, picks) = (self.clients.device(), self.picks(votes));
                self.offer(run, voter, other, picks, soon_us);
                let (third, picks) = (self.clients.device(), self.picks(1));
                self.offer(run, voter, third, picks, soon_us);
            }
            // An id that was used for something else.
            80..88 => {
                let (other, mut others) = (self.clients.device(), self.picks(votes));
                if others == picks {
                    others = vec![if others[0] == 1 { 2 } else { 1 }; votes];
                }
                let number = self.clients.add(run, voter, other, id, others);
                let later_us = if self.rng.bool() { soon_us } else { at_us + self.rng.u64(0..2_000_000) };
                self.after(later_us, Event::Send(number));
            }
            // The same ballot from two devices.
            88..95 => {
                let other = self.clients.device();
                let number = self.clients.add(run, voter, other, id, picks);
                self.after(soon_us, Event::Send(number));
            }
            // A ballot that does not fit.
            _ => {
                let bad = if self.rng.bool() { vec![self.plan.options + 1] } else { vec![1; votes + 1] };
                self.offer(run, voter, device, bad, soon_us);
            }
        }
    }

    /// One voter sends hundreds of ballots between a close and a reopening, and all of them come again after it.
    pub fn flood(&mut self, run: RunId) {
        self.count("floods");
        let voter = VoterId(self.rng.u128(..));
        for _ in 0..8 {
            let device = self.clients.device();
            for _ in 0..40 {
                let (picks, at_us) = (self.picks(1), self.rng.u64(0..300_000));
                let number = self.offer(run, voter, device, picks, at_us);
                let again_us = self.rng.u64(1_800_000..3_000_000);
                self.after(again_us, Event::Arrive(number));
            }
        }
    }

    fn offer(&mut self, run: RunId, voter: VoterId, device: u32, picks: Vec<u16>, at_us: u64) -> usize {
        let number = self.clients.add(run, voter, device, BallotId(self.rng.u128(..)), picks);
        self.after(at_us, Event::Send(number));
        number
    }

    fn picks(&mut self, votes: usize) -> Vec<u16> {
        let options = self.plan.options;
        let mut picks: Vec<u16> = (0..votes).map(|_| self.rng.u16(1..=options)).collect();
        picks.sort_unstable();
        picks
    }
}
