//! The audience and its network. A client offers a ballot again, with the same id and often to another node, until it has
//! an answer that will not change. Most vote once; some try for more than they have, compete with themselves on two
//! nodes, use an id again, or come at the very moment of a close.

use std::{collections::HashMap, sync::Arc};

use tallylight::{
    ballots::ballot::{Ballot, Picks},
    base::{
        clock::Micros,
        ids::{BallotId, RunId, VoterId},
    },
    wire::server::{Answer, Reason, Receipt},
};

use super::{event::Event, world::World};
use crate::sim::clients::{content, content_of, is_final};

/// A ballot that a device wants to have settled.
#[derive(Debug, Clone)]
pub struct Offer {
    pub run: RunId,
    pub voter: VoterId,
    pub device: u32,
    pub id: BallotId,
    pub picks: Picks,
    /// Offered once this one is settled: honest clients do one after the other.
    pub next: Option<usize>,
    pub settled: bool,
    /// The node that this device is connected to.
    node: usize,
    attempt: u32,
}

/// All offers of all devices.
#[derive(Debug, Default)]
pub struct Clients {
    offers: Vec<Offer>,
    by_device: HashMap<(u32, RunId, BallotId), usize>,
    devices: u32,
}

impl Clients {
    pub fn all_settled(&self) -> bool {
        self.offers.iter().all(|offer| offer.settled)
    }

    /// Offers that still wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(|offer| !offer.settled)
    }
}

impl World {
    fn device(&mut self) -> u32 {
        self.clients.devices += 1;
        self.clients.devices
    }

    /// The voters of a run, from shortly before it may open until well after it may close.
    pub fn audience(&mut self, run: RunId) {
        let span_us = self.plan.window_us + 3_000_000;
        for _ in 0..self.plan.voters {
            let at_us = self.rng.u64(0..span_us);
            self.voter(run, at_us);
        }
    }

    /// Voters right around the moment at which intake is over.
    pub fn crowd(&mut self, run: RunId, locks: u64) {
        for _ in 0..4 {
            let at = (locks + self.rng.u64(0..160_000)).saturating_sub(100_000);
            self.voter(run, at.saturating_sub(self.now));
        }
    }

    /// One voter.
    fn voter(&mut self, run: RunId, at_us: u64) {
        let voter = VoterId(self.rng.u128(..));
        let device = self.device();
        let node = self.rng.usize(0..self.plan.nodes);
        let other_node = (node + self.rng.usize(0..self.plan.nodes)) % self.plan.nodes;
        let votes = usize::from(self.plan.votes);
        let kind = self.rng.u32(0..100);
        let spends = match kind {
            0..40 => self.rng.usize(1..=votes),
            40..50 => 1,
            _ => votes,
        };
        let picks = self.picks(spends);
        let id = BallotId(self.rng.u128(..));
        let first = self.offer(run, voter, device, node, id, picks.clone(), Some(at_us));
        let soon_us = at_us + self.rng.u64(0..30_000);
        let later_us = if self.rng.bool() { soon_us } else { at_us + self.rng.u64(0..2_500_000) };
        match kind {
            // One ballot, or several of one vote each, one after another, with one too many.
            0..40 => {}
            40..50 => {
                let mut last = first;
                for _ in 0..votes {
                    let (id, picks) = (BallotId(self.rng.u128(..)), self.picks(1));
                    let next = self.offer(run, voter, device, node, id, picks, None);
                    self.clients.offers[last].next = Some(next);
                    last = next;
                }
            }
            // Two ballots of one voter compete on two nodes.
            50..75 => {
                let (other, id, picks) = (self.device(), BallotId(self.rng.u128(..)), self.picks(votes));
                self.offer(run, voter, other, other_node, id, picks, Some(later_us));
                self.count("voters who compete with themselves");
            }
            // An id that was used for something else.
            75..82 => {
                let (other, mut others) = (self.device(), self.picks(votes));
                if others == picks {
                    others = vec![if others[0] == 1 { 2 } else { 1 }; votes];
                }
                self.offer(run, voter, other, other_node, id, others, Some(later_us));
            }
            // The same ballot from two devices.
            82..95 => {
                let other = self.device();
                self.offer(run, voter, other, other_node, id, picks, Some(later_us));
                self.count("ballots offered to two nodes");
            }
            // A ballot that does not fit.
            _ => {
                let bad = if self.rng.bool() { vec![self.plan.options + 1] } else { vec![1; votes + 1] };
                let (id, other) = (BallotId(self.rng.u128(..)), self.device());
                self.offer(run, voter, other, other_node, id, bad, Some(soon_us));
            }
        }
    }

    /// Those who voted last try for more, at other nodes, while the ledger puts together again what it lost.
    pub fn compete(&mut self) {
        let sent = self.clients.offers.iter().rev().filter(|offer| offer.attempt > 0).take(8);
        let sent: Vec<_> = sent.map(|offer| (offer.run, offer.voter, offer.node)).collect();
        for (run, voter, node) in sent {
            let node = (node + self.rng.usize(1..self.plan.nodes)) % self.plan.nodes;
            let (device, id, picks) = (self.device(), BallotId(self.rng.u128(..)), self.picks(1));
            let at_us = self.rng.u64(0..400_000);
            self.offer(run, voter, device, node, id, picks, Some(at_us));
            self.count("voters who compete while the ledger rebuilds");
        }
    }

    /// A ballot to be offered. A device never uses an id twice, so that its receipts are clear.
    #[expect(clippy::too_many_arguments, reason = "a ballot, who sends it, where to and when")]
    fn offer(
        &mut self,
        run: RunId,
        voter: VoterId,
        device: u32,
        node: usize,
        id: BallotId,
        picks: Vec<u16>,
        at_us: Option<u64>,
    ) -> usize {
        let number = self.clients.offers.len();
        let picks = content(self.plan.changeable, id, picks);
        let offer = Offer { run, voter, device, id, picks, next: None, settled: false, node, attempt: 0 };
        // A ballot that is never its turn is not waited for.
        let settled = at_us.is_none();
        self.clients.offers.push(Offer { settled, ..offer });
        let before = self.clients.by_device.insert((device, run, id), number);
        assert!(before.is_none(), "an id of a device is used once");
        if let Some(at_us) = at_us {
            self.after(at_us, Event::Send(number));
        }
        number
    }

    fn picks(&mut self, votes: usize) -> Vec<u16> {
        let options = self.plan.options;
        let mut picks: Vec<u16> = (0..votes).map(|_| self.rng.u16(1..=options)).collect();
        picks.sort_unstable();
        picks
    }

    fn latency_us(&mut self) -> u64 {
        self.rng.u64(2000..40_000)
    }

    fn is_lost(&mut self) -> bool {
        let lost = self.healed.is_none() && self.percent(self.plan.lost);
        if lost {
            self.count("lost messages");
        }
        lost
    }

    /// A client sends its ballot, or now and then asks for the receipt of one that it sent.
    pub fn send(&mut self, number: usize) {
        let nodes = self.plan.nodes;
        let elsewhere = self.rng.usize(0..nodes);
        let moves = self.percent(40);
        let offer = &mut self.clients.offers[number];
        if offer.settled {
            return;
        }
        offer.attempt += 1;
        let attempt = offer.attempt;
        if attempt > 1 && moves && offer.node != elsewhere {
            offer.node = elsewhere;
            self.count("ballots offered again to another node");
        }
        let node = self.clients.offers[number].node;
        let asks = attempt > 1 && self.percent(15);
        if !self.is_lost() {
            let latency_us = self.latency_us();
            let event = if asks { Event::Ask { offer: number, node } } else { Event::Arrive { offer: number, node } };
            self.after(latency_us, event);
        }
        let patience_us = 300_000 + u64::from(attempt.min(8)) * 150_000 + self.rng.u64(0..200_000);
        self.after(patience_us, Event::Timeout { offer: number, attempt });
    }

    pub fn timeout(&mut self, number: usize, attempt: u32) {
        if self.clients.offers[number].attempt == attempt {
            self.send(number);
        }
    }

    /// A node reads the receive time; what comes then may take a while.
    pub fn arrive(&mut self, number: usize, node: usize) {
        if self.nodes[node].process.is_none() {
            return;
        }
        let (received, life) = (self.clock_of(node), self.nodes[node].life);
        if self.healed.is_none() && self.percent(2) {
            self.count("ballots that stalled in a node");
            let stall_us = self.rng.u64(1000..1_500_000);
            return self.after(stall_us, Event::Cast { offer: number, node, received, life });
        }
        self.cast(number, node, received, life);
    }

    pub fn cast(&mut self, number: usize, node: usize, received: Micros, life: u32) {
        if !self.lives(node, life) {
            return;
        }
        self.look_at_the_board(node);
        let Offer { run, voter, device, id, picks, .. } = self.clients.offers[number].clone();
        let process = self.nodes[node].process.as_mut().expect("it lives");
        let inbox = Arc::clone(process.inboxes.entry(device).or_default());
        self.oracle.cast((run, voter, id, picks.words().to_vec()), node, received);
        // Copies of one ballot on several nodes carry different entries: the first copy's stands.
        let entry = u8::try_from(node).map_or(0, |node| node + 1);
        let ballot = Ballot { voter, id, picks, received, entry };
        match process.intake.cast(run, process.board.run(run), ballot, &inbox) {
            Some(receipt) => self.leaves(node, device, receipt),
            None => {
                let delay_us = self.rng.u64(20..300);
                self.wake_committer(node, delay_us);
            }
        }
    }

    /// A client asks for one receipt, or for all that its voter has.
    pub fn ask(&mut self, number: usize, node: usize) {
        let Offer { run, voter, device, id, picks, .. } = self.clients.offers[number].clone();
        let all = self.rng.bool();
        let Some(process) = &self.nodes[node].process else { return };
        if all {
            let mut mine = process.intake.mine(run, voter);
            mine.sort_by_key(|receipt| receipt.id);
            for receipt in mine {
                self.receipt_leaves(node, voter, content_of(&receipt).words(), &receipt);
            }
            return;
        }
        let receipt = process.intake.ask(run, voter, id);
        if receipt.picks.is_empty() || (&*receipt.picks, receipt.change) == (picks.as_slice(), picks.change()) {
            return self.leaves(node, device, receipt);
        }
        // Another content has this id: the receipt says so by its picks.
        self.receipt_leaves(node, voter, content_of(&receipt).words(), &receipt);
    }

    fn receipt_leaves(&mut self, node: usize, voter: VoterId, picks: &[u16], receipt: &Receipt) {
        let Receipt { run, id, is, reason, at, repeated, .. } = receipt;
        self.trace.add(&format!("{node} {run} {voter} {id} {is:?} {reason:?} {at:?} {repeated}"));
        let blind = self.look_at_the_board(node);
        let says = self.says(node, blind, receipt);
        self.oracle.receipt(says, (*run, voter, *id, picks.to_vec()), receipt);
    }

    /// A receipt leaves a node for a device.
    pub fn leaves(&mut self, node: usize, device: u32, receipt: Receipt) {
        let number = self.clients.by_device[&(device, receipt.run, receipt.id)];
        let Offer { voter, picks, .. } = self.clients.offers[number].clone();
        self.receipt_leaves(node, voter, picks.words(), &receipt);
        self.count(match (receipt.is, receipt.reason) {
            (Answer::Counted, _) => "receipts: counted",
            (Answer::Held, None) => "receipts: held",
            (Answer::Held, _) => "receipts: held after the seal",
            (Answer::Unknown, _) => "receipts: unknown",
            (_, Some(Reason::Late)) => "receipts: late",
            (_, Some(Reason::Budget)) => "receipts: budget",
            (_, Some(Reason::IdReused)) => "receipts: id reused",
            (_, Some(Reason::Displaced)) => "receipts: displaced",
            (_, Some(Reason::Busy)) => "receipts: busy",
            (_, Some(Reason::NotOpen)) => "receipts: not open",
            _ => "receipts: other refusals",
        });
        if !self.is_lost() {
            let latency_us = self.latency_us();
            self.after(latency_us, Event::Reply(number, receipt));
        }
    }

    pub fn reply(&mut self, number: usize, receipt: &Receipt) {
        let offer = &mut self.clients.offers[number];
        if offer.settled {
            return;
        }
        offer.attempt += 1;
        let attempt = offer.attempt;
        if is_final(receipt) {
            offer.settled = true;
            let (next, node) = (offer.next, offer.node);
            if self.percent(40) {
                // The page is loaded again.
                let later_us = self.rng.u64(200_000..9_000_000);
                self.after(later_us, Event::Ask { offer: number, node });
            }
            if let Some(next) = next {
                self.clients.offers[next].settled = false;
                let pause_us = self.rng.u64(1000..200_000);
                self.after(pause_us, Event::Send(next));
            }
            return;
        }
        let pause_us = u64::from(receipt.retry_ms.unwrap_or(500)) * 1000;
        let pause_us = self.rng.u64(pause_us / 2..=pause_us);
        self.after(pause_us, Event::Timeout { offer: number, attempt });
    }
}
