//! docs/CONFIG.md says what the program says: it is made of the help texts, and this test compares. The names that other
//! pages take from the code (metrics, tests) are compared too.
//!
//! `TALLYLIGHT_BLESS=1 cargo test --test it config` writes docs/CONFIG.md anew.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use tallylight::config::{Defaults, NodeConfig, NodeFlags};

use super::support::golden::{self, root};

const HEAD: &str = "\
# Configuration

<!-- Written by the tests. To write it anew: TALLYLIGHT_BLESS=1 cargo test --test it config -->

A setting of a node has one name in four places: the default, the configuration file, the environment and the flag.
Each beats the one before it. Limits are not settings, but for those of connections: they are in `src/base/limits.rs`, each
with its reason, and a node tells those that clients meet at `/limits`.

## The file

TOML, named by `--config` or `TALLYLIGHT_CONFIG`. Every line may be left out; an unknown name is an error. With `--show`
the list in the file is not used.

";

const SAMPLE: &str = "\
listen = \"0.0.0.0:8080\"
data = \"data\"
public_url = \"https://vote.example.org\"
trusted_proxies = [\"10.0.0.0/8\"]
proxy_protocol = false
venues = [\"127.0.0.0/8\", \"::1\", \"192.0.2.0/24\"]
connections = 100000
connections_per_prefix = 5000
origins = [\"https://www.example.org\"]
redis = [\"rediss://redis.example.org:6380\"]
redis_cluster = false
redis_ca_file = \"redis-ca.pem\"
secret_file = \"tallylight.secret\"
check_url = \"http://127.0.0.1:9000/texts\"
check_secret_file = \"check.secret\"
check_timeout_ms = 2000
timed_url = \"http://127.0.0.1:9001/cues\"
timed_secret_file = \"timed.secret\"
log = \"info\"
log_format = \"json\"
shows = [\"finale.toml\"]
";

const COMMANDS: [&str; 9] = ["demo", "serve", "check", "health", "link", "key", "export", "verify", "erase"];

/// What the program says on `--help`, as wide as on a page, whatever the terminal and the environment are.
fn help(command: Option<&str>) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_tallylight"))
        .args(command)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn page() -> String {
    let mut page = format!("{HEAD}```toml\n{SAMPLE}```\n\n## The commands\n\n```text\n{}```\n", help(None));
    for command in COMMANDS {
        page += &format!("\n### tallylight {command}\n\n```text\n{}```\n", help(Some(command)));
    }
    page
}

#[test]
fn the_page_says_what_the_program_says() {
    golden::check(Path::new("docs/CONFIG.md"), &page());
}

#[test]
fn no_command_is_left_out_and_the_sample_is_read() {
    let listed = help(None);
    let listed = listed.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: Vec<_> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|command| *command != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
    let flags = NodeFlags { config: Some("node.toml".into()), ..NodeFlags::default() };
    let config = NodeConfig::new(flags, Vec::new(), Defaults::NODE, |_| Ok(SAMPLE.to_owned())).unwrap();
    assert_eq!(config.shows, [Path::new("finale.toml")]);
}

#[test]
fn operating_has_every_metric_with_its_help() {
    let names = fs::read_to_string(root().join("src/telemetry/names.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/OPERATING.md")).unwrap();
    let texts: Vec<&str> = names.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let texts = texts.join("\n");
    let texts: Vec<&str> = texts.split('"').skip(1).step_by(2).collect();
    assert!(texts.len() >= 20, "names.rs is read wrongly: {texts:?}");
    for text in texts {
        assert!(page.contains(text), "docs/OPERATING.md does not have {text:?} of src/telemetry/names.rs");
    }
}

#[test]
fn every_test_that_the_pages_name_is_there() {
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests/it", "load/src"] {
        functions(&root().join(folder), &mut tests);
    }
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    // A name of four words or more in backticks is a test: nothing else has such names.
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|word| is_test_name(word)).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(tests.contains(name), "docs/ARCHITECTURE.md names the test {name}, and there is none");
    }
}

fn is_test_name(word: &str) -> bool {
    word.matches('_').count() >= 3 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The names of all functions below a folder.
fn functions(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.trim_start().split_once("fn ")?.1.split(['(', '<']).next());
            into.extend(names.map(str::to_owned));
        }
    }
}
