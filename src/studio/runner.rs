//! Follows the clock for one show: phases that begin and end by themselves, results at each tick and gauges. Executes
//! nothing: every node could do without it and still close on time. Waits for nothing but the time, so that a panic
//! reaches the screens whatever the disk does; the as-run entries of what the clock did are written in `clock_log.rs`.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use super::{desk::Desk, others::NodeStatus, parts, scores, services::Services, view};
use crate::{
    ballots::{bucket::Totals, corrected::stands, outcome},
    base::{clock::Micros, ids::NodeId, limits},
    live::{
        results::{AUDIENCES, Audience, Counted, Made, after, is_hidden, is_unknown, results},
        view::{behind, show},
    },
    reactions::tally::Seen,
    shows::{carry, document::Document, interaction::Visibility, run::Run},
    wire::{
        gauge::{Gauge, NodeGauge, NodeLine, RedisGauge, RunGauge, ScreenTally, ScreenView},
        results::{ResultState, Results},
        seal::SealView,
        server::{DeskView, Phase},
    },
};

const GAUGE_EVERY_MS: u64 = 1000;

/// Runs until the process stops.
pub(super) async fn run(desk: Arc<Desk>, services: Arc<Services>) {
    let stop = services.tasks.stop().clone();
    let (hidden, scored) = (Vec::new(), scores::Key::new());
    let mut runner =
        Runner { desk, services, last_desk: None, hidden, last_gauge: None, gauge: None, scored, made: None };
    while !runner.desk.is_erased() {
        let now = runner.services.clock.now();
        runner.tick(now);
        let wait = runner.until_next(now);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = runner.desk.changed.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

struct Runner {
    desk: Arc<Desk>,
    services: Arc<Services>,
    last_desk: Option<DeskView>,
    /// Of which runs operators saw no number in it.
    hidden: Vec<bool>,
    last_gauge: Option<(Micros, u64)>,
    /// The newest gauge, for those who see all and for operators.
    gauge: Option<(Gauge, Gauge)>,
    /// What the newest scores are made of, or will be in a moment.
    scored: scores::Key,
    /// What the rules made last of what is counted: mostly nothing is new at a tick.
    made: Option<Made>,
}

impl Runner {
    fn tick(&mut self, now: Micros) {
        let document = self.desk.seen();
        self.score(&document);
        let on = document.on_program();
        let counted = on.map(|run| self.counted(run, now)).unwrap_or_default();
        if let Some(run) = on.filter(|run| !self.made.as_ref().is_some_and(|made| made.is_of(run, &counted.totals))) {
            self.made = Some(Made::of(run, &counted.totals));
        }
        for audience in AUDIENCES {
            self.publish(&document, on, &counted, audience, now);
        }
        let stands = |run: &&Run| run.void.is_none();
        self.desk.hub.publish_asked(on.filter(stands).and_then(|run| self.desk.moderation.asked(run.id())));
        self.desk.timed.tell(&document, now);
        self.publish_desk(&document, now);
        self.gauge(&document, &counted.totals, now);
    }

    /// Scores are made beside the clock: a panic must not wait for them.
    fn score(&mut self, document: &Document) {
        let key = scores::key(document);
        if key != self.scored {
            self.scored.clone_from(&key);
            self.services.tasks.spawn(scores::make(self.desk.clone(), self.services.clone(), key));
        }
    }

    fn counted(&self, run: &Run, now: Micros) -> Counted {
        if let Some(tally) = self.desk.reactions.of(run.id()) {
            let Seen { counts: votes, pace } = tally.seen(now);
            let counted = votes.iter().sum();
            // It only grows, too, as versions do.
            let totals = Totals { version: counted, counted, votes, ..Totals::default() };
            return Counted { totals, as_of: now, rebuilding: false, pace: Some(pace) };
        }
        let Some(intake) = self.services.intake.run(run.id()) else { return Counted::default() };
        let (as_of, rebuilding) = (intake.as_of().map_or(now, |as_of| as_of.min(now)), intake.is_rebuilding());
        Counted { totals: intake.totals(), as_of, rebuilding, pace: None }
    }

    fn publish(&self, document: &Document, on: Option<&Run>, counted: &Counted, audience: Audience, now: Micros) {
        let see = |run, audience| {
            let frozen = document.graphic.frozen && audience == Audience::Screens;
            let fresh = results(run, counted, self.made.as_ref()?, document.epoch, audience, now);
            let unknown = is_unknown(run, counted, audience, now);
            Some(after(self.desk.hub.last_results(audience), fresh, frozen, unknown))
        };
        let results = on.and_then(|run| see(run, audience));
        let voters = on.filter(|run| {
            audience == Audience::Viewers && run.definition.interaction.viewers_see == Visibility::AfterVote
        });
        let hidden = |results: &Results| results.state == ResultState::Hidden;
        let voted = voters.filter(|_| results.as_ref().is_some_and(hidden)).and_then(|run| see(run, Audience::Voters));
        let item = on.filter(|run| run.void.is_none()).and_then(|run| self.desk.moderation.on_air(run.id()));
        let show = show(document, item, audience, now);
        let behind = match audience {
            Audience::Viewers => behind(document, &show, results.as_ref(), now),
            _ => Vec::new(),
        };
        self.desk.hub.publish(audience, show, results, voted.filter(|own| !hidden(own)), behind);
        if audience != Audience::Screens || !document.graphic.frozen {
            self.desk.hub.publish_scores(audience, self.desk.scores());
        }
    }

    fn publish_desk(&mut self, document: &Document, now: Micros) {
        let view =
            view::desk(document, self.desk.others.with_staff(self.services.node, self.desk.presence.staff(now)), now);
        let hidden: Vec<_> = document.runs.iter().map(|run| is_hidden(run, Audience::Operators, now)).collect();
        let same = self.last_desk.as_ref().is_some_and(|last| *last == DeskView { now: last.now, ..view.clone() });
        if same && hidden == self.hidden {
            return;
        }
        let mut operators = view.clone();
        for (run, _) in operators.runs.iter_mut().zip(&hidden).filter(|(_, hidden)| **hidden) {
            run.seal = run.seal.take().map(SealView::without_numbers);
            run.carried.iter_mut().for_each(|carried| carried.votes.clear());
            // Of few options the hash of the rules tells the right one to who tries them all.
            if !run.right.is_empty() {
                run.right.clear();
                run.seal.iter_mut().for_each(|seal| seal.rules_hash.clear());
            }
        }
        let is_hidden = |id| document.runs.iter().zip(&hidden).any(|(run, hidden)| run.id() == id && *hidden);
        for one in operators.proposals.iter_mut().filter(|one| is_hidden(one.run)) {
            one.declare.clear();
            one.right.clear();
        }
        self.desk.hub.publish_desk(view.clone(), operators);
        self.last_desk = Some(view);
        self.hidden = hidden;
    }

    fn gauge(&mut self, document: &Document, totals: &Totals, now: Micros) {
        let on = document.on_program();
        let since_ms = self.last_gauge.map(|(at, _)| now.since_ms(at));
        let (screens, tally) = self.desk.screens(self.services.node, now);
        if since_ms.is_some_and(|ms| ms < GAUGE_EVERY_MS) {
            return self.tell_tally(screens, tally, now);
        }
        let before = self.last_gauge.map_or(0, |(_, counted)| counted);
        let rate = totals.counted.saturating_sub(before) * 1000 / since_ms.unwrap_or(1000).max(1);
        self.last_gauge = Some((now, totals.counted));
        let services = &self.services;
        let run = on.map(|run| {
            let outstanding = services.intake.run(run.id()).map_or(0, |intake| intake.outstanding());
            let stands = run.sealed().map(|seal| (seal, stands(run, seal)));
            let missing = (outstanding, run.carried.as_ref().map_or(0, |carried| carried.missing));
            let margin = match &stands {
                // What is left out is no part of the margin.
                Some((seal, stands)) if seal.correction.is_some() => {
                    let (votes, late_votes) = (stands.counted.clone(), stands.late_votes.clone());
                    let totals = Totals { votes, late_votes, ..totals.clone() };
                    outcome::margin(&run.definition, &totals, missing, Some(&stands.by_entry))
                }
                sealed => {
                    let own = (totals.votes.clone(), Vec::new());
                    let (votes, _) = carry::sum(&run.definition, own, run.carried.as_ref(), None);
                    let by_entry = sealed.as_ref().map(|(_, stands)| &*stands.by_entry);
                    outcome::margin(&run.definition, &Totals { votes, ..totals.clone() }, missing, by_entry)
                }
            };
            // On a late platform people vote on after the close, and nobody has before the opening.
            let is_over = !matches!(run.phase(now), Phase::Standby | Phase::Open | Phase::Closing);
            RunGauge {
                run: run.id(),
                counted: totals.counted,
                superseded: totals.superseded,
                rate,
                late: totals.late,
                late_would_change_order: margin.late_would_change_order,
                outstanding,
                margin: margin.votes,
                decisive: margin.decisive && is_over && carry::changed(document, run).is_none(),
                by_part: match &totals.by_pool {
                    Some(by_pool) if run.sealed().is_none() => parts::so_far(run, by_pool),
                    _ => Vec::new(),
                },
                hidden: false,
            }
        });
        let gauge = Gauge {
            now: now.as_ms(),
            viewers: self.desk.presence.viewers() + self.desk.others.viewers(services.node),
            run,
            screens,
            tally,
            node: own_figures(services),
            nodes: nodes(&self.desk),
            redis: redis(services, now),
        };
        let hidden = on.is_some_and(|run| is_hidden(run, Audience::Operators, now));
        let run = gauge.run.clone().map(|run| if hidden { run.without_numbers() } else { run });
        let both = (gauge.clone(), Gauge { run, ..gauge });
        self.desk.hub.publish_gauge(both.0.clone(), both.1.clone());
        self.gauge = Some(both);
    }

    /// What is seen of the graphic does not wait for the next gauge.
    fn tell_tally(&mut self, screens: Vec<ScreenView>, tally: ScreenTally, now: Micros) {
        let Some((all, operators)) = self.gauge.as_mut().filter(|(all, _)| all.tally != tally) else { return };
        for gauge in [&mut *all, &mut *operators] {
            (gauge.now, gauge.screens, gauge.tally) = (now.as_ms(), screens.clone(), tally.clone());
        }
        self.desk.hub.publish_gauge(all.clone(), operators.clone());
    }

    /// Until the next tick, or the next moment at which the clock changes a phase.
    fn until_next(&self, now: Micros) -> Duration {
        let document = self.desk.document();
        let changes = document.runs.iter().filter_map(|run| run.windows.next_change(now));
        let disarms = document.armed.iter().map(|armed| armed.until).filter(|until| *until > now);
        let next = changes.chain(disarms).min();
        let until = next.map_or(limits::TICK, |next| Duration::from_micros(next.0 - now.0));
        until.min(limits::TICK)
    }
}

/// How this node is.
pub(super) fn own_figures(services: &Services) -> NodeGauge {
    NodeGauge {
        node: services.node,
        journal: services.journal,
        stance: services.stance.get().word().to_owned(),
        fsync_us: services.queue.fsync_us.load(Ordering::Relaxed),
        disk_free_mb: services.queue.free_bytes.load(Ordering::Relaxed) / 1_000_000,
        clock_ok: services.clock_ok.load(Ordering::Relaxed),
    }
}

fn nodes(desk: &Desk) -> Vec<NodeLine> {
    let nodes = desk.others.nodes();
    let line = |(node, status): &(NodeId, NodeStatus)| NodeLine {
        node: *node,
        stance: status.stance.clone(),
        viewers: status.viewers,
        held: status.held.values().sum(),
        rev: status.rev,
        clock_ok: status.clock_ok,
    };
    nodes.iter().map(line).collect()
}

fn redis(services: &Services, now: Micros) -> Option<RedisGauge> {
    let health = services.shared.as_ref()?.health();
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (since, detail) = health.down.unzip();
    Some(RedisGauge {
        ok: since.is_none() && health.seen,
        round_trip_us: micros(health.round_trip),
        down_since: since.map(|since| Micros(now.0.saturating_sub(micros(since.elapsed()))).as_ms()),
        detail: detail.unwrap_or_default(),
        buckets_away: services.buckets_away.load(Ordering::Relaxed) as u64,
    })
}
