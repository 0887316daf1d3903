//! Those who write, and those who decide about it, on whichever node.

use serde_json::{Value, json};

use super::stage::{Node, SHOW, Stage};
use crate::support::{SOON, http, until};

/// Several nodes whose first cue asks for questions.
pub fn stage() -> Stage {
    let stage = Stage::new();
    asks(&stage, "Who?\"\noptions = [\"Ada\", \"Grace\"]");
    stage
}

/// Asks for questions in the place of a poll.
pub fn asks(stage: &Stage, poll: &str) {
    let asked = "Ask!\"\nkind = \"questions\"\nopens_on_take = true\nwriting = { upvotes = true }";
    stage.edit_show(poll, asked);
}

/// Opens a cue for questions, on all nodes.
pub fn opens(node: &mut Node, cue: &str, others: &[&Node]) -> String {
    node.takes_over();
    node.does("standby", json!({ "cue": cue }));
    node.does("take", json!({}));
    let open = |node: &Node| {
        until("questions are taken", SOON, || {
            let run = node.show()["run"].clone();
            (run["phase"] == "open").then(|| run["id"].as_str().unwrap().to_owned())
        })
    };
    others.iter().for_each(|other| drop(open(other)));
    open(node)
}

fn ask(node: &Node, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/api/v1/shows/{SHOW}/{path}");
    http::request(node.app.address(), method, &path, &headers, body.as_bytes()).json()
}

/// A new viewer.
pub fn viewer(node: &Node) -> String {
    ask(node, "", "POST", "join", &json!({}))["device"].as_str().expect("a device").to_owned()
}

pub fn say(node: &Node, device: &str, run: &str, id: u32, text: &str) -> Value {
    ask(node, device, "POST", "items", &json!({ "run": run, "id": format!("{id:032x}"), "text": text }))
}

pub fn upvote(node: &Node, device: &str, item: &Value) -> Value {
    ask(node, device, "POST", "upvotes", &json!({ "item": item }))
}

pub fn mine(node: &Node, device: &str) -> Value {
    ask(node, device, "GET", "mine", &Value::Null)
}

/// As many questions as are wanted, by as many devices as it takes, in turn on these nodes.
pub fn questions(nodes: &[&Node], run: &str, many: u32) {
    let mut device = String::new();
    for n in 0..many {
        let node = nodes[n as usize % nodes.len()];
        if n % 4 == 0 {
            device = viewer(node);
        }
        let said = say(node, &device, run, n, &format!("Question number {n}"));
        assert_eq!(said["is"], "waiting", "{said}");
    }
    for node in nodes {
        until("every node has them all", SOON, || (queue(node)["counts"]["waiting"] == many).then_some(()));
    }
}

/// What is on this node's screens.
pub fn on_screen(node: &Node) -> Value {
    let key = node
        .app
        .process()
        .wait_for(SOON, |line| Some(line.trim().strip_prefix("overlay")?.split_once("key=")?.1.to_owned()));
    http::get(node.app.address(), &format!("/api/v1/shows/{SHOW}/live?key={key}")).json()["show"]["item"].clone()
}

/// The whole queue, as a moderator of this node sees it.
pub fn queue(node: &Node) -> Value {
    ask(node, &moderator(node), "GET", "moderation", &Value::Null)
}

/// The moderator of a node: a link is good once, so the token is kept beside its data.
pub fn moderator(node: &Node) -> String {
    let kept = node.app.data().join("moderator.token");
    if let Ok(token) = std::fs::read_to_string(&kept) {
        return token;
    }
    let code = node
        .app
        .process()
        .wait_for(SOON, |line| Some(line.trim().strip_prefix("moderator")?.split_once('#')?.1.to_owned()));
    let token = node.enter_with(&code).expect("a link is good once");
    std::fs::write(kept, &token).unwrap();
    token
}

pub fn items(node: &Node) -> Vec<Value> {
    queue(node)["items"].as_array().unwrap().clone()
}

pub fn item(node: &Node, text: &str) -> Value {
    items(node).into_iter().find(|item| item["text"] == text).unwrap_or_else(|| panic!("no {text:?}"))
}

/// Does something on a node, as its moderator.
pub fn act(node: &Node, verb: &str, arguments: Value) -> Value {
    act_as(node, &moderator(node), verb, arguments)
}

pub fn act_as(node: &Node, token: &str, verb: &str, mut arguments: Value) -> Value {
    arguments["id"] = format!("{:x}", fastrand::u64(..)).into();
    arguments["do"] = verb.into();
    ask(node, token, "POST", "moderation", &arguments)
}

pub fn does(node: &Node, verb: &str, arguments: Value) {
    let done = act(node, verb, arguments);
    assert_eq!(done["ok"], true, "{verb}: {done}");
}

/// Puts a question on the screens, each step on the node that comes next.
pub fn airs(nodes: [&Node; 2], text: &str) -> Value {
    does(nodes[0], "approve", json!({ "items": [seen(&item(nodes[0], text))] }));
    for (n, (verb, was)) in [("pick", "approved"), ("use", "picked")].into_iter().enumerate() {
        let node = nodes[(n + 1) % 2];
        let one = until("this node knows", SOON, || Some(item(node, text)).filter(|item| item["state"] == was));
        let arguments = if verb == "use" { json!({ "item": seen(&one) }) } else { json!({ "items": [seen(&one)] }) };
        let done = act_as(node, &node.token, verb, arguments);
        assert_eq!(done["ok"], true, "{verb}: {done}");
    }
    let air = |node: &Node| until("it is on the screens", SOON, || Some(on_screen(node)).filter(|air| !air.is_null()));
    let all = nodes.map(air);
    assert_eq!(all[0], all[1]);
    all[0].clone()
}

pub fn seen(item: &Value) -> Value {
    json!({ "id": item["id"], "v": item["v"] })
}

/// Waits until both nodes have the same queue, with counts that are those of the states, and gives it.
pub fn same_queue(a: &Node, b: &Node) -> Value {
    let both = until("both nodes have the same queue", SOON, || {
        let (a, b) = (queue(a), queue(b));
        (a == b).then_some(a)
    });
    for state in ["waiting", "approved", "rejected", "hidden", "picked", "used"] {
        let in_it = both["items"].as_array().unwrap().iter().filter(|item| item["state"] == state).count();
        assert_eq!(both["counts"][state], in_it, "{state}");
    }
    both
}
