//! The audience's clients and the network between them and the node. A client offers a ballot again, with the same id,
//! until it has an answer that will not change.

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
    /// Percent of its messages that stall between session and intake.
    pub stalls: u32,
    pub settled: bool,
    attempt: u32,
}

/// All offers of all devices.
#[derive(Debug, Default)]
pub struct Clients {
    offers: Vec<Offer>,
    by_device: HashMap<(u32, RunId, BallotId), usize>,
    devices: u32,
    /// Ballots carry change numbers.
    changeable: bool,
}

/// What a device sends: now and then with a number that no client may give.
pub fn content(changeable: bool, id: BallotId, picks: Vec<u16>) -> Picks {
    match u32::try_from(id.0 % 64).unwrap_or(0) {
        number if changeable => Picks::changed(if number > 0 { 1 + number % 4 } else { 0 }, picks),
        _ => Picks::new(picks),
    }
}

impl Clients {
    pub fn new(changeable: bool) -> Self {
        Self { changeable, ..Self::default() }
    }

    /// A device that was not there before.
    pub fn device(&mut self) -> u32 {
        self.devices += 1;
        self.devices
    }

    /// A ballot to be offered. A device never uses an id twice, so that its receipts are clear.
    pub fn add(&mut self, run: RunId, voter: VoterId, device: u32, id: BallotId, picks: Vec<u16>) -> usize {
        let picks = content(self.changeable, id, picks);
        let offer = Offer { run, voter, device, id, picks, next: None, stalls: 2, settled: false, attempt: 0 };
        self.offers.push(offer);
        let number = self.offers.len() - 1;
        assert!(self.by_device.insert((device, run, id), number).is_none(), "an id of a device is used once");
        number
    }

    pub fn offer(&mut self, number: usize) -> &mut Offer {
        &mut self.offers[number]
    }

    pub fn all_settled(&self) -> bool {
        self.offers.iter().all(|offer| offer.settled)
    }

    /// Offers that still wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(|offer| !offer.settled)
    }
}

/// The content that a receipt speaks of.
pub fn content_of(receipt: &Receipt) -> Picks {
    let picks = receipt.picks.clone();
    receipt.change.map_or_else(|| Picks::new(picks.clone()), |change| Picks::changed(change, picks.clone()))
}

/// Whether this answer will not change.
pub fn is_final(receipt: &Receipt) -> bool {
    match receipt.is {
        Answer::Counted => true,
        Answer::Held => receipt.reason == Some(Reason::AfterSeal),
        Answer::Refused => !matches!(receipt.reason, Some(Reason::NotOpen | Reason::Busy)),
        Answer::Unknown => false,
    }
}

impl World {
    fn latency_us(&mut self) -> u64 {
        self.rng.u64(2000..40_000)
    }

    fn is_lost(&mut self) -> bool {
        let lost = !self.healed && self.percent(self.plan.lost);
        if lost {
            self.count("lost messages");
        }
        lost
    }

    /// A client sends its ballot, or now and then asks for the receipt of one that it sent.
    pub fn send(&mut self, number: usize) {
        let offer = self.clients.offer(number);
        if offer.settled {
            return;
        }
        offer.attempt += 1;
        let attempt = offer.attempt;
        let asks = attempt > 1 && self.percent(15);
        let event = |asks| if asks { Event::Ask(number) } else { Event::Arrive(number) };
        if !self.is_lost() {
            let latency_us = self.latency_us();
            self.after(latency_us, event(asks));
        }
        if !self.healed && self.percent(self.plan.twice) {
            self.count("messages that came twice");
            let late_us = self.rng.u64(10_000..3_000_000);
            self.after(late_us, event(asks));
        }
        let patience_us = 300_000 + u64::from(attempt.min(8)) * 150_000 + self.rng.u64(0..200_000);
        self.after(patience_us, Event::Timeout { offer: number, attempt });
    }

    pub fn timeout(&mut self, number: usize, attempt: u32) {
        if self.clients.offer(number).attempt == attempt {
            self.send(number);
        }
    }

    /// The node reads the receive time; what comes then may take a while.
    pub fn arrive(&mut self, number: usize) {
        if self.process.is_none() {
            return;
        }
        let (received, life, stalls) = (self.clock(), self.life, self.clients.offer(number).stalls);
        if !self.healed && self.percent(stalls) {
            self.count("ballots that stalled in the node");
            let stall_us = self.rng.u64(1000..1_500_000);
            return self.after(stall_us, Event::Cast { offer: number, received, life });
        }
        self.cast(number, received, life);
    }

    pub fn cast(&mut self, number: usize, received: Micros, life: u32) {
        let Some(process) = self.process.as_mut().filter(|_| self.life == life) else { return };
        let Offer { run, voter, device, id, picks, .. } = self.clients.offer(number).clone();
        let inbox = Arc::clone(process.inboxes.entry(device).or_default());
        self.oracle.cast((run, voter, id, picks.words().to_vec()), received);
        let entry = u8::try_from(voter.0 % 3).unwrap_or(0);
        let ballot = Ballot { voter, id, picks, received, entry };
        let receipt = process.intake.cast(run, process.board.run(run), ballot, &inbox);
        match receipt {
            Some(receipt) => self.leaves(device, receipt),
            None => {
                let delay_us = self.rng.u64(20..300);
                self.wake(delay_us);
            }
        }
    }

    /// A client asks for one receipt, or for all that its voter has.
    pub fn ask(&mut self, number: usize) {
        let Offer { run, voter, device, id, picks, .. } = self.clients.offer(number).clone();
        let all = self.rng.bool();
        let Some(process) = &self.process else { return };
        if all {
            for receipt in process.intake.mine(run, voter) {
                self.receipt_leaves(run, voter, receipt.id, content_of(&receipt).words(), &receipt);
            }
            return;
        }
        let receipt = process.intake.ask(run, voter, id);
        if receipt.picks.is_empty() || (&*receipt.picks, receipt.change) == (picks.as_slice(), picks.change()) {
            return self.leaves(device, receipt);
        }
        // Another content has this id: the receipt says so by its picks.
        self.receipt_leaves(run, voter, id, content_of(&receipt).words(), &receipt);
    }

    /// A receipt leaves the node for a device.
    pub fn leaves(&mut self, device: u32, receipt: Receipt) {
        let number = self.clients.by_device[&(device, receipt.run, receipt.id)];
        let Offer { run, voter, id, picks, .. } = self.clients.offer(number).clone();
        self.receipt_leaves(run, voter, id, picks.words(), &receipt);
        self.count(match (receipt.is, receipt.reason) {
            (Answer::Counted, _) => "receipts: counted",
            (Answer::Held, _) => "receipts: held after the seal",
            (Answer::Unknown, _) => "receipts: unknown",
            (_, Some(Reason::Late)) => "receipts: late",
            (_, Some(Reason::Budget)) => "receipts: budget",
            (_, Some(Reason::IdReused)) => "receipts: id reused",
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
        let offer = self.clients.offer(number);
        if offer.settled {
            return;
        }
        if is_final(receipt) {
            offer.settled = true;
            if let Some(next) = offer.next {
                let pause_us = self.rng.u64(1000..200_000);
                self.after(pause_us, Event::Send(next));
            }
            return;
        }
        offer.attempt += 1;
        let attempt = offer.attempt;
        let pause_us = u64::from(receipt.retry_ms.unwrap_or(500)) * 1000;
        let pause_us = self.rng.u64(pause_us / 2..=pause_us);
        self.after(pause_us, Event::Timeout { offer: number, attempt });
    }
}
