//! A desk between a disk that is slow, stuck or broken and people who press.

use std::{
    path::PathBuf,
    sync::{
        Condvar, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    ballots::{committer::Queue, intake::Intake},
    base::{
        clock::Clock,
        ids::{JournalId, NodeId, RunId},
        limits,
        stance::StanceCell,
        tasks::Tasks,
    },
    identity::secret::Secret,
    live::results::Audience,
    providers::store::{Link, Store, StoreError, StoredItems, StoredShow},
    shows::{transition::tests::Desk as Transitions, windows::Span},
    wire::server::{AsRunEntry, GraphicState, Role},
};

/// Documents on a disk that can be told to be slow or stuck.
#[derive(Debug, Default)]
struct FakeStore {
    slow: Mutex<Option<Duration>>,
    stuck: AtomicBool,
    unstuck: (Mutex<()>, Condvar),
    desk: OnceLock<Arc<Desk>>,
    /// What was stored, and what acted already when it was.
    stored: Mutex<Vec<(u64, u64)>>,
}

impl Store for FakeStore {
    fn shows(&self) -> Result<Vec<ShowId>, StoreError> {
        Ok(Vec::new())
    }
    fn show(&self, _: &ShowId) -> Result<Option<StoredShow>, StoreError> {
        Ok(None)
    }
    fn replace(&self, _: &ShowId, _: u64, next: &StoredShow, _: &[AsRunEntry]) -> Result<bool, StoreError> {
        let acts = self.desk.get().map_or(0, |desk| desk.document().revision);
        self.stored.lock().unwrap().push((next.revision, acts));
        if let Some(slow) = self.slow.lock().unwrap().take() {
            std::thread::sleep(slow);
        }
        Ok(true)
    }
    fn log(&self, _: &ShowId, _: &[AsRunEntry]) -> Result<(), StoreError> {
        let guard = self.unstuck.0.lock().unwrap();
        drop(self.unstuck.1.wait_while(guard, |()| self.stuck.load(Ordering::Relaxed)).unwrap());
        Ok(())
    }
    fn merge_log(&self, _: &ShowId, _: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError> {
        Ok(Vec::new())
    }
    fn propose(&self, _: &ShowId, _: &StoredShow) -> Result<(), StoreError> {
        Ok(())
    }
    fn confirm(
        &self,
        _: &ShowId,
        _: &StoredShow,
        _: &[(u64, String)],
        _: &[AsRunEntry],
    ) -> Result<Vec<AsRunEntry>, StoreError> {
        Ok(Vec::new())
    }
    fn history(&self, _: &ShowId) -> Result<Vec<(u64, String)>, StoreError> {
        Ok(Vec::new())
    }
    fn note(&self, _: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
    fn put_note(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
    fn as_run(&self, _: &ShowId, _: usize) -> Result<Vec<AsRunEntry>, StoreError> {
        Ok(Vec::new())
    }
    fn items(&self, _: &ShowId) -> Result<StoredItems, StoreError> {
        Ok(StoredItems::default())
    }
    fn put_items(&self, _: &ShowId, _: &StoredItems, _: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError> {
        Ok(Vec::new())
    }
    fn order_items(&self, _: &ShowId, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }
    fn put_manifest(&self, _: &ShowId, _: RunId, _: u32, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
    fn manifests(&self, _: &ShowId) -> Result<Vec<(RunId, u32, String)>, StoreError> {
        Ok(Vec::new())
    }
    fn put_link(&self, _: &str, _: &Link) -> Result<(), StoreError> {
        Ok(())
    }
    fn use_link(&self, _: &str, _: Micros) -> Result<Option<Link>, StoreError> {
        Ok(None)
    }
    fn erase(&self, _: &ShowId, _: &AsRunEntry) -> Result<(), StoreError> {
        Ok(())
    }
    fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }
    fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Node {
    store: Arc<FakeStore>,
    services: Arc<Services>,
    desk: Arc<Desk>,
    pressed: std::cell::Cell<u32>,
}

impl Node {
    /// A node with a run that is open for a minute from now.
    fn with_an_open_run() -> Self {
        Self::with(FakeStore::default())
    }

    fn with(store: FakeStore) -> Self {
        let (queue, stance, store) = (Arc::<Queue>::default(), Arc::<StanceCell>::default(), Arc::new(store));
        let services = Arc::new(Services {
            node: NodeId(1),
            journal: JournalId(1),
            clock: Clock::start(),
            clock_ok: AtomicBool::new(true),
            tasks: Tasks::default(),
            stance: stance.clone(),
            intake: Intake::new(queue.clone(), stance, None),
            queue,
            store: store.clone(),
            redis: None,
            buckets_away: Arc::default(),
            shared: None,
            check: None,
            encoder: None,
            secret: Secret::of(&[1; 32]),
            metrics: Arc::default(),
            journals: PathBuf::new(),
        });
        let mut document = Transitions::open_for(60).document;
        let opens = services.clock.now();
        document.runs[0].windows.spans = vec![Span { opens, closes: Some(opens.plus_ms(60_000)) }];
        let desk = Desk::start(&services, document);
        store.desk.set(desk.clone()).unwrap();
        Self { store, services, desk, pressed: std::cell::Cell::new(0) }
    }

    async fn press(&self, command: Command) -> Done {
        self.pressed.set(self.pressed.get() + 1);
        let message = CommandMessage { id: self.pressed.get().to_string(), expect: None, command };
        let by = Staff { session: SessionId(1), name: "Op".to_owned(), role: Role::Producer };
        self.desk.command(&self.services, message, by).await
    }
}

#[tokio::test]
async fn a_panic_reaches_the_screens_while_the_disk_is_stuck() {
    let store = FakeStore::default();
    store.stuck.store(true, Ordering::Relaxed);
    let node = Node::with(store);
    let mut screens = node.desk.hub.follow(Audience::Screens);
    let on_screens = || node.desk.hub.newest(Audience::Screens).0.map(|show| show.graphic.state);
    // What the clock did is due to be logged, and the disk keeps its writer.
    let panicked = tokio::time::timeout(Duration::from_secs(5), async {
        while on_screens().is_none() {
            screens.changed().await.unwrap();
        }
        node.press(Command::Panic).await;
        while on_screens() != Some(GraphicState::Panic) {
            screens.changed().await.unwrap();
        }
    });
    let panicked = panicked.await;
    node.store.stuck.store(false, Ordering::Relaxed);
    drop(node.store.unstuck.0.lock());
    node.store.unstuck.1.notify_all();
    panicked.expect("screens are pulled whatever the disk does");
}

#[tokio::test]
async fn a_panic_overtakes_a_command_that_waits_for_the_disk() {
    let node = Node::with_an_open_run();
    *node.store.slow.lock().unwrap() = Some(Duration::from_secs(2));
    let mut screens = node.desk.hub.follow(Audience::Screens);
    let on_screens = || node.desk.hub.newest(Audience::Screens).0.map(|show| show.graphic.state);
    let pulled = async {
        while on_screens() != Some(GraphicState::Panic) {
            screens.changed().await.unwrap();
        }
        node.desk.document().graphic.state
    };
    let (held, panicked, before) = tokio::join!(node.press(Command::Hold), node.press(Command::Panic), pulled);
    assert!(held.ok && panicked.ok);
    assert_eq!(before, GraphicState::OnAir, "the screens were pulled before the command had its turn");
    assert_eq!(node.desk.document().graphic.state, GraphicState::Panic);
}

#[tokio::test]
async fn a_window_change_that_was_stored_too_late_never_acts() {
    let node = Node::with_an_open_run();
    *node.store.slow.lock().unwrap() = Some(Duration::from_millis(limits::WINDOW_LEAD_MS + 100));
    assert!(node.press(Command::Close).await.ok);
    let closes = node.desk.document().runs[0].windows.spans[0].closes.unwrap();
    assert!(closes > node.services.clock.now());
    let stored = node.store.stored.lock().unwrap().clone();
    let first = stored[0].1;
    assert_eq!(stored, [(first + 1, first), (first + 2, first + 2)], "the late one was stored and did not act");
}

#[tokio::test]
async fn a_double_press_is_done_once_though_the_disk_is_slow() {
    let node = Node::with_an_open_run();
    *node.store.slow.lock().unwrap() = Some(Duration::from_millis(limits::DEBOUNCE_MS + 200));
    let (first, second) = tokio::join!(node.press(Command::Step), node.press(Command::Step));
    assert_eq!((first.ok, second.code), (true, Some(Code::TooSoon)));
    assert_eq!(node.desk.document().graphic.step, 1);
}
