//! The scripts of the control state, without nodes around them.

use std::time::Duration;

use tallylight::{
    base::{
        clock::Micros,
        ids::{NodeId, RunId, ShowId},
    },
    providers::{
        redis::{Config, Redis},
        store::{
            StoredShow,
            shared::{Known, Offer, Replacement, SharedStore, Swap},
        },
    },
    wire::server::AsRunEntry,
};

use crate::support::redis::RedisServer;

const EVER: Micros = Micros(u64::MAX >> 12);

struct Node(SharedStore, ShowId);

impl Node {
    fn new(server: &RedisServer, node: u64) -> Self {
        let redis = Redis::open(&Config { urls: vec![server.url()], cluster: false, ca_file: None }).unwrap();
        Self(SharedStore::new(redis, NodeId(node)), "s".parse().unwrap())
    }

    /// Replaces what is known by the next revision, called `hash`.
    async fn swap(&self, known: &Known, hash: &str, until: Micros) -> Swap {
        let revision = if known.hash.is_empty() { 1 } else { known.revision + 1 };
        let next = StoredShow { revision, json: format!("{{\"is\":\"{hash}\"}}") };
        let log = [entry(hash)];
        let replacement =
            Replacement { known, next: &next, hash, until, roster: &[NodeId(1)], log: &log, merged: None };
        self.0.replace(&self.1, replacement).await.unwrap()
    }

    async fn offer(&self, known: &Known, history: &[(u64, &str)]) -> (u32, Offer) {
        let history: Vec<_> = history.iter().map(|(revision, hash)| (*revision, (*hash).to_owned())).collect();
        self.0.offer(&self.1, known, "{}", &history, &[NodeId(1)]).await.unwrap()
    }

    /// A new show with revisions called a, b and c.
    async fn abc(&self) -> Known {
        let Swap::Epoch(epoch) = self.swap(&Known::default(), "a", EVER).await else { panic!("a history begins") };
        self.offer(&Known { epoch, ..Known::default() }, &[]).await;
        for (revision, hash, next) in [(0, "", "a"), (1, "a", "b"), (2, "b", "c")] {
            assert_eq!(self.swap(&known(epoch, revision, hash), next, EVER).await, Swap::Done);
        }
        known(epoch, 3, "c")
    }
}

fn known(epoch: u32, revision: u64, hash: &str) -> Known {
    Known { epoch, revision, hash: hash.to_owned(), logged: 0 }
}

fn entry(id: &str) -> AsRunEntry {
    let (by, what) = ("Op".to_owned(), "take".to_owned());
    AsRunEntry { id: id.into(), at: 1, rehearsal: true, by, what, cue: None, run: None, note: String::new() }
}

#[tokio::test]
async fn a_swap_needs_what_is_held_and_the_same_one_twice_is_one() {
    let server = RedisServer::start(&[]);
    let node = Node::new(&server, 1);
    let at = node.abc().await;
    assert_eq!(node.swap(&known(at.epoch, 2, "b"), "x", EVER).await, Swap::Moved);
    assert_eq!(node.swap(&known(at.epoch, 2, "b"), "c", EVER).await, Swap::Done, "it is held already");
    assert_eq!(node.swap(&known(at.epoch, 1, "a"), "b", EVER).await, Swap::Done, "and others went on from it");
    assert_eq!(node.swap(&at, "d", Micros(1)).await, Swap::Late);
    let look = node.0.look(&node.1, &Known::default(), &[], Some("{}"), &[entry("a"), entry("e")]).await.unwrap();
    let ids: Vec<_> = look.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!((look.revision, ids), (3, vec!["a", "b", "c", "e"]), "an entry stands there once");
    assert_eq!(look.links, [(1, "a".into()), (2, "b".into()), (3, "c".into())]);
    assert_eq!(look.nodes, [(NodeId(1), "{}".to_owned())]);
    let again = node.0.look(&node.1, &Known { logged: look.logged, ..at.clone() }, &[], None, &[]).await.unwrap();
    assert_eq!((again.json, again.entries.len(), again.ancestor.as_str()), (None, 0, "c"));
}

#[tokio::test]
async fn of_two_nodes_with_the_same_document_one_was_first() {
    let server = RedisServer::start(&[]);
    let node = Node::new(&server, 1);
    let at = node.abc().await;
    let next = StoredShow { revision: 4, json: "{}".into() };
    let by = |by: &str| [AsRunEntry { by: by.into(), ..entry("1.4") }];
    let swap = async |log: &[AsRunEntry]| {
        let replacement =
            Replacement { known: &at, next: &next, hash: "d", until: EVER, roster: &[], log, merged: None };
        node.0.replace(&node.1, replacement).await.unwrap()
    };
    assert_eq!(swap(&by("Kim")).await, Swap::Done);
    assert_eq!(swap(&by("Lou")).await, Swap::Moved, "this freeze is another one");
    assert_eq!(swap(&by("Kim")).await, Swap::Done);
}

#[tokio::test]
async fn after_a_change_of_history_nodes_are_heard_before_commands() {
    let server = RedisServer::start(&[]);
    let (one, two) = (Node::new(&server, 1), Node::new(&server, 2));
    let at = one.abc().await;
    two.0.look(&two.1, &at, &[], Some("{}"), &[]).await.unwrap();
    server.change_history();
    let Swap::Epoch(epoch) = one.swap(&at, "d", EVER).await else { panic!("the history changed") };
    assert_eq!(epoch, at.epoch + 1);
    let at = Known { epoch, ..at };
    assert_eq!(one.offer(&at, &[(3, "c")]).await, (epoch, Offer::Kept));
    assert!(
        matches!(one.swap(&at, "d", EVER).await, Swap::Wait(left) if left <= Duration::from_secs(2)),
        "node 2 lives"
    );
    // It has one more, which Redis lost.
    let ahead = known(epoch, 4, "d");
    assert_eq!(two.offer(&ahead, &[(2, "b"), (3, "c"), (4, "d")]).await, (epoch, Offer::Back));
    assert_eq!(one.swap(&at, "x", EVER).await, Swap::Moved, "all were heard, and there is something newer");
    assert_eq!(one.swap(&ahead, "e", EVER).await, Swap::Done);
}

#[tokio::test]
async fn a_branch_is_told_from_what_is_only_old() {
    let server = RedisServer::start(&[]);
    let node = Node::new(&server, 1);
    let at = node.abc().await;
    let offer = async |revision, hash: &str, history: &[(u64, &str)]| {
        node.offer(&known(at.epoch, revision, hash), history).await.1
    };
    assert_eq!(offer(2, "b", &[(1, "a"), (2, "b")]).await, Offer::Kept);
    assert_eq!(offer(3, "y", &[(1, "a"), (2, "x"), (3, "y")]).await, Offer::Fork { ancestor: 1 });
    assert_eq!(offer(5, "z", &[(2, "b"), (3, "y"), (5, "z")]).await, Offer::Fork { ancestor: 2 });
    assert_eq!(offer(0, "", &[]).await, Offer::Kept, "it has nothing");
    // A branch that was joined is no branch any more.
    let next = StoredShow { revision: 6, json: "{}".into() };
    let replacement =
        Replacement { known: &at, next: &next, hash: "joined", until: EVER, roster: &[], log: &[], merged: Some("z") };
    assert_eq!(node.0.replace(&node.1, replacement).await, Ok(Swap::Done));
    assert_eq!(offer(5, "z", &[(2, "b"), (3, "y"), (5, "z")]).await, Offer::Kept);
    // What is very old was trimmed away, and is no branch either.
    let far = StoredShow { revision: 900, json: "{}".into() };
    let before = known(at.epoch, 6, "joined");
    let replacement =
        Replacement { known: &before, next: &far, hash: "far", until: EVER, roster: &[], log: &[], merged: None };
    assert_eq!(node.0.replace(&node.1, replacement).await, Ok(Swap::Done));
    assert_eq!(offer(3, "q", &[(3, "q")]).await, Offer::Kept);
}

#[tokio::test]
async fn manifests_are_kept_once_and_witnesses_by_node() {
    let server = RedisServer::start(&[]);
    let (one, two) = (Node::new(&server, 1), Node::new(&server, 2));
    let (run, show) = (RunId(7), &one.1);
    assert_eq!(one.0.put_manifest(show, run, 1, "{\"by\":1}").await.unwrap(), "{\"by\":1}");
    assert_eq!(two.0.put_manifest(show, run, 1, "{\"by\":2}").await.unwrap(), "{\"by\":1}");
    assert_eq!(two.0.manifests(show).await.unwrap(), [(run, 1, "{\"by\":1}".to_owned())]);
    one.0.put_witness(show, run, 1, "first").await.unwrap();
    one.0.put_witness(show, run, 1, "again").await.unwrap();
    two.0.put_witness(show, run, 1, "other").await.unwrap();
    let mut witnesses = one.0.witnesses(show, run, 1).await.unwrap();
    witnesses.sort();
    assert_eq!(witnesses, [(NodeId(1), "again".to_owned()), (NodeId(2), "other".to_owned())]);
    assert_eq!(one.0.witnesses(show, run, 2).await.unwrap(), []);
}
