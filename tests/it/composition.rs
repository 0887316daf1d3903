//! The containers of docker-compose.yml with a show, an audience and operators at the balancer's door, one node killed in
//! the middle of it, and then the other. `scripts/compose-check` has started them; all books are compared at the end.

use std::{
    env, fs,
    net::SocketAddr,
    process::{Command, Output, Stdio},
    time::Instant,
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    books::{
        audience::Audience,
        audit::{self, Export},
        book::now_ms,
        log,
        operator::{Operator, State},
        papers,
        show::{CROWD, SHOW, counts, live},
    },
    installation::stage,
    support::{SOON, until},
};

/// The composition that runs, as the environment says.
struct Composition {
    /// The command that speaks of it.
    compose: Vec<String>,
    /// Where the balancer listens.
    address: SocketAddr,
}

impl Composition {
    fn of_environment() -> Self {
        let told = |name| env::var(name).unwrap_or_else(|_| panic!("{name} is missing: start scripts/compose-check"));
        Self {
            compose: told("TALLYLIGHT_COMPOSE").split(' ').map(str::to_owned).collect(),
            address: told("TALLYLIGHT_COMPOSED").parse().expect("an address"),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.compose[0]);
        command.args(&self.compose[1..]).args(args).stdin(Stdio::null());
        command
    }

    /// Runs a command that must be done, and gives what it printed.
    fn does(&self, args: &[&str]) -> String {
        let output = run(&mut self.command(args));
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it is text").trim().to_owned()
    }

    /// Lets a member of staff in by a link that is made for them.
    fn operator(&self, name: &'static str) -> Operator {
        let role = name.to_lowercase();
        let link = self.does(&["run", "--rm", "-T", "staff", "link", SHOW, "--role", &role, "--name", name]);
        Operator::enter(self.address, name, link.split_once('#').expect("a link has a code").1)
    }

    /// Asks Docker for a field of a service's container.
    fn inspect(&self, service: &str, field: &str) -> String {
        let id = self.does(&["ps", "-q", service]);
        let output = run(Command::new("docker").args(["inspect", "--format", field, &id]));
        String::from_utf8(output.stdout).expect("it is text").trim().to_owned()
    }

    /// Waits until a node that was started after `before` is well.
    fn is_back(&self, node: &str, before: &str) {
        until("the container is healthy", CROWD, || {
            let again = self.inspect(node, "{{.State.StartedAt}}") != before;
            (again && self.inspect(node, "{{.State.Health.Status}}") == "healthy").then_some(())
        });
    }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[test]
fn one_container_is_killed_and_then_the_other() {
    let composition = Composition::of_environment();
    let address = composition.address;
    let [mut operator, mut producer] = ["Operator", "Producer"].map(|name| composition.operator(name));
    let crowd = stage::crowd();
    let began = Instant::now();
    // Twice the same door: who goes to another node knocks there again, and the balancer decides.
    let audience = Audience::start(&[address, address], crowd, 1);
    producer.does("control", json!({ "action": "take_over" }));
    producer.does("standby", json!({ "cue": "1" }));
    producer.does("take", json!({}));
    producer.does("open", json!({ "seconds": 0 }));
    let mut healed = Vec::new();
    for (node, part) in [("node-a", 4), ("node-b", 2)] {
        Operator::fidget_while([&mut operator], || {
            let votes = crowd.counted() / part;
            counts(address, votes);
            let before = composition.inspect(node, "{{.State.StartedAt}}");
            if part == 4 {
                composition.does(&["kill", "-s", "KILL", node]);
                // The other one goes on.
                counts(address, votes + votes / 4);
                composition.does(&["start", node]);
            } else {
                // Dead without Docker's doing: it comes back by itself.
                let pid = composition.inspect(node, "{{.State.Pid}}");
                assert!(run(Command::new("kill").args(["-KILL", &pid])).status.success(), "{pid} could not be killed");
            }
            composition.is_back(node, &before);
            healed.push(now_ms());
        });
    }
    counts(address, crowd.counted());
    producer.does("control", json!({ "action": "take_over" }));
    producer.does("close", json!({}));
    until("the run is locked", SOON, || (live(address)["show"]["run"]["phase"] == "locked").then_some(()));
    let book = audience.finish();
    producer.does("seal", json!({}));
    producer.does("verify", json!({}));
    producer.does("arm", json!({ "what": "reveal" }));
    producer.does("reveal", json!({}));
    let published = until("the result is final", SOON, || {
        Some(live(address)["results"].clone()).filter(|results| results["state"] == "final")
    });

    let files = TempDir::with_prefix("tallylight-composition-").expect("a directory can be made");
    let file = files.path().join("export.jsonl");
    let export = composition.does(&["run", "--rm", "-T", "staff", "export", SHOW, "--data", "/data", "--data", "/b"]);
    fs::write(&file, export + "\n").expect("an export can be written");
    let logs = composition.does(&["logs", "--no-color", "node-a"]);
    let key =
        logs.split_once("signed by ").and_then(|(_, rest)| rest.split_whitespace().next()).expect("a key is told");
    let mut verify = composition.command(&["run", "--rm", "-T", "staff", "verify", "/dev/stdin", "--key", key]);
    papers::assert_verified(&run(verify.stdin(fs::File::open(&file).expect("the export is there"))));

    let export = Export::read(&file);
    let expected = (&json!(0), crowd.ballots() as usize);
    assert_eq!((&book.summary["never_joined"], book.ballots.len()), expected, "{}", book.summary);
    audit::settled(&book, &healed, 0);
    audit::receipts(&book, &export);
    audit::totals(&export, &published, 0);
    let (entries, show) = (producer.log(), live(address)["show"].clone());
    assert_eq!(log::outcome(&entries), (show["rev"].as_u64().expect("a revision"), State::of(&show)), "{show}");
    let entries = log::agrees(&[&operator, &producer], &entries);
    println!("two containers killed: {}", audit::figures(&book, &healed, &export, entries, began.elapsed()));
}
