//! The leader of a rehearsal: cuts the audience into parts, starts workers (or waits for those of other machines), gives
//! the common start, presses in the studio, watches the server, and makes the report.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tallylight::{base::clock::Clock, viewer::connection::NodeAddress};
use tokio::time::sleep;

use super::{
    check, clock,
    file::Scenario,
    folder::{Folder, Job, Progress, Server, of_part},
    http::Http,
    metrics,
    shared::Figures,
    studio::{Done, Studio},
    worker,
};
use crate::report;

/// A worker that gives no sign of life for so long is dead.
const SILENT: Duration = Duration::from_secs(20);
/// Workers have come within this time, or their parts are missing.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Lines of progress where no terminal is.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Beyond what the workers wait for at the end.
const END_SLACK: Duration = Duration::from_secs(30);

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The scenario file.
    scenario: PathBuf,
    /// A node, http://host:port; several, separated by commas, are nodes of one service.
    #[arg(long = "url", required = true, value_delimiter = ',')]
    nodes: Vec<NodeAddress>,
    /// The show's id; left out: the scenario says it.
    #[arg(long)]
    show: Option<String>,
    /// A staff link of a producer, as the start of the node printed it: the tool presses in the studio, and has every run
    /// sealed and verified. Left out: a person presses what the tool says.
    #[arg(long)]
    staff: Option<String>,
    /// Also plays in a show that is live. Its ballots count there.
    #[arg(long)]
    live: bool,
    /// Processes of this machine; left out: as many as the limit of open files asks for.
    #[arg(long)]
    workers: Option<usize>,
    /// Workers that are started elsewhere with `worker --folder`; needs --folder.
    #[arg(long, default_value_t = 0, requires = "folder")]
    others: usize,
    /// Keeps jobs and results in this folder, which must be empty; workers elsewhere see it, too.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The report is written to NAME.html and NAME.json.
    #[arg(long, value_name = "NAME", default_value = "rehearsal")]
    out: PathBuf,
    /// Seconds to wait at the end for ballots without a final answer.
    #[arg(long, default_value_t = 15)]
    settle: u64,
    /// Another seed than the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// The Origin header of the viewers; left out: the node's own.
    #[arg(long)]
    origin: Option<String>,
}

/// Plays the scenario and writes the report. The exit code is that of the verdict: 0 right, 1 the books are wrong, 3 not
/// all could be compared or not as expected.
pub fn run(args: &Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lead(args))
}

async fn lead(args: &Args) -> Result<ExitCode> {
    let (text, scenario) = check::read(&args.scenario)?;
    let show = args.show.clone().or_else(|| scenario.show.clone());
    let show = show.context("which show? Give --show, or write `show = \"…\"` into the scenario")?;
    let first = || Http::new(args.nodes[0].clone(), None);
    let clock = clock::of_server(&mut first()).await.with_context(|| format!("http://{}", args.nodes[0]))?;
    let mut studio = Studio::enter(first(), show.clone(), args.staff.as_deref()).await?;
    let live = studio.live().await?;
    ensure!(
        args.live || live["show"]["rehearsal"] == true,
        "the show {show} is live: ballots of this audience would count. Rehearse on the studio page first, or say --live"
    );
    let local = args
        .workers
        .unwrap_or_else(|| if args.others > 0 { 0 } else { scenario.viewers.div_ceil(worker::viewers_max()) });
    let parts = local + args.others;
    ensure!(parts > 0, "nobody plays: give --workers or --others");
    let temporary = std::env::temp_dir().join(format!("tallylight-load-{}", std::process::id()));
    let folder = Folder::make(args.folder.as_ref().unwrap_or(&temporary))?;
    let jobs: Vec<_> = (0..parts)
        .map(|part| Job {
            scenario: text.clone(),
            seed: args.seed,
            show: show.clone(),
            nodes: args.nodes.iter().map(ToString::to_string).collect(),
            origin: args.origin.clone(),
            part,
            parts,
            settle_s: args.settle,
        })
        .collect();
    for job in &jobs {
        folder.write(&of_part("jobs", job.part), job)?;
    }
    let workers = (0..local).map(|_| start_worker(&folder)).collect::<Result<Vec<_>>>()?;
    let leader = Leader { args, scenario, folder, parts, workers, clock };
    let played = leader.play(studio).await;
    let written = played.and_then(|folder| report::write(&folder, &args.out));
    let outcome = written.with_context(|| format!("no report; what there is, is in {}", temporary.display()));
    if args.folder.is_none() && outcome.is_ok() {
        // What is left of it is in the report.
        let _ = fs::remove_dir_all(&temporary);
    }
    outcome
}

fn start_worker(folder: &Folder) -> Result<Child> {
    let program = std::env::current_exe().context("where is this program?")?;
    let mut command = Command::new(program);
    command.arg("worker").arg("--folder").arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().context("cannot start a worker")
}

struct Leader<'a> {
    args: &'a Args,
    scenario: Scenario,
    folder: Folder,
    parts: usize,
    workers: Vec<Child>,
    clock: Clock,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // It has ended, or it never will.
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

impl Leader<'_> {
    /// From the first worker that is ready to the last result. Gives the folder back, with all that a report needs.
    async fn play(mut self, mut studio: Studio) -> Result<Folder> {
        println!("{}", check::summary(&self.scenario, self.parts));
        self.wait_until_ready().await?;
        let mut nodes: Vec<_> = self.args.nodes.iter().map(|node| Http::new(node.clone(), None)).collect();
        let mut server = Server { samples: vec![metrics::sample(&mut nodes, 0.0).await], ..Server::default() };
        let start = worker::start_after(self.clock.now());
        self.folder.write("start.json", &start)?;
        if !studio.has_hands() {
            eprintln!("no --staff: press in the studio what is said here");
        }
        let seconds = |clock: &Clock| (clock.now().0 as f64 - start.at.0 as f64) / 1e6;
        let mut steps = self.scenario.steps.clone().into_iter().peekable();
        let (mut sampled, mut shown) = (Instant::now(), Instant::now());
        let mut heard = vec![(Figures::default(), Instant::now()); self.parts];
        let mut stopped = false;
        let ended = loop {
            let now_s = seconds(&self.clock);
            while let Some(step) = steps.next_if(|step| step.at_s <= now_s && !stopped) {
                let refused = studio.act(&step.act).await.err();
                if let Some(why) = &refused {
                    self.say(&format!("{} was refused: {why}", step.act));
                }
                let (due_s, at_s) = (step.at_s, seconds(&self.clock));
                server.done.push(Done { due_s, at_s, what: step.act.to_string(), refused });
            }
            if sampled.elapsed() >= Duration::from_secs(1) {
                sampled = Instant::now();
                server.samples.push(metrics::sample(&mut nodes, now_s).await);
                studio.look().await;
                self.hear(&mut heard)?;
            }
            let every = if std::io::stderr().is_terminal() { Duration::from_secs(1) } else { LINE_EVERY };
            if shown.elapsed() >= every {
                shown = Instant::now();
                self.say(&line(now_s, &heard));
            }
            if self.all_done(&mut heard) {
                break true;
            }
            let last_s = self.scenario.seconds + (Duration::from_secs(self.args.settle) + END_SLACK).as_secs_f64();
            if now_s > last_s {
                break false;
            }
            let next_s = steps.peek().map_or(f64::MAX, |step| step.at_s);
            let wait = Duration::from_secs_f64((next_s - now_s).clamp(0.0, 0.1));
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {
                    ensure!(!stopped, "ended at once");
                    stopped = true;
                    self.say("stopping early: what was sent is settled first; once more ends at once");
                    self.folder.write("stop", &true)?;
                }
                () = sleep(wait) => {}
            }
        };
        if !ended {
            self.say("some workers did not end: their parts are missing");
        }
        self.say("closing, sealing and verifying what was counted");
        server.accounts = tokio::select! {
            accounts = studio.conclude() => accounts,
            _ = tokio::signal::ctrl_c() => bail!("ended before the accounts were there"),
        };
        server.samples.push(metrics::sample(&mut nodes, seconds(&self.clock)).await);
        self.folder.write("server.json", &server)?;
        eprintln!();
        Ok(self.folder.clone())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            let ready = (0..self.parts).filter(|part| self.folder.has(&of_part("ready", *part))).count();
            if ready == self.parts {
                return Ok(());
            }
            let dead = self.workers.iter_mut().filter_map(|worker| worker.try_wait().ok().flatten()).count();
            if dead == self.workers.len() && self.args.others == 0 {
                bail!("no worker got ready: see above");
            }
            if Instant::now() >= until {
                ensure!(ready > 0, "no worker got ready within {} s", READY_WITHIN.as_secs());
                self.say(&format!("{ready} of {} workers are ready: the others' viewers will be missing", self.parts));
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Reads what the workers tell, and when each was last heard of.
    fn hear(&self, heard: &mut [(Figures, Instant)]) -> Result<()> {
        for (part, (figures, at)) in heard.iter_mut().enumerate() {
            let told: Option<Progress> = self.folder.read(&of_part("progress", part))?;
            // A sign of life says when it was made: an old one that still lies there is none.
            if let Some(told) = told.filter(|told| self.clock.now().since_ms(told.at) < 5000) {
                (*figures, *at) = (told.figures, Instant::now());
            }
        }
        Ok(())
    }

    /// Whether every part has its result, or nobody is left who could make it.
    fn all_done(&mut self, heard: &mut [(Figures, Instant)]) -> bool {
        let local_gone = self.workers.iter_mut().all(|worker| matches!(worker.try_wait(), Ok(Some(_))));
        heard.iter().enumerate().all(|(part, (_, at))| {
            let gone = if self.args.others == 0 { local_gone } else { at.elapsed() > SILENT };
            gone || self.folder.has(&of_part("results", part))
        })
    }

    /// A line: over the one before on a terminal, else below it.
    fn say(&self, text: &str) {
        let mut out = std::io::stderr();
        let end = if out.is_terminal() { "\x1b[K\r" } else { "\n" };
        let _ = write!(out, "{text}{end}");
        let _ = out.flush();
    }
}

fn line(now_s: f64, heard: &[(Figures, Instant)]) -> String {
    let sum = |of: fn(&Figures) -> u64| heard.iter().map(|(figures, _)| of(figures)).sum::<u64>();
    let [connected, joined, sent, counted, errors] =
        [sum(|f| f.connected), sum(|f| f.joined), sum(|f| f.sent), sum(|f| f.counted), sum(|f| f.errors)];
    let open = sent.saturating_sub(sum(|f| f.settled));
    format!(
        "{now_s:>5.0} s  {joined} came in, {connected} are there  {sent} ballots sent, {counted} counted, {open} open  \
         {errors} errors"
    )
}
