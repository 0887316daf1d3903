//! Reads the tree and checks the rules of docs/ARCHITECTURE.md that no compiler checks: who may import whom, who may
//! name what, nothing left half done. Each check is a function of (path, text), proved on a bad sample below it.

mod source;

use std::{fmt, fs, path::Path};

use source::{code_of, paths, shipped};

/// What is wrong, where, and what to do instead.
#[derive(Debug, PartialEq)]
struct Problem {
    path: String,
    line: usize,
    says: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.says)
    }
}

/// This folder holds the bad samples and the words to look for, so the checks of words pass it by.
const HERE: &str = "tests/it/tidy/";

/// Files of tests under src/: what they name never ships.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

// ---- who may import whom

/// The areas in their order: the order of `pub mod` in src/lib.rs.
fn order(lib: &str) -> Vec<String> {
    let code = code_of(lib);
    code.lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ").or(line.trim().strip_prefix("mod ")))
        .map(|name| name.trim_end_matches(';').trim().to_owned())
        .collect()
}

/// The area of a file under src/: `src/wire/codes.rs` and `src/wire.rs` are both `wire`.
fn area(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

/// What `load` may use of the library: it is a client, so it knows what a client knows.
const LOAD_MAY_IMPORT: [&str; 4] = ["base", "wire", "viewer", "providers"];

fn imports(order: &[String], path: &str, text: &str) -> Vec<Problem> {
    let rank = |name: &str| order.iter().position(|area| area == name);
    let own = area(path).unwrap_or_default();
    let mut problems = Vec::new();
    for (line, import) in paths(text) {
        let mut names = import.split("::");
        let root = names.next().unwrap_or_default();
        let name = names.next().unwrap_or_default();
        let says = if root == "crate" && path.starts_with("src/") && own != "lib" {
            match (rank(name), rank(own)) {
                (Some(theirs), Some(ours)) if theirs > ours => {
                    format!("{own} comes before {name} in src/lib.rs and may not import it")
                }
                (None, Some(_)) => format!("{name} is no area of src/lib.rs"),
                _ => continue,
            }
        } else if root == "super" && path.starts_with("src/") && line <= shipped(text).lines().count() {
            let supers = import.split("::").take_while(|name| *name == "super").count();
            let depth = path.split('/').count() - 1 - usize::from(path.ends_with("/mod.rs"));
            if supers < depth {
                continue;
            }
            "this reaches another area: name it with crate::".to_owned()
        } else if root == "tallylight" && path.starts_with("load/") && !LOAD_MAY_IMPORT.contains(&name) {
            format!("load is a client and may import only {}", LOAD_MAY_IMPORT.join(", "))
        } else {
            continue;
        };
        problems.push(Problem { path: path.to_owned(), line, says });
    }
    problems
}

#[test]
fn imports_catches_a_later_area() {
    let order = order("//! x\npub mod base;\npub mod wire;\npub mod shows;\n");
    let lines = |path, text| imports(&order, path, text).into_iter().map(|p| p.line).collect::<Vec<_>>();
    assert_eq!(lines("src/wire/codes.rs", "use crate::{\n    base::ids,\n    shows::Run,\n};"), [3]);
    assert_eq!(lines("src/base/ids.rs", "fn f() { crate::wire::f() } // crate::shows"), [1]);
    assert_eq!(lines("src/shows/run.rs", "use crate::{base::ids, wire::{Code, codes::X}, shows::y};"), [0; 0]);
    assert_eq!(lines("src/shows/run.rs", "use crate::sh0ws::y;"), [1]);
    assert_eq!(lines("src/base/mod.rs", "use super::shows;"), [1]);
    assert_eq!(lines("src/base/ids.rs", "use super::hex;\n#[cfg(test)]\nmod tests { use super::super::hex; }"), [0; 0]);
    assert_eq!(lines("load/src/main.rs", "use tallylight::{base, http};"), [1]);
}

// ---- who may name what

/// A name that only some places may use.
struct Ban {
    /// Parts of paths; a path that has one of them, whole names side by side, is caught.
    names: &'static [&'static str],
    /// Beginnings of the paths of the files that may.
    only: &'static [&'static str],
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        names: &[
            "tokio::net",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "UnixListener",
            "UnixStream",
            "hyper",
            "reqwest",
        ],
        only: &["src/providers/", "src/http/", "src/sessions/", "src/viewer/", "src/cli/", "src/app.rs", "load/"],
        instead: "sockets belong to providers, http, sessions and viewer; take a value or a channel as an argument",
    },
    Ban {
        names: &["std::fs", "tokio::fs", "fs::File", "File::open", "File::create"],
        only: &["src/providers/", "src/http/", "src/sessions/", "src/viewer/", "src/cli/", "load/"],
        instead: "files belong to providers and cli; take the bytes as an argument",
    },
    Ban {
        names: &["redis", "rusqlite"],
        only: &["src/providers/"],
        instead: "databases belong to providers; use the contract of providers/store or providers/redis",
    },
    Ban {
        names: &["SystemTime::now", "Instant::now"],
        only: &["src/base/clock.rs", "src/viewer/", "load/"],
        instead: "only base::clock says now; take the moment as an argument",
    },
    Ban {
        names: &["std::env", "env::var", "env::args"],
        only: &["src/config/", "src/cli/", "src/main.rs", "load/"],
        instead: "only config reads the environment; take the value from config",
    },
    Ban {
        names: &["tokio::spawn", "task::spawn", "task::spawn_blocking", "task::spawn_local", "thread::spawn"],
        only: &["src/base/tasks.rs", "load/"],
        instead: "start it with base::tasks, which gives it an owner and an end",
    },
    Ban {
        names: &["thread::Builder", "JoinSet", "TaskTracker"],
        only: &["src/base/tasks.rs", "load/"],
        instead: "start it with base::tasks, which gives it an owner and an end",
    },
    Ban {
        names: &["unbounded", "unbounded_channel", "UnboundedSender", "UnboundedReceiver"],
        only: &[],
        instead: "give the channel a bound from base::limits, and say what happens when it is full",
    },
];

fn banned(path: &str, text: &str) -> Vec<Problem> {
    if is_test(path) || !(path.starts_with("src/") || path.starts_with("load/")) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, named) in paths(shipped(text)) {
        for ban in BANS {
            let hit = ban.names.iter().find(|name| format!("::{named}::").contains(&format!("::{name}::")));
            // What providers make of a database is for all; it only has the name of it.
            let ours = named.starts_with("crate::providers::");
            let Some(hit) = hit.filter(|_| !ours && !ban.only.iter().any(|place| path.starts_with(place))) else {
                continue;
            };
            problems.push(Problem { path: path.to_owned(), line, says: format!("{hit}: {}", ban.instead) });
        }
    }
    problems
}

#[test]
fn banned_catches_names_in_code_and_in_use_trees() {
    let hits = |path, text| banned(path, text).len();
    assert_eq!(hits("src/shows/run.rs", "use std::{fs, time::Instant};\nfn f() { Instant::now(); }"), 2);
    assert_eq!(hits("src/live/hub.rs", "tokio::spawn(x); tokio::sync::mpsc::unbounded_channel();"), 2);
    assert_eq!(hits("src/live/hub.rs", "use tokio::{net::TcpStream};\nstd::env::var(\"A\");"), 2);
    assert_eq!(hits("src/http/router.rs", "use rusqlite::Connection;"), 1);
    assert_eq!(hits("src/studio/desk.rs", "use crate::providers::redis::Redis;\nuse redis::Client;"), 1);
    assert_eq!(hits("src/base/clock.rs", "fn f() { std::time::SystemTime::now() }"), 0);
    assert_eq!(hits("src/live/hub.rs", "// std::fs\n#[cfg(test)]\nmod tests { use std::fs; }"), 0);
    assert_eq!(hits("src/live/tests/hub.rs", "use std::fs;"), 0);
}

// ---- nothing half done, nothing private

/// What a line must not contain, and what to do about it. Parts are joined here so that this list names nothing itself.
fn marks() -> Vec<(String, &'static str)> {
    let finish = "finish it, or leave it out and say so in docs/ROADMAP.md";
    let machine = "name no folder of one machine";
    let voice = "write about the project";
    let unfinished =
        ["todo!(", "unimplemented!(", "FIXME", "XXX", "TODO", "#[ignore", "dbg!(", "test.skip(", "test.only("];
    let machines = ["home", "root", "Users", "work", "workspace"].map(|folder| format!("/{folder}/"));
    let voices = [["as an ", "ai "], ["language ", "model"], ["chat", "gpt"], ["clau", "de"], ["anth", "ropic"]];
    let own = unfinished.map(|mark| (mark.to_owned(), finish)).into_iter();
    own.chain(machines.map(|mark| (mark, machine))).chain(voices.map(|parts| (parts.concat(), voice))).collect()
}

fn marked(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if path.starts_with(HERE) {
        return problems;
    }
    for (at, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (mark, says) in marks() {
            // A path is one only where it starts: `docs/work/` is a folder of ours.
            let found = if mark.starts_with('/') {
                line.match_indices(&mark)
                    .any(|(start, _)| !line[..start].ends_with(|c: char| c.is_alphanumeric() || ".-_}$)*/".contains(c)))
            } else if mark.chars().all(|c| c.is_ascii_uppercase()) {
                line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == mark)
            } else {
                lower.contains(&mark)
            };
            if found {
                problems.push(Problem { path: path.to_owned(), line: at + 1, says: format!("{mark}: {says}") });
            }
        }
    }
    problems
}

#[test]
fn marked_catches_what_is_half_done_or_private() {
    for bad in ["// TODO: x", "todo!()", "#[ignore = \"slow\"]", "see /home/me/x", "As an AI I"] {
        assert_eq!(marked("src/a.rs", bad).len(), 1, "{bad}");
    }
    for good in ["METHODOLOGY", "https://example.org/work/x", "TODOS_MAX", "$HOME/x", "docs/work/x"] {
        assert_eq!(marked("src/a.rs", good), [], "{good}");
    }
}

// ---- files that show the way

fn opening(path: &str, text: &str) -> Vec<Problem> {
    let says = "open with //! and say in a sentence what lives here".to_owned();
    let bad = path.ends_with(".rs") && !text.starts_with("//! ");
    bad.then(|| Problem { path: path.to_owned(), line: 1, says }).into_iter().collect()
}

#[test]
fn opening_catches_a_file_that_does_not_say_what_it_is() {
    assert_eq!(opening("src/a.rs", "use b;\n").len(), 1);
    assert_eq!(opening("src/a.rs", "//! Votes.\n"), []);
}

/// Items that another file can see and that do not say what they are. Fields are left to their names: those of the
/// wire are written down in docs/WIRE.md.
fn documented(path: &str, text: &str) -> Vec<Problem> {
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static"];
    let lines: Vec<&str> = shipped(text).lines().collect();
    let mut problems = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|_| path.starts_with("src/") && !is_test(path)) {
        let Some(item) = line.trim_start().strip_prefix("pub ") else { continue };
        let plain = item.trim_start_matches("const fn").trim_start_matches("async ").trim_start_matches("unsafe ");
        if plain.len() == item.len() && !kinds.contains(&plain.split(' ').next().unwrap_or_default()) {
            continue;
        }
        // Attributes, also those of several lines, may stand between an item and what is said about it.
        let above = lines[..at].iter().rev().map(|line| line.trim());
        let said = above
            .take_while(|line| line.starts_with("///") || !(line.is_empty() || line.ends_with(['{', '}', ';'])))
            .any(|line| line.starts_with("///") || line.starts_with("$(#["));
        if !said {
            let says = "say in a /// sentence what this is for".to_owned();
            problems.push(Problem { path: path.to_owned(), line: at + 1, says });
        }
    }
    problems
}

#[test]
fn documented_catches_an_item_without_a_word() {
    let text = "/// A.\n#[derive(B)]\npub struct A;\npub enum B {}\n\npub const fn c() {}\n    pub async fn d() {}\n";
    let lines: Vec<_> = documented("src/a.rs", text).into_iter().map(|p| p.line).collect();
    assert_eq!(lines, [4, 6, 7]);
    assert_eq!(
        documented("src/a.rs", "pub struct A {\n    pub rev: u64,\n}\npub mod b;"),
        documented("src/a.rs", "pub struct A;")
    );
}

/// Past this a file is usually two nouns.
const LINES_MAX: usize = 500;

fn length(path: &str, text: &str) -> Vec<Problem> {
    let lines = shipped(text).lines().count();
    let source = [".rs", ".js", ".mjs"].iter().any(|end| path.ends_with(end));
    let says = format!("{lines} lines without tests, {LINES_MAX} at most: find the second noun");
    (source && lines > LINES_MAX).then(|| Problem { path: path.to_owned(), line: lines, says }).into_iter().collect()
}

#[test]
fn length_catches_a_long_file_but_not_its_tests() {
    let long = "x\n".repeat(LINES_MAX + 1);
    assert_eq!(length("src/a.rs", &long).len(), 1);
    assert_eq!(length("src/a.rs", &format!("x\n#[cfg(test)]\nmod tests {{\n{long}}}")), []);
}

// ---- links of the docs

/// Relative links of a document to files that `exists` does not know.
fn links(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        for (start, _) in line.match_indices("](").filter(|_| !fenced) {
            let target = line[start + 2..].split([')', ' ', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let file = Path::new(path).parent().unwrap_or(Path::new("")).join(target);
            if !exists(&file.to_string_lossy()) {
                let says = format!("the link to {target} leads nowhere");
                problems.push(Problem { path: path.to_owned(), line: at + 1, says });
            }
        }
    }
    problems
}

#[test]
fn links_catches_one_that_leads_nowhere() {
    let exists = |file: &str| file == "docs/WIRE.md";
    let text = "[a](WIRE.md#x) [b](https://example.org) [c](#here)\n```\n[d](x)\n```\n[e](GONE.md)";
    let lines: Vec<_> = links("docs/A.md", text, &exists).into_iter().map(|p| p.line).collect();
    assert_eq!(lines, [5]);
}

// ---- the tree

#[test]
fn the_tree_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let order = order(&fs::read_to_string(root.join("src/lib.rs")).expect("src/lib.rs can be read"));
    let mut files = Vec::new();
    walk(root, root, &mut files);
    let exists = |file: &str| root.join(file).exists();
    let mut problems = Vec::new();
    for (path, text) in &files {
        problems.extend(marked(path, text));
        problems.extend(length(path, text));
        if path.ends_with(".rs") {
            problems.extend(imports(&order, path, text));
            problems.extend(banned(path, text));
            problems.extend(opening(path, text));
            problems.extend(documented(path, text));
        }
        if path.ends_with(".md") {
            problems.extend(links(path, text, &exists));
        }
    }
    assert!(files.len() > 20, "the tree was not found at {}", root.display());
    let says: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "{} problems\n{}", says.len(), says.join("\n"));
}

/// The text files of the project; pictures and what a build or a run leaves behind are passed by.
fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed").map(|entry| entry.expect("an entry can be read"))
    {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let passed_by = ["target", "node_modules", ".git", "LICENSE"].contains(&name.as_str());
        if passed_by || name.ends_with(".data") || name.ends_with(".lock") || name == "package-lock.json" {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let inside = path.strip_prefix(root).expect("the walk stays inside");
            files.push((inside.to_string_lossy().into_owned(), text));
        }
    }
}
