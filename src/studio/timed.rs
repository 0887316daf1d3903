//! Timed metadata: says what runs have reached, once each, in the order in which this node came to know it, to whoever waits for it
//! and to the service of an encoder, if the settings name one.
//!
//! A number is about the moment at which its event was said, in milliseconds since 1970, so that those of several nodes and of
//! several starts are near to one another: who asks with a number that this node has not given gets what was said shortly before
//! it once more, and loses nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{desk::Desk, services::Services};
use crate::{
    base::{clock::Micros, ids::RunId, limits},
    providers::plain_http::PlainHttp,
    shows::{document::Document, run::Run},
    wire::timed::{TimedEvent, TimedKind},
};

/// Numbers of one event on two nodes, or before and after a start, are nearer than this.
const AGAIN_MS: u64 = 1000;

/// The service of an encoder may take so long.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What of a run an event is about: of openings and closes the how-manieth.
type About = (RunId, TimedKind, usize);

/// What a run has reached: what it is about, when, and until when it is to be so.
fn reached(run: &Run, now: Micros) -> impl Iterator<Item = (About, u64, Option<u64>)> {
    let about = |kind, index| (run.id(), kind, index);
    let spans = run.windows.spans.iter().enumerate().flat_map(move |(index, span)| {
        let dur = span.closes.map(|closes| (closes.since_ms(span.opens) + 500) / 1000);
        let opened = (about(TimedKind::Open, index), Some(span.opens), dur);
        [opened, (about(TimedKind::Close, index), span.closes, None)]
    });
    let ends = [
        (about(TimedKind::Reveal, 0), run.revealed_at, None),
        (about(TimedKind::Void, 0), run.void.as_ref().map(|void| void.at), None),
    ];
    // What is void opens and closes no more, and was not revealed.
    let void_at = run.void.as_ref().map(|void| void.at);
    let is_so = move |kind, at: Micros| at <= now && (kind == TimedKind::Void || void_at.is_none_or(|void| at < void));
    spans
        .chain(ends)
        .filter_map(move |(about, at, dur)| Some((about, at.filter(|at| is_so(about.1, *at))?.as_ms(), dur)))
}

/// What was said of one show.
#[derive(Debug)]
pub struct Timed {
    said: Mutex<Said>,
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Said {
    /// The newest last.
    kept: VecDeque<TimedEvent>,
    /// What was said of the runs on the desk.
    known: HashMap<About, (u64, Option<u64>)>,
    begun: bool,
    last: u64,
}

impl Default for Timed {
    fn default() -> Self {
        Self { said: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

impl Timed {
    /// Says what was reached since the last time.
    pub(super) fn tell(&self, document: &Document, now: Micros) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.last;
        said.tell(document, now);
        if said.last != before {
            self.newest.send_replace(said.last);
        }
    }

    /// The next event after a number; left out: the next that comes.
    pub async fn next(&self, after: Option<u64>) -> TimedEvent {
        let mut newest = self.newest.subscribe();
        let after = after.unwrap_or(*newest.borrow());
        loop {
            newest.borrow_and_update();
            let next = self.said.lock().unwrap_or_else(PoisonError::into_inner).after(after);
            if let Some(next) = next {
                return next;
            }
            if newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Said {
    fn tell(&mut self, document: &Document, now: Micros) {
        let mut news: Vec<_> = document
            .runs
            .iter()
            .flat_map(|run| reached(run, now).map(move |(about, at, dur)| (at, about, dur, run)))
            .filter(|(at, about, dur, _)| self.known.get(about) != Some(&(*at, *dur)))
            .collect();
        news.sort_by_key(|(at, about, ..)| (*at, *about));
        for (at, about, dur, run) in news {
            // What was before this start was said before it, too.
            let said_at = if self.begun { now.as_ms() } else { at };
            self.last = said_at.max(self.last + 1);
            self.known.insert(about, (at, dur));
            if self.kept.len() == limits::TIMED_KEPT {
                self.kept.pop_front();
            }
            let (definition, seq) = (&run.definition, self.last);
            let (cue, rehearsal, show) = (definition.cue.clone(), definition.rehearsal, document.id.clone());
            self.kept.push_back(TimedEvent { v: 1, ev: about.1, show, run: run.id(), cue, rehearsal, at, dur, seq });
        }
        self.known.retain(|(run, ..), _| document.run(*run).is_some());
        self.begun = true;
    }

    fn after(&self, seq: u64) -> Option<TimedEvent> {
        let is_ours = seq == self.last || self.kept.iter().any(|event| event.seq == seq);
        let seq = if is_ours { seq } else { seq.saturating_sub(AGAIN_MS) };
        self.kept.iter().find(|event| event.seq > seq).cloned()
    }
}

/// Tells the service of an encoder every event of a show, until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>) {
    let (Some(service), stop) = (&services.encoder, services.tasks.stop()) else { return };
    let mut after = services.clock.now().as_ms().saturating_sub(limits::TIMED_OLD_MS);
    while !desk.is_erased() {
        let event = tokio::select! {
            event = desk.timed.next(Some(after)) => event,
            () = stop.cancelled() => return,
        };
        after = event.seq;
        tokio::select! {
            () = deliver(service, &services, &event) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tries until the service has it, or it is too old to be put into a stream.
async fn deliver(service: &PlainHttp, services: &Services, event: &TimedEvent) {
    let Ok(body) = serde_json::to_string(event) else { return };
    let mut wait = Duration::from_millis(250);
    while services.clock.now().as_ms().saturating_sub(event.seq) < limits::TIMED_OLD_MS {
        let answer = tokio::time::timeout(TIMEOUT, service.post(&body)).await;
        let is_taken = matches!(&answer, Ok(Ok((200..=299, _))));
        services.metrics.timed(if is_taken { "sent" } else { "failed" });
        if is_taken {
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(TIMEOUT);
    }
    services.metrics.timed("lost");
    let TimedEvent { show, run, ev, at, .. } = event;
    tracing::error!(%show, %run, ?ev, at, "an event was not taken by the encoder's service in time: lost for it");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shows::transition::tests::Desk,
        wire::command::{Armable, Command},
    };

    /// What was said after a number: what, when, how long, in this order.
    fn said(said: &Said, mut seq: u64) -> Vec<(TimedKind, u64, Option<u64>)> {
        let (mut all, mut last) = (Vec::new(), 0);
        while let Some(event) = said.after(seq) {
            assert!(event.seq > last && event.v == 1);
            assert!(serde_json::to_string(&event).unwrap().len() < 1024);
            (seq, last) = (event.seq, event.seq);
            all.push((event.ev, event.at / 1000, event.dur));
        }
        all
    }

    fn at(s: u64) -> Micros {
        Micros::from_ms(s * 1000)
    }

    #[test]
    fn what_a_run_reaches_is_said_once_and_an_opening_again_when_its_end_is_another() {
        use TimedKind::{Close, Open, Reveal};
        let mut timed = Said::default();
        let mut desk = Desk::new();
        timed.tell(&desk.document, at(90));
        desk.at_ms(100_000).send(Command::Standby { cue: "1".into() });
        desk.send(Command::Take);
        timed.tell(&desk.document, at(100));
        assert_eq!(timed.after(0), None, "what is on standby is nobody's business");
        desk.send(Command::Open { seconds: Some(60) });
        timed.tell(&desk.document, at(100));
        timed.tell(&desk.document, at(101));
        assert_eq!(said(&timed, 0), [(Open, 100, Some(60))]);
        desk.at_ms(110_000).send(Command::Extend { seconds: 30 });
        timed.tell(&desk.document, at(110));
        desk.at_ms(120_000).send(Command::Hold);
        timed.tell(&desk.document, at(120));
        desk.at_ms(130_000).send(Command::Release);
        timed.tell(&desk.document, at(130));
        assert_eq!(said(&timed, 100_000), [(Open, 100, Some(90)), (Open, 100, None), (Open, 100, Some(100))]);
        // The close is known long before, and said when it is there.
        timed.tell(&desk.document, at(199));
        assert_eq!(said(&timed, 130_000), []);
        timed.tell(&desk.document, at(200));
        desk.verify();
        desk.send(Command::Arm { what: Armable::Reveal, run: None });
        desk.at_ms(1_002_000).send(Command::Reveal { run: None });
        timed.tell(&desk.document, at(1002));
        assert_eq!(said(&timed, 130_000), [(Close, 200, None), (Reveal, 1002, None)]);

        // Another node, or this one after a start, knows the same, and who comes with a number of the first one loses nothing.
        let mut other = Said::default();
        other.tell(&desk.document, at(1100));
        assert_eq!(said(&other, 0), [(Open, 100, Some(100)), (Close, 200, None), (Reveal, 1002, None)]);
        assert_eq!(said(&other, 1_002_500), [(Reveal, 1002, None)], "once more, and not less");
        assert_eq!(said(&other, other.last), []);
    }

    #[test]
    fn what_is_void_closes_no_more_and_no_queue_grows() {
        let mut timed = Said::default();
        let mut desk = Desk::open_for(60);
        let opened = desk.document.runs[0].windows.spans[0].opens;
        timed.tell(&desk.document, opened);
        desk.at_ms(opened.as_ms() + 5000).send(Command::Arm { what: Armable::Void, run: None });
        desk.send(Command::Void { run: None, reason: "a test".into() });
        timed.tell(&desk.document, opened.plus_ms(90_000));
        let kinds: Vec<_> = said(&timed, 0).into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds, [TimedKind::Open, TimedKind::Void]);

        let (mut timed, mut desk) = (Said::default(), Desk::open_for(60));
        let mut now_ms = opened.as_ms();
        for _ in 0..2 * limits::TIMED_KEPT {
            now_ms += 100;
            let run = &mut desk.document.runs[0];
            let close = run.windows.spans[0].closes.unwrap();
            run.windows.spans[0].closes = Some(close.plus_ms(1000));
            timed.tell(&desk.document, Micros::from_ms(now_ms));
        }
        assert_eq!((timed.kept.len(), timed.known.len()), (limits::TIMED_KEPT, 1));
    }
}
