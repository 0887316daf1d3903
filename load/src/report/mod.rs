//! The report of a rehearsal: everything that the folder holds, added up, judged, and written as one page for people and
//! as JSON for machines.

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tallylight::base::clock::Micros;

use crate::{
    book::{
        Book, add_words,
        series::{Kind, Series},
        verdict::{self, Verdict},
    },
    latency::Percentiles,
    scenario::{
        file::{self, Scenario},
        folder::{Folder, PartResult, Server, Start, of_part},
    },
};

mod chart;
mod page;

/// All that a report says.
#[derive(Debug, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub words: &'static str,
    pub exit_code: u8,
    pub show: String,
    pub nodes: Vec<String>,
    /// Milliseconds since 1970, on the server's clock.
    pub started_at: u64,
    pub version: &'static str,
    pub parts: usize,
    /// The parts without a result, and how many viewers they had.
    pub missing_parts: Vec<usize>,
    pub missing_viewers: usize,
    pub latencies: BTreeMap<Kind, Percentiles>,
    pub book: Book,
    pub errors: BTreeMap<String, u64>,
    pub events: BTreeMap<String, u64>,
    pub server: Server,
    pub series: Series,
    pub scenario: Scenario,
    #[serde(skip)]
    pub scenario_text: String,
}

/// Options of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of a rehearsal that is over.
    #[arg(long)]
    folder: std::path::PathBuf,
    /// The report is written to NAME.html and NAME.json.
    #[arg(long, value_name = "NAME", default_value = "rehearsal")]
    out: std::path::PathBuf,
}

/// Makes the report of a folder again.
pub fn run(args: &Args) -> Result<ExitCode> {
    write(&Folder::open(&args.folder), &args.out)
}

/// Makes the report of a folder, writes it to `out`.html and `out`.json, and says the verdict.
pub fn write(folder: &Folder, out: &Path) -> Result<ExitCode> {
    let report = read(folder)?;
    let [html, json] = ["html", "json"].map(|extension| {
        let mut name = out.as_os_str().to_owned();
        name.push(format!(".{extension}"));
        std::path::PathBuf::from(name)
    });
    fs::write(&html, page::page(&report)).with_context(|| format!("cannot write {}", html.display()))?;
    fs::write(&json, serde_json::to_vec(&report)?).with_context(|| format!("cannot write {}", json.display()))?;
    println!("{}", say(&report));
    println!("{} and {}", html.display(), json.display());
    Ok(ExitCode::from(report.exit_code))
}

/// Adds up what the parts left.
fn read(folder: &Folder) -> Result<Report> {
    let jobs = folder.jobs()?;
    let job = jobs.first().context("there is no rehearsal in this folder")?;
    let start: Start = folder.read("start.json")?.context("the rehearsal in this folder never began")?;
    let server: Server = folder.read("server.json")?.context("the rehearsal in this folder is not over")?;
    let mut scenario = file::read(&job.scenario)?;
    scenario.seed = job.seed.unwrap_or(scenario.seed);
    let (mut book, mut series) = (Book::default(), Series::new(start.at));
    let (mut errors, mut events) = (BTreeMap::new(), BTreeMap::new());
    let (mut missing_parts, mut played) = (Vec::new(), 0);
    for job in &jobs {
        let Some(result) = folder.read::<PartResult>(&of_part("results", job.part))? else {
            missing_parts.push(job.part);
            continue;
        };
        ensure!(result.part == job.part, "the result of part {} says that it is of part {}", job.part, result.part);
        played += result.viewers;
        book.merge(&result.notes.book);
        series.merge(&result.notes.series);
        add_words(&mut errors, &result.notes.errors);
        add_words(&mut events, &result.notes.words);
    }
    let missing_viewers = scenario.viewers.saturating_sub(played);
    let mut verdict = verdict::compare(&book, &server.accounts, missing_viewers);
    if book.runs.values().all(|run| run.due == 0) && scenario.crowds.iter().any(|crowd| crowd.habits.votes > 0.0) {
        verdict.unchecked.push("No ballot was due: no run that takes ballots was open.".to_owned());
    }
    if folder.has("stop") {
        verdict.missed.push("It was stopped early.".to_owned());
    }
    for done in &server.done {
        if let Some(why) = &done.refused {
            verdict.missed.push(format!("In the studio {} was refused: {why}.", done.what.trim_end_matches('.')));
        }
    }
    verdict.missed.extend(verdict::missed(&scenario.expect, &book, &series, scenario.viewers));
    let latencies = series.tracks.iter().filter(|(_, track)| track.total.n() > 0);
    let latencies = latencies.map(|(kind, track)| (*kind, track.total.percentiles())).collect();
    Ok(Report {
        words: verdict.words(),
        exit_code: verdict.exit_code(),
        verdict,
        show: job.show.clone(),
        nodes: job.nodes.clone(),
        started_at: Micros::as_ms(start.at),
        version: env!("CARGO_PKG_VERSION"),
        parts: jobs.len(),
        missing_parts,
        missing_viewers,
        latencies,
        book,
        errors,
        events,
        server,
        series,
        scenario,
        scenario_text: job.scenario.clone(),
    })
}

/// The verdict for the terminal.
fn say(report: &Report) -> String {
    let mut text = report.words.to_owned();
    let Verdict { wrong, unchecked, missed } = &report.verdict;
    for says in wrong.iter().chain(unchecked).chain(missed) {
        text += &format!("\n  {says}");
    }
    for run in report.book.runs.values().filter(|run| run.votes_per_voter > 0) {
        text += &format!(
            "\n  cue {}: {} ballots due, {} sent, {} counted, {} refused, {} open",
            run.cue,
            run.due,
            run.sent,
            run.counted,
            run.refused(),
            run.open()
        );
    }
    for (kind, p) in &report.latencies {
        text += &format!(
            "\n  {}: {:.1} ms in the median, {:.1} ms of 99 in 100, {:.1} ms at most ({})",
            kind.words(),
            p.p50_ms,
            p.p99_ms,
            p.max_ms,
            p.n
        );
    }
    text
}
