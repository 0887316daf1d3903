//! What pools give before the seal, where several nodes count and Redis forgets.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage, agree};
use crate::support::{SOON, http, until};

const POOLS: &str = r#"grace_ms = 200
changeable = true
viewers_see = "always"
[[cue.rules.pool]]
percent = 50
[[cue.rules.pool]]
name = "jury"
percent = 50
[[entry]]
pool = "jury"
"#;

impl Node {
    fn bears(&self, method: &str, path: &str, token: &str, body: &str) -> Value {
        let (token, path) = (format!("Bearer {token}"), format!("/api/v1/shows/{SHOW}/{path}"));
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        http::request(self.app.address(), method, &path, &headers, body.as_bytes()).json()
    }

    /// Joins by an entry link or by none.
    fn device(&self, entry: Option<&str>) -> String {
        let body = entry.map_or(json!({}), |code| json!({ "entry": code }));
        let joined = http::post(self.app.address(), &format!("/api/v1/shows/{SHOW}/join"), &body).json();
        joined["device"].as_str().unwrap().to_owned()
    }

    /// Sends what a voter wants now, until it has the answer.
    fn is_told(&self, run: &str, device: &str, (change, pick): (u32, u16), answer: &str) {
        let id = format!("{change:032x}");
        let ballot = json!({ "run": run, "id": id, "picks": [pick], "change": change }).to_string();
        until("a ballot has its answer", SOON, || {
            (self.bears("POST", "ballots", device, &ballot)["is"] == answer).then_some(())
        });
    }

    /// Waits until viewers of this node see these votes of everybody and of the jury, and gives the outcome.
    fn shows(&self, everybody: [u64; 2], jury: [u64; 2]) -> Value {
        until("viewers see what pools give", SOON, || {
            let results =
                http::get(self.app.address(), &format!("/api/v1/shows/{SHOW}/live")).json()["results"].clone();
            let pools = &results["outcome"]["pools"];
            let is_so = pools[0]["votes"] == json!(everybody) && pools[1]["votes"] == json!(jury);
            (is_so && results["state"] != "rebuilding").then(|| results["outcome"].clone())
        })
    }
}

#[test]
fn what_pools_give_is_the_same_on_two_nodes_and_after_redis_forgot_it() {
    let mut stage = Stage::new();
    stage.edit_show("grace_ms = 200\n", POOLS);
    let (mut a, b) = stage.two();
    a.takes_over();
    a.does("standby", json!({ "cue": "1" }));
    a.does("take", json!({}));
    a.does("open", json!({ "seconds": 600 }));
    agree(&a, &b);
    let run = a.show()["run"]["id"].as_str().unwrap().to_owned();
    let links = a.bears("GET", "entries", &a.token, "");
    let link = links["entries"][0]["url"].as_str().unwrap().split_once("#e=").unwrap().1;
    let voters: Vec<_> = (0..4).map(|_| a.device(None)).collect();
    let jury: Vec<_> = (0..2).map(|_| b.device(Some(link))).collect();

    for voter in &voters[..3] {
        a.is_told(&run, voter, (1, 1), "counted");
    }
    b.is_told(&run, &jury[0], (1, 1), "counted");
    // A change comes by the other node, and takes the vote out of its pool there.
    a.is_told(&run, &jury[0], (2, 2), "counted");
    let outcome = a.shows([3, 0], [0, 1]);
    assert_eq!(b.shows([3, 0], [0, 1]), outcome);

    // All that Redis had is gone, and one node is told something meanwhile.
    stage.redis.kill();
    b.is_told(&run, &jury[1], (1, 2), "held");
    stage.redis.cut_file_to(0);
    stage.redis.restart();
    b.is_told(&run, &jury[1], (1, 2), "counted");
    a.is_told(&run, &voters[3], (1, 2), "counted");
    let outcome = a.shows([3, 1], [0, 2]);
    assert_eq!(b.shows([3, 1], [0, 2]), outcome);

    // One of them starts anew.
    let mut b = b;
    b.app.kill();
    b.app.start();
    assert_eq!(b.shows([3, 1], [0, 2]), outcome);
    b.is_told(&run, &voters[0], (2, 2), "counted");
    let outcome = a.shows([2, 2], [0, 2]);

    a.does("close", json!({}));
    until("the run is locked", SOON, || (a.show()["run"]["phase"] == "locked").then_some(()));
    a.does("seal", json!({}));
    assert_eq!(b.shows([2, 2], [0, 2]), outcome, "the seal is made of the ballots, and says the same");
    let sealed = a.did("sealed");
    assert!(!sealed.is_empty() && !sealed[0]["note"].as_str().unwrap().contains("incident"), "{sealed:?}");
}
