//! Calls on their way to the ledger and answers on their way back, and the couriers that wait for them.

use tallylight::{
    ballots::{
        ballot::Verdict,
        courier,
        ledger::{Answer, Call},
    },
    base::{ids::RunId, limits},
};

use super::{event::Event, mutants::Mutant, node::Courier, oracle::Invariant, server::Side, world::World};

/// Who made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Courier,
    /// The mark of a seal.
    Seal {
        revision: u32,
    },
}

/// One call.
#[derive(Debug)]
pub struct Flight {
    pub node: usize,
    pub life: u32,
    pub by: By,
    pub call: Call,
    /// The node held when it made the call.
    pub holding: bool,
    pub answer: Option<Answer>,
    /// Somebody waits for the answer.
    pub is_awaited: bool,
}

type Key = (RunId, u16);

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("short")
}

impl World {
    fn courier(&mut self, node: usize, key: Key) -> Option<&mut Courier> {
        self.nodes[node].process.as_mut()?.couriers.get_mut(&key)
    }

    /// The next turn of a courier comes then, whatever was due.
    pub fn put_off(&mut self, node: usize, (run, bucket): Key, delay_us: u64) {
        let (now, life) = (self.now, self.nodes[node].life);
        let Some(courier) = self.courier(node, (run, bucket)) else { return };
        courier.tick += 1;
        courier.due = now + delay_us;
        let tick = courier.tick;
        self.after(delay_us, Event::Turn { node, life, run, bucket, tick });
    }

    /// There is something to send.
    pub fn wake_courier(&mut self, node: usize, key: Key) {
        let now = self.now;
        let Some(courier) = self.courier(node, key) else { return };
        if !courier.is_flying && courier.failures == 0 && courier.due > now {
            self.put_off(node, key, 0);
        }
    }

    pub fn wake_couriers(&mut self, node: usize) {
        let Some(process) = &self.nodes[node].process else { return };
        // Also those that may not send what they have: they look again from then on.
        let behind = |key: &&Key| {
            let call = process.intake.run(key.0).and_then(|run| run.next_call(key.1, false));
            call.is_some_and(|call| call.batch.is_some())
        };
        let keys: Vec<Key> = process.couriers.keys().filter(behind).copied().collect();
        keys.into_iter().for_each(|key| self.wake_courier(node, key));
    }

    pub fn turn(&mut self, node: usize, life: u32, (run, bucket): Key, tick: u64) {
        if !self.lives(node, life) {
            return;
        }
        self.look_at_the_board(node);
        let process = self.nodes[node].process.as_mut().expect("it lives");
        let holding = process.stance.is_holding();
        let Some(intake) = process.intake.run(run) else { return };
        let courier = process.couriers.get_mut(&(run, bucket)).expect("it has its turn");
        if courier.tick != tick || courier.is_flying {
            return;
        }
        courier.is_flying = true;
        let call = intake.next_call(bucket, holding).expect("the ledger is remote");
        self.fly(node, By::Courier, call, holding);
    }

    /// A call leaves a node.
    pub fn fly(&mut self, node: usize, by: By, call: Call, holding: bool) {
        let mut call = call;
        let blind = self.look_at_the_board(node);
        let undecided =
            |call: &Call| call.batch.iter().flat_map(|batch| &batch.ballots).any(|(_, said)| said.is_none());
        if blind && undecided(&call) {
            self.oracle.blame(Invariant::HeldWhileBlind, format!("node {node} sends {:?}", call.batch));
        }
        if self.mutant == Some(Mutant::NoReplay)
            && call.batch.iter().flat_map(|batch| &batch.ballots).any(|(_, said)| said.is_some())
        {
            call.batch = None;
            call.retold = true;
        }
        if self.mutant == Some(Mutant::RetoldUnasked) {
            call.retold = true;
        }
        let retold = call.batch.as_ref().map_or(0, |batch| {
            let counted = |said: &tallylight::ballots::ballot::Decided| said.verdict != Verdict::Unreadable;
            batch.ballots.iter().filter(|(_, said)| said.as_ref().is_some_and(counted)).count()
        });
        self.count_many("ballots sent again with their verdicts", retold as u64);
        let number = self.flights.len();
        let life = self.nodes[node].life;
        self.flights.push(Flight { node, life, by, call, holding, answer: None, is_awaited: true });
        self.after(micros(limits::REDIS_RESPONSE_TIMEOUT), Event::NoAnswer(number));
        if !self.server.is_reached(node, self.now) {
            // Refused at once, or never answered.
            if self.rng.bool() {
                let delay_us = self.rng.u64(200..3000);
                self.after(delay_us, Event::NoAnswer(number));
            }
            return;
        }
        if self.healed.is_none() && self.percent(self.plan.lost_calls) {
            return self.count("calls that did not reach the ledger");
        }
        let slow = self.healed.is_none() && self.percent(self.plan.slow_calls);
        self.count_many("calls that were on their way for long", u64::from(slow));
        let delay_us = if slow { self.rng.u64(50_000..2_500_000) } else { self.rng.u64(100..2000) };
        self.after(delay_us, Event::Execute(number));
    }

    /// A call is at the ledger.
    pub fn execute(&mut self, number: usize) {
        let node = self.flights[number].node;
        if !self.server.is_reached(node, self.now) {
            return;
        }
        let call = self.flights[number].call.clone();
        self.before_call(node, &call);
        let side = self.server.side(node);
        let (call, answer, clocked) = self.server.call(side, call, self.clock(), self.mutant);
        if clocked && self.oracle.has_told(call.definition.run) {
            self.damage(call.definition.run, "a barrier that ended by the clock");
        }
        self.after_call(&call, &answer);
        self.flights[number].answer = Some(answer);
        if self.healed.is_none() && self.percent(self.plan.lost_calls) {
            return self.count("answers that did not come back");
        }
        let slow = self.healed.is_none() && self.percent(self.plan.slow_calls);
        let delay_us = if slow { self.rng.u64(50_000..900_000) } else { self.rng.u64(100..2000) };
        self.after(delay_us, Event::Answer(number));
        if side == Side::Old {
            self.count("calls to the old primary of a split");
        }
    }

    pub fn answer(&mut self, number: usize) {
        let Flight { node, life, by, ref call, ref mut is_awaited, ref answer, holding } = self.flights[number];
        if !std::mem::replace(is_awaited, false) {
            return;
        }
        let (call, answer) = (call.clone(), answer.clone().expect("it was executed"));
        if !self.lives(node, life) {
            return;
        }
        let key = (call.definition.run, call.bucket);
        let process = self.nodes[node].process.as_ref().expect("it lives");
        let Some(run) = process.intake.run(key.0) else { return };
        run.answered(&process.queue, &call, &answer);
        self.trace.add(&format!("{number} {answer:?}"));
        if by == By::Courier && holding {
            run.hold(key.1);
        }
        self.deliver(node);
        let delay_us = self.rng.u64(20..200);
        self.wake_committer(node, delay_us);
        match by {
            By::Courier => self.courier_has(node, key, &answer, holding),
            By::Seal { revision } => self.marked(key, revision, &call, answer),
        }
    }

    fn courier_has(&mut self, node: usize, key: Key, answer: &Answer, holding: bool) {
        let now = self.now;
        let process = self.nodes[node].process.as_mut().expect("it lives");
        let run = process.intake.run(key.0).expect("it has just answered");
        let wait = courier::pause(&run, key.1, answer, holding);
        let courier = process.couriers.get_mut(&key).expect("it has called");
        (courier.failures, courier.is_flying, courier.done_at) = (0, false, now);
        if *answer == Answer::Disagrees {
            self.oracle.blame(Invariant::Replay, "the ledger has another definition".into());
        }
        let spread = self.rng.u64(75..125);
        self.put_off(node, key, micros(wait) * spread / 100);
    }

    pub fn no_answer(&mut self, number: usize) {
        let Flight { node, life, by, ref call, ref mut is_awaited, .. } = self.flights[number];
        if !std::mem::replace(is_awaited, false) {
            return;
        }
        let key = (call.definition.run, call.bucket);
        if !self.lives(node, life) {
            return;
        }
        self.count("calls without an answer");
        if let By::Seal { revision } = by {
            return self.mark_again(key, revision);
        }
        let process = self.nodes[node].process.as_mut().expect("it lives");
        if let Some(run) = process.intake.run(key.0) {
            run.hold(key.1);
        }
        let courier = process.couriers.get_mut(&key).expect("it has called");
        courier.failures += 1;
        courier.is_flying = false;
        let doubled = limits::LEDGER_RETRY_MIN * 2_u32.pow(courier.failures.min(6) - 1);
        let wait = micros(doubled.min(limits::LEDGER_RETRY_MAX)) * self.rng.u64(75..125) / 100;
        self.put_off(node, key, wait);
        self.deliver(node);
    }
}
