//! Feeds for graphics systems and control surfaces: one flat, complete snapshot each, as screens may see it.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};

use super::{
    extract::{self, OfShow, Params},
    reply::{Failure, Problems},
    router::Doors,
};
use crate::{
    base::{csv, ids::ShowId},
    live::results::Audience,
    shows::{carry::CarriedLine, run::Run},
    studio::{desk::Desk, parts::parts, view},
    wire::{
        gauge::GraphicTally,
        kind::KindView,
        outcome::PoolOutcome,
        results::{ResultState, Results},
        seal::{EntryCount, Part, PartCount},
        server::{GraphicState, Phase},
    },
};

/// The key of a feed's address.
#[derive(Debug, Deserialize)]
pub struct FeedKey {
    /// As in the address that the studio page copies.
    key: Option<String>,
}

impl FeedKey {
    /// The key, if there is one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// The show in flat fields, ready to be shown.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Status {
    show: String,
    rev: u64,
    rehearsal: bool,
    graphic: GraphicState,
    step: u8,
    cue: String,
    question: String,
    /// What is on standby.
    next_cue: String,
    next_question: String,
    phase: Option<Phase>,
    /// Until the close, `m:ss`; empty without one.
    time_left: String,
    /// Seconds until the run is locked on every platform; null: it is, or nobody knows yet.
    lock_eta_s: Option<u64>,
    /// Seconds by which the last platform is behind, with what its viewers differ.
    delay_max_s: u64,
    /// Votes, as screens may see them.
    total: u64,
    /// Of a rating, as screens may see it; empty: there is none.
    mean: String,
    median: String,
    /// What stands behind both; empty: nothing.
    unit: String,
    state: Option<ResultState>,
    /// As in the results' rows.
    mark: &'static str,
    /// Taps per second now, and the most in this run, where viewers tap; else 0.
    pace: u64,
    pace_highest: u64,
    /// A screen in program says that it has painted the graphic as it is now.
    tally_pgm: bool,
    /// A preview says that it has painted the cue on standby.
    tally_pvw: bool,
    /// `off_air`, `coming` (nobody has said yet that it is painted), `on_air`, `going` (nobody has said yet that it is gone).
    gfx_state: GraphicTally,
    /// Screens that are seen and keep up, how many do not, and their names with commas between.
    overlays_ok: u32,
    overlays_stale: usize,
    overlays_stale_names: String,
}

/// The show's state in flat fields.
#[utoipa::path(get, path = "/f/{show}/status.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "The state", body = Status), Problems))]
pub async fn status(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Status>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let (show, results) = desk.hub.newest(Audience::Screens);
    let Some(show) = show else { return Err(not_yet()) };
    let now = doors.services.clock.now();
    let (_, tally) = desk.screens(doors.services.node, now);
    let now = now.as_ms();
    let run = show.run;
    let (next_cue, next_question) = show.next.map(|next| (next.cue, next.question)).unwrap_or_default();
    let rated = results.as_ref().and_then(|results| results.rated.as_ref());
    let unit = match run.as_ref().map(|run| &run.kind) {
        Some(KindView::Rating(scale)) => scale.unit.clone(),
        _ => String::new(),
    };
    let pace = results.as_ref().and_then(|results| results.pace).unwrap_or_default();
    let closes_at = run.as_ref().filter(|run| run.phase == Phase::Open).and_then(|run| run.closes_at);
    let (document, held) = (desk.document(), run.as_ref().is_some_and(|run| run.hold));
    let tracks = document.on_program().map(|run| &*run.windows.tracks).unwrap_or_default();
    let behind_ms = tracks.iter().map(|track| track.delay_ms() + track.jitter_ms);
    let locks_at = run.as_ref().and_then(|run| run.locks_at).filter(|at| *at > now && !held);
    Ok(Json(Status {
        show: show.id,
        rev: show.rev,
        rehearsal: show.rehearsal,
        graphic: show.graphic.state,
        step: show.graphic.step,
        cue: run.as_ref().map(|run| run.cue.clone()).unwrap_or_default(),
        phase: run.as_ref().map(|run| run.phase),
        question: run.map(|run| run.question).unwrap_or_default(),
        next_cue,
        next_question,
        lock_eta_s: locks_at.map(|at| (at - now).div_ceil(1000)),
        delay_max_s: behind_ms.max().unwrap_or(0).div_ceil(1000),
        time_left: closes_at.map(|at| minutes(at.saturating_sub(now))).unwrap_or_default(),
        total: results.as_ref().map_or(0, |results| results.total),
        mean: rated.map(|rated| rated.mean.to_string()).unwrap_or_default(),
        median: rated.map(|rated| rated.median.to_string()).unwrap_or_default(),
        unit,
        mark: results.as_ref().map_or("", mark),
        state: results.map(|results| results.state),
        pace: pace.now,
        pace_highest: pace.highest,
        tally_pgm: tally.program,
        tally_pvw: tally.preview,
        gfx_state: tally.graphic,
        overlays_ok: tally.ok,
        overlays_stale: tally.stale.len(),
        overlays_stale_names: tally.stale.join(", "),
    }))
}

fn minutes(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn not_yet() -> Failure {
    Failure { retry_ms: Some(1000), ..Failure::new(crate::wire::codes::Code::Busy, "the show has only just started") }
}

/// One option's row.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Row {
    /// From 1.
    option: u16,
    label: String,
    votes: u64,
    /// Percent with one decimal, of the points where the run's rules make some.
    share: String,
    state: ResultState,
    /// By the run's rules: once it is sealed, and so far where pools count apart; empty where they say only that all votes are one.
    points: String,
    rank: String,
    /// `declared`: not counted; `excluded`: without a part of what was counted; `carried`: with the votes of an earlier run; else empty.
    mark: &'static str,
}

fn mark(results: &Results) -> &'static str {
    match (results.declared, results.excluded) {
        (true, _) => "declared",
        (false, true) => "excluded",
        (false, false) if results.carried => "carried",
        (false, false) => "",
    }
}

fn rows(desk: &Desk) -> Vec<Row> {
    let (Some(show), Some(results)) = desk.hub.newest(Audience::Screens) else { return Vec::new() };
    let labels = show.run.filter(|run| run.id == results.run).map(|run| run.options).unwrap_or_default();
    let places = || results.outcome.iter().flat_map(|outcome| &outcome.places);
    let place = |n| places().find(|place| place.n == n);
    let mark = mark(&results);
    let row = |option: &crate::wire::results::OptionResult| Row {
        option: option.n,
        label: labels.iter().find(|label| label.n == option.n).map(|label| label.label.clone()).unwrap_or_default(),
        votes: option.votes,
        share: format!("{:.1}", option.share),
        state: results.state,
        points: place(option.n).map(|place| place.points.to_string()).unwrap_or_default(),
        rank: place(option.n).map(|place| place.rank.to_string()).unwrap_or_default(),
        mark,
    };
    results.options.iter().map(row).collect()
}

/// The results as rows: an array with one object per option.
#[utoipa::path(get, path = "/f/{show}/results.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A row per option", body = Vec<Row>), Problems))]
pub async fn results_json(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Vec<Row>>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    Ok(Json(rows(&desk)))
}

/// A state as it is said in JSON.
fn word(state: &ResultState) -> String {
    serde_json::to_value(state).ok().and_then(|state| Some(state.as_str()?.to_owned())).unwrap_or_default()
}

/// The results as CSV with a header line.
#[utoipa::path(get, path = "/f/{show}/results.csv", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A line per option", body = String, content_type = "text/csv"), Problems))]
pub async fn results_csv(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<impl IntoResponse, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let mut text = String::from("option,label,votes,share,state,points,rank,mark\r\n");
    for Row { option, label, votes, share, state, points, rank, mark } in rows(&desk) {
        text += &csv::line([&option, &label, &votes, &share, &word(&state), &points, &rank, &mark]);
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
}

/// The results as XML: a `row` per option.
#[utoipa::path(get, path = "/f/{show}/results.xml", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A row per option", body = String, content_type = "application/xml"), Problems))]
pub async fn results_xml(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<impl IntoResponse, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rows>\n");
    for Row { option, label, votes, share, state, points, rank, mark } in rows(&desk) {
        let state = serde_json::to_value(state).unwrap_or_default();
        text += &format!(
            "<row><option>{option}</option><label>{}</label><votes>{votes}</votes><share>{share}</share><state>{}</state>\
             <points>{points}</points><rank>{rank}</rank><mark>{mark}</mark></row>\n",
            xml_text(&label),
            state.as_str().unwrap_or_default(),
        );
    }
    text += "</rows>\n";
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], text))
}

/// A text between two tags. A show's texts have no control characters.
fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One option's votes by one entry.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EntryRow {
    /// Empty: not said. All three empty: by no entry.
    segment: String,
    pool: String,
    platform: String,
    /// From 1.
    option: u16,
    label: String,
    /// With those that are carried over.
    votes: u64,
    /// Of these, those of an earlier run.
    carried: u64,
    state: ResultState,
}

/// The run on program with what it may be called, once it is sealed and screens may see its numbers.
fn told(desk: &Desk, rows: impl FnOnce(&Run, ResultState)) {
    let document = desk.document();
    let (Some(run), (_, Some(results))) = (document.on_program(), desk.hub.newest(Audience::Screens)) else { return };
    if results.run == run.id() && matches!(results.state, ResultState::Provisional | ResultState::Final) {
        rows(run, results.state);
    }
}

/// A number and a label for every option, with its votes and those of them that are carried over.
fn options(run: &Run, votes: Vec<u64>, carried: Vec<u64>) -> impl Iterator<Item = (u16, String, u64, u64)> {
    let labels = (1..).zip(&run.definition.interaction.options);
    let carried = carried.into_iter().chain(std::iter::repeat(0));
    labels.zip(votes).zip(carried).map(|(((option, label), votes), carried)| (option, label.clone(), votes, carried))
}

fn entry_rows(desk: &Desk) -> Vec<EntryRow> {
    let mut rows = Vec::new();
    told(desk, |run, state| {
        for EntryCount { entry, votes, carried, .. } in view::by_entry(run) {
            let [segment, pool, platform] = [entry.segment, entry.pool, entry.platform].map(Option::unwrap_or_default);
            for (option, label, votes, carried) in options(run, votes, carried) {
                let (segment, pool, platform) = (segment.clone(), pool.clone(), platform.clone());
                rows.push(EntryRow { segment, pool, platform, option, label, votes, carried, state });
            }
        }
    });
    rows
}

/// The sealed votes by entry link: an array with one object per entry and option.
#[utoipa::path(get, path = "/f/{show}/entries.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A row per entry and option", body = Vec<EntryRow>), Problems))]
pub async fn entries_json(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Vec<EntryRow>>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    Ok(Json(entry_rows(&desk)))
}

/// The sealed votes by entry link as CSV with a header line.
#[utoipa::path(get, path = "/f/{show}/entries.csv", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A line per entry and option", body = String, content_type = "text/csv"), Problems))]
pub async fn entries_csv(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<impl IntoResponse, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let mut text = String::from("segment,pool,platform,option,label,votes,state,carried\r\n");
    for EntryRow { segment, pool, platform, option, label, votes, carried, state } in entry_rows(&desk) {
        text += &csv::line([&segment, &pool, &platform, &option, &label, &votes, &word(&state), &carried]);
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
}

/// One option's votes by one segment, pool or platform.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartRow {
    of: Part,
    /// Empty: of those whose entry names none.
    name: String,
    /// From 1.
    option: u16,
    label: String,
    /// With those that are carried over.
    votes: u64,
    /// Of these, those of an earlier run.
    carried: u64,
    state: ResultState,
}

fn part_rows(desk: &Desk) -> Vec<PartRow> {
    let document = desk.document();
    let Some(run) = document.on_program() else { return Vec::new() };
    let results = desk.hub.newest(Audience::Screens).1;
    let is_frozen = |results: &Results| results.state == ResultState::Frozen;
    // What screens have seen last stays while they are frozen, also over the seal.
    if run.sealed().is_none() || results.as_ref().is_some_and(is_frozen) {
        return pool_rows(run, results);
    }
    let mut rows = Vec::new();
    told(desk, |run, state| {
        for PartCount { of, name, votes, carried, .. } in parts(&view::by_entry(run)) {
            let name = || name.clone();
            let row =
                |(option, label, votes, carried)| PartRow { of, name: name(), option, label, votes, carried, state };
            rows.extend(options(run, votes, carried).map(row));
        }
    });
    rows
}

/// What a run carries over of the votes of a pool; the empty name is of those who came by none.
fn carried_in(run: &Run, pool: &str) -> Vec<u64> {
    let of_pool = |line: &&CarriedLine| {
        run.definition.entries.get(line.entry).and_then(|entry| entry.pool.as_deref()).unwrap_or_default() == pool
    };
    let lines = run.carried.iter().flat_map(|carried| &carried.by_entry).filter(of_pool);
    lines.fold(Vec::new(), |mut sum, line| {
        sum.resize(line.votes.len(), 0);
        sum.iter_mut().zip(&line.votes).for_each(|(sum, votes)| *sum += votes);
        sum
    })
}

/// Before the seal, and as long as screens are frozen: the votes by pool where pools count apart, as screens see them.
fn pool_rows(run: &Run, results: Option<Results>) -> Vec<PartRow> {
    let Some(results) = results.filter(|results| results.run == run.id()) else { return Vec::new() };
    let row = |PoolOutcome { name, votes, .. }: PoolOutcome| {
        let carried = carried_in(run, &name);
        let row = move |(option, label, votes, carried)| PartRow {
            of: Part::Pool,
            name: name.clone(),
            option,
            label,
            votes,
            carried,
            state: results.state,
        };
        options(run, votes, carried).map(row)
    };
    results.outcome.into_iter().flat_map(|outcome| outcome.pools).flat_map(row).collect()
}

/// The sealed votes by segment, by pool and by platform, and before the seal those by pool where pools count apart: an array with one object per part and option.
#[utoipa::path(get, path = "/f/{show}/parts.json", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A row per part and option", body = Vec<PartRow>), Problems))]
pub async fn parts_json(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<Json<Vec<PartRow>>, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    Ok(Json(part_rows(&desk)))
}

/// The same as CSV with a header line.
#[utoipa::path(get, path = "/f/{show}/parts.csv", params(("show" = ShowId, Path)), security(("key" = [])),
    responses((status = 200, description = "A line per part and option", body = String, content_type = "text/csv"), Problems))]
pub async fn parts_csv(
    State(doors): State<Arc<Doors>>,
    OfShow(desk): OfShow,
    Params(query): Params<FeedKey>,
) -> Result<impl IntoResponse, Failure> {
    extract::screen_key(&doors, &desk, query.key())?;
    let mut text = String::from("of,name,option,label,votes,state,carried\r\n");
    for PartRow { of, name, option, label, votes, carried, state } in part_rows(&desk) {
        text += &csv::line([&of.word(), &name, &option, &label, &votes, &word(&state), &carried]);
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_no_tag() {
        assert_eq!(xml_text("Ada & <Grace>"), "Ada &amp; &lt;Grace&gt;");
    }
}
