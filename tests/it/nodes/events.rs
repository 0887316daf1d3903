//! The script that keeps what the audience writes in one order, without nodes around it.

use tallylight::{
    base::{
        ids::{ItemId, NodeId, SessionId, ShowId},
        limits,
    },
    providers::{
        redis::{Config, Redis},
        store::shared::{
            SharedStore,
            items::{ItemEvent, ItemNews, KnownItems, Outcome, Want},
        },
    },
};

use crate::support::redis::RedisServer;

struct Node(SharedStore, ShowId);

fn event(id: &str, about: &[&str]) -> ItemEvent {
    ItemEvent { id: id.to_owned(), json: format!("\"{id}\""), about: about.iter().map(ToString::to_string).collect() }
}

fn outcome(news: &ItemNews) -> (Outcome, usize, u64) {
    (news.outcome, news.done, news.count)
}

impl Node {
    fn new(server: &RedisServer, node: u64) -> Self {
        let redis = Redis::open(&Config { urls: vec![server.url()], cluster: false, ca_file: None }).unwrap();
        Self(SharedStore::new(redis, NodeId(node)), "s".parse().unwrap())
    }

    async fn call(&self, epoch: u32, count: u64, want: Want<'_>) -> ItemNews {
        self.0.items(&self.1, KnownItems { epoch, count }, &[NodeId(1), NodeId(2)], want).await.unwrap()
    }

    async fn adds(&self, epoch: u32, count: u64, events: &[ItemEvent]) -> ItemNews {
        self.call(epoch, count, Want::Add(events)).await
    }

    async fn tells(&self, epoch: u32, events: &[ItemEvent]) -> ItemNews {
        self.call(epoch, 0, Want::Tell { events, last: true }).await
    }
}

/// Two nodes that have told all they have, and the epoch.
async fn two(server: &RedisServer) -> (Node, Node, u32) {
    let (one, other) = (Node::new(server, 1), Node::new(server, 2));
    let news = one.call(0, 0, Want::Nothing).await;
    assert_eq!(news.outcome, Outcome::Epoch, "who has told nothing adds nothing");
    one.tells(news.epoch, &[]).await;
    assert_eq!(one.adds(news.epoch, 0, &[event("a", &["x"])]).await.outcome, Outcome::Wait, "the other has not told");
    other.tells(news.epoch, &[]).await;
    (one, other, news.epoch)
}

#[tokio::test]
async fn an_event_is_added_over_what_was_seen_and_once() {
    let server = RedisServer::start(&[]);
    let (one, other, epoch) = two(&server).await;
    assert_eq!(outcome(&one.adds(epoch, 0, &[event("a", &["x", "?in"])]).await), (Outcome::Done, 1, 1));
    let late = other.adds(epoch, 0, &[event("b", &["y"]), event("c", &["x"]), event("d", &["z"])]).await;
    assert_eq!(outcome(&late), (Outcome::Moved, 1, 2), "nothing behind what somebody was faster with");
    assert_eq!(late.events, ["\"a\"", "\"b\""]);
    assert_eq!(outcome(&other.adds(epoch, 2, &[event("c", &["x"]), event("b", &["y"])]).await), (Outcome::Done, 2, 3));
    // What only rests on something meets who changes it, and nobody else.
    assert_eq!(outcome(&one.adds(epoch, 1, &[event("e", &["v", "?in"])]).await), (Outcome::Done, 1, 4));
    assert_eq!(outcome(&one.adds(epoch, 4, &[event("f", &["in"])]).await), (Outcome::Done, 1, 5));
    assert_eq!(outcome(&one.adds(epoch, 4, &[event("g", &["w", "?in"])]).await), (Outcome::Moved, 0, 5));
}

#[tokio::test]
async fn a_redis_that_forgot_is_told_again_before_anything_is_added_and_in_the_order_it_had() {
    let server = RedisServer::start(&[]);
    let (one, other, before) = two(&server).await;
    let all = ["a", "b", "c"].map(|id| event(id, &["x"]));
    for (count, event) in (0..).zip(&all) {
        one.adds(before, count, std::slice::from_ref(event)).await;
    }
    server.tell(&["FLUSHALL"]);
    // The other has not seen the last one, and is first.
    let epoch = other.adds(before, 2, &[event("z", &["x"])]).await.epoch;
    assert!(epoch > before);
    assert_eq!(outcome(&other.tells(epoch, &all[..2]).await), (Outcome::Done, 0, 2));
    assert_eq!(outcome(&other.adds(epoch, 2, &[event("z", &["x"])]).await), (Outcome::Wait, 0, 2));
    assert_eq!(outcome(&one.tells(epoch, &all).await), (Outcome::Done, 0, 3));
    assert_eq!(outcome(&other.adds(epoch, 2, &[event("z", &["x"])]).await), (Outcome::Moved, 0, 3));
    assert_eq!(other.call(epoch, 0, Want::Nothing).await.events, ["\"a\"", "\"b\"", "\"c\""]);
}

#[tokio::test]
async fn a_claim_is_one_sessions_until_its_lease_ends_or_the_item_is_decided() {
    let server = RedisServer::start(&[]);
    let (one, other, epoch) = two(&server).await;
    let claims = async |node: &Node, session: u64, items: &[u64]| {
        let items: Vec<_> = items.iter().map(|item| ItemId(*item)).collect();
        let want = Want::Claim { session: SessionId(session), name: "Kim\nand 1 2", items: &items };
        let news = node.call(epoch, 0, want).await;
        let mut claims: Vec<_> = news.claims.iter().map(|claim| (claim.item.0, claim.session.0)).collect();
        claims.sort_unstable();
        claims
    };
    assert_eq!(claims(&one, 7, &[1, 2]).await, [(1, 7), (2, 7)]);
    assert_eq!(claims(&other, 8, &[2, 3]).await, [(1, 7), (2, 7), (3, 8)]);
    assert_eq!(claims(&one, 7, &[2]).await, [(2, 7), (3, 8)], "these and no others");
    let time: Vec<u64> = server.ask(&["TIME"]).unwrap();
    let news = one.adds(epoch, 0, &[event("a", &[&ItemId(2).to_string()])]).await;
    assert_eq!((news.claims.len(), &*news.claims[0].name), (1, "Kim\nand 1 2"), "what is decided is nobody's");
    let left_ms = news.claims[0].until.as_ms() - time[0] * 1000;
    assert!(left_ms <= limits::CLAIM_LEASE_MS + 1000, "{left_ms}");
    server.tell(&["HSET", "{tl:show:s}", "claims", &format!("1 {} {} \"Kim\"", SessionId(9), ItemId(5))]);
    assert_eq!(claims(&one, 7, &[5]).await, [(5, 7)], "what has ended is nobody's");
}
