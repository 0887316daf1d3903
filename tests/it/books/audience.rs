//! The real load program as the audience of a test: built once, started beside the node, and its book read at the end.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;

use super::{book::Book, show::SHOW};
use crate::support::{app, process::Process};

/// How large an audience is and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Voters. One in ten has a second connection, over which it competes with itself for its votes.
    pub voters: u32,
    /// Votes of each, cast as so many ballots; a competing voter casts twice as many.
    pub votes: u32,
    /// Ballots per second of all together.
    pub per_second: u32,
}

impl Crowd {
    /// Second connections, of which each casts ballots that must be refused or refuse others.
    pub const fn twins(self) -> u32 {
        self.voters / 10
    }

    /// Sockets.
    pub const fn connections(self) -> u32 {
        self.voters + self.twins()
    }

    /// Ballots that will be cast.
    pub const fn ballots(self) -> u32 {
        self.connections() * self.votes
    }

    /// Votes there are: what the total comes to once everybody has voted.
    pub const fn counted(self) -> u64 {
        (self.voters * self.votes) as u64
    }
}

/// How many connect per second.
const JOIN_PER_SECOND: u32 = 1000;
/// Longer than any test: who is done says so.
const DURATION_S: u32 = 600;
/// A ballot of a client that was told to come back in 5 s, and is told so twice, is settled within this time.
const SETTLE: Duration = Duration::from_secs(40);

/// An audience that plays.
pub struct Audience {
    process: Process,
    book: TempDir,
}

impl Audience {
    /// Lets a crowd in at these nodes. Where there are several, one voter in five changes over the moment a ballot is
    /// sent, and those who compete with themselves do it over two nodes.
    pub fn start(nodes: &[SocketAddr], crowd: Crowd, seed: u64) -> Self {
        allow_files();
        let book = TempDir::with_prefix("tallylight-book-").expect("a directory can be made");
        let mut command = Command::new(program());
        let urls: Vec<_> = nodes.iter().map(|node| format!("http://{node}")).collect();
        command.arg("audience").args(["--url", &urls.join(","), "--show", SHOW]);
        let mut option = |name: &str, value: String| {
            command.arg(name).arg(value);
        };
        option("--connections", crowd.connections().to_string());
        option("--votes-per-voter", crowd.votes.to_string());
        option("--votes-per-second", crowd.per_second.to_string());
        option("--join-per-second", JOIN_PER_SECOND.to_string());
        option("--retry-share", "0.1".to_owned());
        option("--switch-share", if nodes.len() > 1 { "0.2" } else { "0" }.to_owned());
        option("--compete-share", "0.1".to_owned());
        option("--duration", DURATION_S.to_string());
        option("--settle", SETTLE.as_secs().to_string());
        option("--seed", seed.to_string());
        option("--book", book_file(&book).display().to_string());
        Self { process: Process::start(&mut command), book }
    }

    /// Waits until every ballot is settled, and reads the book.
    ///
    /// # Panics
    /// When the load program itself found receipts that cannot all be true.
    pub fn finish(self) -> Book {
        let book = self.finish_anyhow();
        let wrong = book.summary["wrong"].as_object().expect("the summary says what is wrong");
        assert!(wrong.values().all(|times| *times == 0), "the audience found something wrong: {}", book.summary);
        book
    }

    /// The same, also where receipts contradict each other.
    pub fn finish_anyhow(self) -> Book {
        self.process.interrupt();
        let (_, printed) = self.process.wait(SETTLE * 2);
        let start = printed.iter().position(|line| line == "{").unwrap_or_else(|| panic!("no summary: {printed:#?}"));
        // The two outputs are gathered as they come; the summary is printed in one piece, behind all reports.
        let summary = printed[start..].join("\n");
        let summary = serde_json::from_str(&summary).unwrap_or_else(|error| panic!("{error}:\n{summary}"));
        Book::read(&book_file(&self.book), summary)
    }
}

fn book_file(folder: &TempDir) -> PathBuf {
    folder.path().join("book.jsonl")
}

/// The load program, built as this test was: the same profile, the same features, the same target directory. Cargo has
/// nothing to do if it is there and fresh.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(folder) = app::programs() {
            return folder.join("tallylight-load");
        }
        let folder = Path::new(env!("CARGO_BIN_EXE_tallylight")).parent().expect("a program is in a folder");
        let program = folder.join("tallylight-load");
        let Some(cargo) = env::var_os("CARGO") else {
            assert!(
                program.exists(),
                "{} is not there, and without cargo this test cannot build it: run `cargo test --workspace`, or \
                 `cargo build --workspace` before",
                program.display()
            );
            return program;
        };
        let mut build = Command::new(cargo);
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--workspace"]);
        // With the test itself, because its dependencies have a say in which features are built.
        build.args(["--bin", "tallylight-load", "--test", "it"]);
        if cfg!(feature = "faults") {
            build.args(["--features", "tallylight/faults"]);
        }
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let output = build.output().unwrap_or_else(|error| panic!("{build:?} does not start: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the load program cannot be built: {build:?}\n{said}");
        assert!(program.exists(), "{build:?} did not make {}", program.display());
        program
    })
}

/// Thousands of sockets on both sides: takes the files that the system allows, for this process and those it starts.
fn allow_files() {
    const NEEDED: libc::rlim_t = 8192;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "std does not know the limits of a process")]
    // SAFETY: both calls get a pointer to a whole `rlimit` that lives longer than they run.
    let allowed = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        if limit.rlim_cur < NEEDED {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
        limit.rlim_cur
    };
    assert!(allowed >= NEEDED, "only {allowed} files may be open, {NEEDED} are needed: raise `ulimit -Hn`");
}
