//! The composition root: makes every part of a node, in order, and takes them apart again. The only place that wires
//! areas together.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use anyhow::Context as _;

use crate::{
    ballots::{
        committer::{Committer, Queue},
        courier::Couriers,
        intake::{Intake, LedgerSide},
        restore::Restore,
    },
    base::{
        clock::{Clock, Micros, Stopwatch},
        ids::NodeId,
        limits,
        stance::{Stance, StanceCell},
        sync::Sync,
        tasks::{self, Tasks},
    },
    config::NodeConfig,
    erasure::{self, Place},
    http::{
        listen,
        router::{self, Doors},
    },
    identity::{node, secret::Secret},
    providers::{
        journal::{Directory, Journal as _},
        plain_http::PlainHttp,
        redis::{Config as RedisConfig, Redis},
        secret_file,
        store::{
            SqliteStore, Store,
            erased::{self, Erased},
            shared::SharedStore,
        },
        text_check::TextCheck,
    },
    sessions::gate::Gate,
    shows::{document::Document, file::ShowFile},
    studio::{
        desks::{Desks, Imported},
        installation, keeping,
        services::Services,
    },
    telemetry::metrics::Metrics,
};

/// Where the parts of a data directory are.
pub mod layout {
    /// Journals.
    pub const JOURNALS: &str = "journals";
    /// Shows, the as-run log, manifests, links.
    pub const DOCUMENTS: &str = "documents.db";
    /// The secret that every key is made of.
    pub const SECRET: &str = "node.secret";
    /// The name of the directory.
    pub const NODE: &str = "node.id";
}

/// A node that runs.
pub struct App {
    pub doors: Arc<Doors>,
    /// Where it listens.
    pub address: SocketAddr,
    committer: JoinHandle<()>,
}

impl App {
    /// Starts a node: reads what the last start left, imports shows that are new, then opens the doors.
    ///
    /// # Errors
    /// The data directory is used by another process or cannot be read, or the address is taken.
    pub async fn start(config: &NodeConfig, shows: Vec<ShowFile>) -> anyhow::Result<Self> {
        let journals = config.data.join(layout::JOURNALS);
        // The lock on the journals is the lock on the whole data directory: first of all.
        let directory = Directory::open(&journals)?;
        let node = node::name(&config.data.join(layout::NODE)).context("the name of the data directory")?;
        let secret = secret(config).context("the node secret")?;
        let check = service("check", &config.check.url, config.check.secret_file.as_deref())?;
        let check = check.map(|service| TextCheck::new(service, config.check.timeout));
        let encoder = service("timed", &config.timed.url, config.timed.secret_file.as_deref())?;
        let redis = way_to_redis(config)?;
        let store = SqliteStore::open(&config.data.join(layout::DOCUMENTS))?;
        store.checkpoint()?;
        let shared = redis.clone().map(|redis| Arc::new(SharedStore::new(redis, node)));
        let documents = documents(&store, shared.as_deref()).await?;
        let place = Place { path: config.data.display().to_string(), node, store, journals: directory };
        erasure::by_clock(&place, now())?;
        let (store, directory): (Arc<dyn Store>, _) = (Arc::new(place.store), place.journals);
        let metrics = Arc::<Metrics>::default();
        let restore = restore(&directory, &documents, redis.is_some().then_some(node), &metrics)?;

        let shown = restore.newest.max(newest_entry(&*store, &documents)?);
        let clock = Clock::start_after(shown);
        let mut sync = match &shared {
            Some(shared) => installation::set_clock(&clock, shared, &*store, shown).await,
            None => Sync::default(),
        };
        let clock_ok = shared.is_none() || sync.sure(clock.elapsed_us());
        let journal = directory.create(clock.now())?;
        let (queue, stance) = (Arc::<Queue>::default(), Arc::<StanceCell>::default());
        let tasks = Tasks::default();
        let away = Arc::<AtomicUsize>::default();
        let couriers = redis.clone().map(|redis| Couriers {
            tasks: tasks.clone(),
            redis,
            stance: stance.clone(),
            metrics: metrics.clone(),
            queue: queue.clone(),
            away: away.clone(),
        });
        let ledger = couriers.map(|couriers| LedgerSide {
            directory: node,
            redis: couriers.redis.clone(),
            carry: Box::new(move |run| couriers.carry(run)),
        });
        let intake = Intake::new(queue.clone(), stance.clone(), ledger);
        for run in restore.finish() {
            intake.adopt(run);
        }
        let services = Arc::new(Services {
            node,
            journal: journal.id(),
            clock,
            clock_ok: AtomicBool::new(clock_ok),
            tasks,
            stance: stance.clone(),
            intake,
            queue: queue.clone(),
            store,
            redis,
            buckets_away: away,
            shared: shared.clone(),
            secret,
            check,
            encoder,
            metrics,
            journals,
        });
        services.tasks.spawn(queue.clone().ring_at_turns(services.tasks.stop().clone()));
        let committer = Committer::new(queue, journal, stance);
        let committer = tasks::thread("committer", move || committer.run())?;

        let desks = Arc::<Desks>::default();
        for document in documents {
            desks.open(&services, document);
        }
        if let Some(shared) = shared {
            services.stance.set_holding(true);
            services.tasks.spawn(installation::follow(services.clone(), shared, desks.clone(), sync));
            services.tasks.spawn(installation::watch(services.clone(), desks.clone()));
        } else {
            services.tasks.spawn(watch_clock(services.clone()));
        }
        for show in shows {
            import(&desks, &services, show).await?;
        }

        services.tasks.spawn(keeping::run(services.clone(), desks.clone(), shown));

        let listener = listen::bind(config.listen)
            .with_context(|| format!("listening on {} (--listen takes another address)", config.listen))?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::new(config.doors.clone()));
        let public_url = config.public_url.clone();
        let doors = Arc::new(Doors { services: services.clone(), desks, gate: gate.clone(), public_url });
        services.tasks.spawn(listen::run(listener, router::router(doors.clone()), services.clone(), gate));
        tracing::info!(%address, node = %services.node, journal = %services.journal, "the node is ready");
        Ok(Self { doors, address, committer })
    }

    /// Waits until the journal has ended for good and everybody could read why: then there is nothing left to do here but
    /// to drain. Another start reads what the disk has, and goes on.
    pub async fn failed(&self) {
        while self.doors.services.stance.get() != Stance::JournalFailed {
            tokio::time::sleep(limits::FAILED_LOOK).await;
        }
        tokio::time::sleep(limits::FAILED_LINGER).await;
    }

    /// Drains and ends: clients are steered away, what is staged is settled, documents are moved into their file.
    pub async fn stop(self) {
        let services = &self.doors.services;
        services.stance.set_draining();
        tracing::info!("draining");
        if services.shared.is_some() {
            // Bounded: a Redis that is away must not keep the node from ending.
            if tokio::time::timeout(limits::DRAIN_GRACE, leave(services, &self.doors.desks)).await.is_err() {
                tracing::warn!("this node stays on its rosters");
            }
        }
        if !services.tasks.finish(limits::DRAIN_GRACE).await {
            tracing::warn!("some sessions did not end in time");
        }
        services.queue.stop();
        if self.committer.join().is_err() {
            tracing::error!("the committer had panicked");
        }
        if let Err(error) = services.store.checkpoint() {
            tracing::warn!(%error, "the documents were not moved into their file; the next start does it");
        }
        tracing::info!("ended");
    }
}

/// The secret that all nodes share, or that of the data directory. One is made for a new directory only: beside documents
/// a lost one is a reason not to start.
fn secret(config: &NodeConfig) -> std::io::Result<Secret> {
    let own = config.data.join(layout::SECRET);
    match &config.nodes.secret_file {
        Some(shared) => Secret::shared(shared),
        None if config.data.join(layout::DOCUMENTS).exists() => Secret::read(&own),
        None => Secret::make(&own),
    }
}

/// The way to a service of somebody else, if there is one. It need not be there.
fn service(name: &str, url: &str, secret: Option<&Path>) -> anyhow::Result<Option<PlainHttp>> {
    if url.is_empty() {
        return Ok(None);
    }
    let secret = secret.map(secret_file::read).transpose();
    let secret = secret.with_context(|| format!("{name}_secret_file"))?.unwrap_or_default();
    let service = PlainHttp::new(url, secret.trim().to_owned());
    let wrong = || format!("{name}_url: give http://host[:port][/path]; {name}_secret_file: one word");
    service.map(Some).with_context(wrong)
}

/// The way to Redis, if there are to be many nodes. It need not be there.
///
/// # Errors
/// An address that cannot be one.
pub fn way_to_redis(config: &NodeConfig) -> anyhow::Result<Option<Redis>> {
    let nodes = &config.nodes;
    let redis =
        RedisConfig { urls: nodes.redis.clone(), cluster: nodes.redis_cluster, ca_file: nodes.redis_ca_file.clone() };
    let way = || Redis::open(&redis);
    nodes.shared().then(way).transpose().context("the setting redis")
}

/// All shows that are stored, but those that were erased: here, or with Redis while this directory was away. A Redis that
/// does not answer is asked once.
async fn documents(store: &dyn Store, shared: Option<&SharedStore>) -> anyhow::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for show in store.shows()? {
        let mut erased = erased::of(store, &show)?;
        if let (None, Some(shared)) = (&erased, shared.filter(|shared| shared.health().down.is_none())) {
            erased = shared.erased(&show).await.ok().flatten();
            if let Some(erased) = &erased {
                erased::put(store, &show, &Erased { done: false, ..erased.clone() })?;
            }
        }
        if let Some(Erased { by, by_clock, .. }) = erased {
            if by_clock {
                continue;
            }
            tracing::error!(%show, by, "this show was erased, and its data is still here: stop the node and erase it once more");
            continue;
        }
        if let Some(stored) = store.show(&show)? {
            let document = Document::read(&stored.json);
            documents.push(document.with_context(|| format!("the document of show {show} cannot be read"))?);
        }
    }
    Ok(documents)
}

/// Leaves the rosters, if nothing is held: nobody has to wait for this node then. Otherwise it stays on them.
async fn leave(services: &Arc<Services>, desks: &Desks) {
    for desk in desks.all() {
        let held = || {
            desk.document()
                .runs
                .iter()
                .any(|run| services.intake.run(run.id()).is_some_and(|intake| intake.outstanding() > 0))
        };
        let watch = Stopwatch::start();
        while held() && watch.elapsed() < limits::COMMAND_WAIT {
            tokio::time::sleep(limits::LOOK_EVERY).await;
        }
        let left = if held() {
            None
        } else {
            tokio::time::timeout(limits::COMMAND_WAIT, desk.set_directory(false)).await.ok()
        };
        if !matches!(left, Some(Ok(()))) {
            tracing::warn!(show = %desk.show, "this node stays on the roster: it may hold ballots");
        }
    }
}

/// The newest time in the as-run logs.
fn newest_entry(store: &dyn Store, documents: &[Document]) -> anyhow::Result<Micros> {
    let mut newest = Micros(0);
    for document in documents {
        let last = store.as_run(&document.id, 1)?;
        newest = last.iter().map(|entry| Micros::from_ms(entry.at)).fold(newest, Micros::max);
    }
    Ok(newest)
}

/// The buckets of all runs that are on a desk, from the journals.
fn restore(
    directory: &Directory,
    documents: &[Document],
    shared: Option<NodeId>,
    metrics: &Metrics,
) -> anyhow::Result<Restore> {
    let runs = documents.iter().flat_map(|document| &document.runs);
    let runs = runs.filter(|run| run.definition.interaction.takes_ballots());
    let mut restore = Restore::wanting(runs.map(|run| Arc::new(run.definition.clone())), shared);
    let replay = directory.replay(&mut |journal, frame| restore.take(journal, frame))?;
    anyhow::ensure!(
        shared.is_some() || !restore.is_remote,
        "this data directory holds ballots that several nodes decided over Redis: start with the same setting `redis`"
    );
    for torn in &replay.torn {
        tracing::info!(?torn, "the end of a journal was cut: nobody was told about what stood there");
    }
    for incident in &replay.incidents {
        metrics.incident();
        tracing::error!(?incident, "a journal is damaged");
    }
    for incident in &restore.incidents {
        metrics.incident();
        tracing::error!(incident, "the journals do not add up");
    }
    tracing::info!(journals = replay.journals.len(), ballots = restore.ballots, "the journals are read");
    Ok(restore)
}

async fn import(desks: &Arc<Desks>, services: &Arc<Services>, show: ShowFile) -> anyhow::Result<()> {
    let id = show.id.clone();
    match desks.import(services, show.clone()).await? {
        Imported::Waits => {
            tracing::warn!(show = %id, "the show file has to wait until Redis and this disk agree to it: it is tried again");
            services.tasks.spawn(import_later(desks.clone(), services.clone(), show));
        }
        Imported::Created => tracing::info!(show = %id, "the show is new"),
        Imported::Replaced => tracing::info!(show = %id, "the rundown is replaced by the file's"),
        Imported::Unchanged => {}
        Imported::Edited => tracing::info!(
            show = %id,
            "the show was changed at the desk, and stays so until the file says something else than then"
        ),
        Imported::Erased => tracing::error!(show = %id, "a show of this id was erased: give the new one another id"),
        Imported::Kept => tracing::warn!(
            show = %id,
            "the show is on air with another rundown, which stays: replace it on purpose, with PUT /api/v1/shows/…/file"
        ),
    }
    Ok(())
}

/// Imports a show file as soon as it can be.
async fn import_later(desks: Arc<Desks>, services: Arc<Services>, show: ShowFile) {
    let stop = services.tasks.stop().clone();
    while matches!(desks.import(&services, show.clone()).await, Ok(Imported::Waits) | Err(_)) {
        tokio::select! {
            () = tokio::time::sleep(limits::STORE_RETRY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Looks at the system clock once a second. A step is told, and not followed: windows that are open keep their length.
async fn watch_clock(services: Arc<Services>) {
    const EVERY_MS: u64 = 1000;
    let stop = services.tasks.stop().clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_millis(EVERY_MS)) => {}
            () = stop.cancelled() => return,
        }
        let step = services.clock.resync();
        let was_ok = services.clock_ok.swap(step.is_ok(), Ordering::Relaxed);
        if let (Err(step_us), true) = (step, was_ok) {
            services.metrics.incident();
            tracing::error!(
                step_us,
                "the system clock stepped; this node goes on by its own: restart it between shows"
            );
        }
    }
}

/// A moment of the system clock, for command-line tools that run beside a node.
pub fn now() -> Micros {
    Clock::start().now()
}
