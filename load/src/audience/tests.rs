//! The audience against two small nodes that speak docs/WIRE.md and share one book: an honest pair, and pairs that lie.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tallylight::wire::SUBPROTOCOL;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::HeaderValue,
    },
};

use super::*;

const RUN: &str = "00000000000000aa";
/// Of first receipts, one in so many is never sent: the node closes instead.
const SILENT_EVERY: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Honesty {
    Honest,
    /// Says of a counted ballot that came again that it was late.
    TakesBack,
    /// Counts all ballots of a voter.
    CountsAll,
    /// Answers with another ballot's id as well.
    Babbles,
}

/// The receipts that were given, and the voters that have voted.
#[derive(Debug, Default)]
struct Given {
    receipts: HashMap<(String, String), Value>,
    voted: HashMap<String, u32>,
    tokens: usize,
}

impl Given {
    /// The receipt for a ballot, and whether it is the first.
    fn decide(&mut self, voter: &str, vote: &Value, honesty: Honesty) -> (Value, bool) {
        let id = vote["id"].as_str().unwrap().to_owned();
        if let Some(given) = self.receipts.get(&(voter.to_owned(), id.clone())) {
            let mut again = given.clone();
            again["repeated"] = true.into();
            if honesty == Honesty::TakesBack && given["is"] == "counted" {
                again["is"] = "refused".into();
                again["reason"] = "late".into();
            }
            return (again, false);
        }
        let votes = self.voted.entry(voter.to_owned()).or_default();
        let mut receipt = json!({"t": "receipt", "run": vote["run"], "id": id, "is": "counted"});
        if *votes > 0 && honesty != Honesty::CountsAll {
            receipt["is"] = "refused".into();
            receipt["reason"] = "budget".into();
        }
        *votes += 1;
        self.receipts.insert((voter.to_owned(), id), receipt.clone());
        (receipt, true)
    }
}

#[expect(clippy::result_large_err, reason = "the shape of the callback is given")]
async fn serve(stream: TcpStream, given: Arc<Mutex<Given>>, honesty: Honesty) {
    let upgrade = |_: &Request, mut response: Response| {
        response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(stream, upgrade).await else { return };
    let mut voter = String::new();
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        let message: Value = serde_json::from_str(&text).unwrap();
        let mut replies = Vec::new();
        if message["t"] == "join" {
            let id = "0000000000000001";
            let mut welcome = json!({"t": "welcome", "protocol": SUBPROTOCOL, "node": id, "session": id, "now": 1,
                "role": "viewer"});
            if let Some(device) = message["device"].as_str() {
                device.clone_into(&mut voter);
            } else {
                let mut given = given.lock().unwrap();
                given.tokens += 1;
                voter = format!("token {}", given.tokens);
                welcome["device"] = voter.as_str().into();
            }
            let options = [1, 2, 3].map(|n| json!({"n": n, "label": "x"}));
            replies = vec![
                welcome,
                json!({"t": "show", "id": "s", "title": "", "epoch": 1, "rev": 1, "now": 1, "rehearsal": false,
                    "graphic": {"state": "on_air", "step": 0, "frozen": false},
                    "run": {"id": RUN, "cue": "1A", "question": "?", "votes": 1, "phase": "open", "hold": false,
                        "options": options}}),
            ];
        } else {
            let (receipt, first, n) = {
                let mut given = given.lock().unwrap();
                let (receipt, first) = given.decide(&voter, &message, honesty);
                (receipt, first, given.receipts.len())
            };
            if first && n % SILENT_EVERY == 0 {
                let _ = socket.send(Message::text(r#"{"t":"reconnect","after_ms":0}"#)).await;
                return;
            }
            if honesty == Honesty::Babbles {
                let mut other = receipt.clone();
                other["id"] = format!("{n:032x}").into();
                replies.push(other);
            }
            replies.push(receipt);
        }
        for reply in replies {
            if socket.send(Message::text(reply.to_string())).await.is_err() {
                return;
            }
        }
    }
}

async fn listen(tasks: &Tasks, given: &Arc<Mutex<Given>>, honesty: Honesty) -> NodeAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let (inner, given) = (tasks.clone(), Arc::clone(given));
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            inner.spawn(serve(stream, Arc::clone(&given), honesty));
        }
    });
    address
}

/// The summary and the book of a short show, and what the nodes say of it.
async fn act(honesty: Honesty) -> (Summary, Value, Vec<Value>, Arc<Mutex<Given>>) {
    let (tasks, given) = (Tasks::default(), Arc::default());
    let nodes = vec![listen(&tasks, &given, honesty).await, listen(&tasks, &given, honesty).await];
    let directory = std::env::temp_dir().join(format!("tallylight-book-{}-{honesty:?}", std::process::id()));
    let args = Args {
        nodes,
        show: "s".to_owned(),
        connections: 110,
        join_per_second: 5000.0,
        votes_per_second: Some(2000.0),
        think_ms: 0,
        votes_per_voter: 1,
        over_budget: false,
        retry_share: 0.5,
        switch_share: 0.3,
        compete_share: 0.1,
        duration: 1.5,
        settle: 10,
        threads: 1,
        seed: 11,
        book: Some(directory.clone()),
        origin: None,
    };
    let summary = play(args).await.unwrap();
    let book = std::fs::read_to_string(&directory).unwrap();
    std::fs::remove_file(&directory).unwrap();
    let book = book.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let value = serde_json::to_value(&summary).unwrap();
    (summary, value, book, given)
}

#[tokio::test]
async fn an_honest_service_passes_and_the_book_agrees_with_it() {
    let (summary, value, book, given) = act(Honesty::Honest).await;
    assert!(summary.sound(), "{value:#}");
    let ballots = &value["ballots"];
    // 100 voters have one vote each; the ten that compete cast two ballots, of which one must lose.
    assert_eq!((&ballots["cast"], &ballots["counted"]), (&json!(110), &json!(100)), "{value:#}");
    assert_eq!((&ballots["refused"], &ballots["open"]), (&json!({"budget": 10}), &json!({})));
    assert!(value["rejoins"].as_u64() > Some(20) && ballots["again"].as_u64() > Some(30));
    assert_eq!((book.len(), value["to_settled"]["n"].as_u64()), (110, Some(110)));
    let given = given.lock().unwrap();
    let counted = given.receipts.iter().filter(|(_, receipt)| receipt["is"] == "counted");
    let mut counted: Vec<_> = counted.map(|((_, id), _)| id.as_str()).collect();
    let mut noted: Vec<_> =
        book.iter().filter(|line| line["standing"] == "counted").map(|line| line["id"].as_str().unwrap()).collect();
    counted.sort_unstable();
    noted.sort_unstable();
    assert_eq!(counted, noted);
}

#[tokio::test]
async fn a_receipt_that_is_taken_back_is_seen() {
    let (summary, value, book, _) = act(Honesty::TakesBack).await;
    assert!(!summary.sound() && value["wrong"]["contradictions"].as_u64() > Some(0), "{value:#}");
    assert!(book.iter().any(|line| line["contradiction"] == true));
}

#[tokio::test]
async fn a_voter_that_is_counted_twice_is_seen() {
    let (summary, value, ..) = act(Honesty::CountsAll).await;
    assert_eq!((summary.sound(), &value["wrong"]["over_budget"]), (false, &json!(10)), "{value:#}");
}

#[tokio::test]
async fn a_receipt_that_nobody_asked_for_is_seen() {
    let (summary, value, ..) = act(Honesty::Babbles).await;
    assert!(!summary.sound() && value["wrong"]["strays"].as_u64() > Some(0), "{value:#}");
}
