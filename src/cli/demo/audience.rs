//! The demo's audience: real viewers over real connections, with a taste of their own.

use std::sync::Arc;

use fastrand::Rng;

use crate::{
    app::App,
    base::{
        clock::{Clock, Micros},
        ids::RunId,
    },
    identity::token::{self, Device, EntryLink},
    studio::desk::Desk,
    viewer::{
        behaviour::{Act, Agenda, Behaviour, Event, Once},
        viewer::{Setup, Viewer},
    },
    wire::{
        entry::Entry,
        server::{Phase, RunView, ShowView},
    },
};

/// One in this many comes by no link.
const STRANGER_ONE_IN: usize = 5;
/// One in this many only watches.
const WATCHER_ONE_IN: u32 = 8;
/// Nobody thinks longer than this, in milliseconds.
const THINK_MS_MAX: u64 = 14_000;
/// Nobody taps longer than this.
const TAP_MS_MAX: u64 = 45_000;
/// A wave of applause is this long, and so is the calm after it.
const WAVE_MS: u64 = 4000;

/// Starts the viewers; they end with the process.
///
/// # Errors
/// The node's own address cannot be read.
pub fn start(app: &App, desk: &Desk, viewers: usize) -> anyhow::Result<()> {
    let node = format!("http://{}", app.address).parse()?;
    let (nodes, show, clock) = (Arc::from([node]), Arc::from(desk.show.as_str()), Arc::new(Clock::start()));
    let (services, document) = (&app.doors.services, desk.document());
    let entries: Vec<&Entry> = document.entries.declared().map(|(_, entry)| entry).collect();
    for number in 0..viewers {
        // Most come by a link, where there are some; a few by none.
        let entry = (number % STRANGER_ONE_IN > 0).then(|| entries.get(number % entries.len().max(1))).flatten();
        let came = entry.map(|entry| EntryLink::new(desk.show.clone(), entry));
        let device = Device { came, ..Device::fresh(services.clock.now()) };
        let setup = Setup {
            nodes: Arc::clone(&nodes),
            node: 0,
            show: Arc::clone(&show),
            origin: None,
            source: None,
            device: Some(token::sign(&services.secret, &device)),
            skip_results: true,
            seed: number as u64,
        };
        let entry = entry.map_or_else(Entry::default, |entry| Entry::clone(entry));
        let choose = move |run: &RunView, rng: &mut Rng| choose(run, &entry, rng);
        let viewer = Viewer::new(setup, clock.clone(), Guest { votes: Once::new(choose), taps_in: None });
        let stop = services.tasks.stop().clone();
        services.tasks.spawn(async move {
            viewer.run(&stop).await;
        });
    }
    Ok(())
}

/// Votes once in each run that opens, and taps along where that is what is asked.
struct Guest<F> {
    votes: Once<F>,
    taps_in: Option<RunId>,
}

impl<F: FnMut(&RunView, &mut Rng) -> Option<(u64, Vec<u16>)> + Send> Behaviour for Guest<F> {
    fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
        if let Event::Show(ShowView { run: Some(run), .. }) = event
            && run.kind.is_tapped()
        {
            if run.phase == Phase::Open && self.taps_in.replace(run.id) != Some(run.id) {
                tap_along(run, now, rng, agenda);
            }
            return;
        }
        self.votes.on(event, now, rng, agenda);
    }
}

/// In waves, as a hall does: everybody likes one emoji best, and gets tired.
fn tap_along(run: &RunView, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
    let (options, favourite) = (run.options.len(), rng.usize(..run.options.len().max(1)));
    let until = run.closes_at.map_or(TAP_MS_MAX, |at| at.saturating_sub(now.as_ms()).min(TAP_MS_MAX));
    let mut at_ms = rng.u64(..2000);
    while at_ms < until {
        let mut more = vec![0; options];
        let wave = (at_ms / WAVE_MS) % 2;
        more[if rng.bool() { favourite } else { rng.usize(..options) }] = rng.u32(1..4);
        agenda.at(now.plus_ms(at_ms), Act::Tap { run: run.id, more });
        at_ms += rng.u64(600..1500) * (1 + 2 * wave);
    }
}

/// Most answer early, a few at the last moment, some never. Earlier options are a little more popular, so that there is
/// something to see.
fn choose(run: &RunView, entry: &Entry, rng: &mut Rng) -> Option<(u64, Vec<u16>)> {
    let closed = entry.segment.as_ref().and_then(|segment| run.not_from.get(segment));
    let open = run.options.iter().map(|option| option.n).filter(|n| closed.is_none_or(|closed| !closed.contains(n)));
    let open: Vec<u16> = open.collect();
    let is_asked =
        run.pools.is_empty() || run.pools.iter().any(|pool| pool == entry.pool.as_deref().unwrap_or_default());
    if open.is_empty() || !is_asked || rng.u32(..WATCHER_ONE_IN) == 0 {
        return None;
    }
    let think_ms = rng.u64(400..THINK_MS_MAX).min(rng.u64(400..THINK_MS_MAX));
    let options = open.len();
    let pick = |rng: &mut Rng| open[rng.usize(..options).min(rng.usize(..options))];
    let favourite = usize::try_from(run.id.0 % options as u64).unwrap_or(0);
    let most = usize::from(run.per_option.unwrap_or(run.votes));
    let mut picks = Vec::new();
    while picks.len() < usize::from(run.votes) {
        let n = if rng.bool() { open[favourite] } else { pick(rng) };
        if picks.iter().filter(|other| **other == n).count() < most {
            picks.push(n);
        }
    }
    Some((think_ms, picks))
}
