//! The disk fills up: intake stops before the reserve, goes on by itself when there is room, and a seal needs no more
//! than the reserve.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tallylight::base::limits;
use tempfile::TempDir;

use super::{
    audience::Crowd,
    audit::SETTLED_MS,
    book::{Book, now_ms},
    shim::Shim,
    stage::Stage,
};
use crate::support::{SOON, app::TestAppBuilder, until};

/// More than the 1 MiB, some ten thousand ballots, that the journal has room for once it has begun.
const CROWD: Crowd = Crowd { voters: 2000, votes: 7, per_second: 2500 };
const BUSY: &str = "receipts_total{answer=\"refused\",reason=\"busy\"}";
/// What a small disk has beside the reserve.
const ROOM_BYTES: u64 = 16 * 1024 * 1024;
/// What is left of that when the disk is filled: no room for another step of the journal.
const LEFT_BYTES: u64 = 512 * 1024;

/// A disk that can be filled.
enum Disk {
    /// A small one.
    Small(Mount),
    /// A large one that says it is small: for systems that let no test mount anything.
    Pretended(Shim),
}

struct Mount(TempDir);

impl Disk {
    fn new() -> Self {
        let folder = TempDir::with_prefix("tallylight-disk-").expect("a directory can be made");
        let size = format!("size={}", limits::DISK_RESERVE_BYTES + ROOM_BYTES);
        let allowed = std::env::var_os("TALLYLIGHT_TEST_NO_MOUNT").is_none();
        let mounted = allowed
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(folder.path())
                .output()
                .is_ok_and(|output| output.status.success());
        if mounted {
            return Self::Small(Mount(folder));
        }
        println!("no tmpfs can be mounted here (that takes root): the disk only says that it is full");
        Self::Pretended(Shim::new())
    }

    fn under(&self, app: TestAppBuilder) -> TestAppBuilder {
        match self {
            Self::Small(mount) => app.on_disk(mount.0.path()),
            Self::Pretended(shim) => shim.under(app),
        }
    }

    fn fill(&self) {
        match self {
            Self::Small(mount) => {
                let filler = mount.free().checked_sub(limits::DISK_RESERVE_BYTES + LEFT_BYTES).expect("there is room");
                let filler = vec![1; usize::try_from(filler).expect("it is small")];
                fs::write(mount.filler(), filler).expect("the filler fits");
            }
            Self::Pretended(shim) => shim.order(&format!("room {}", limits::DISK_RESERVE_BYTES + LEFT_BYTES)),
        }
    }

    fn make_room(&self) {
        match self {
            Self::Small(mount) => fs::remove_file(mount.filler()).expect("the filler is there"),
            Self::Pretended(shim) => shim.heal(),
        }
    }

    /// Checks that nothing but documents and a seal has used the reserve.
    fn has_its_reserve(&self, used_bytes_max: u64) {
        if let Self::Small(mount) = self {
            let free = mount.free();
            assert!(free + used_bytes_max >= limits::DISK_RESERVE_BYTES, "only {free} bytes are left");
        }
    }
}

impl Mount {
    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    fn free(&self) -> u64 {
        let output = Command::new("df").args(["--output=avail", "-B1"]).arg(self.0.path()).output().expect("df runs");
        let text = String::from_utf8(output.stdout).expect("df speaks text");
        text.lines().nth(1).and_then(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("df says {text}"))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let path: &Path = self.0.path();
        let ended = Command::new("umount").arg(path).status().is_ok_and(|status| status.success());
        // A node that was killed a moment ago may still be on its way out.
        if !ended {
            let _ = Command::new("umount").arg("--lazy").arg(path).status();
        }
    }
}

/// Fills the disk in the middle of a window, and makes room again.
fn fills(fault: &str, disk: &Disk) -> Book {
    let mut stage = Stage::set(CROWD, |app| disk.under(app));
    let audience = stage.open("1", stage.app.address());
    stage.counts(CROWD.counted() / 4);
    disk.fill();
    stage.not_ready("disk_full");
    let busy = stage.metric(BUSY) + 300;
    until("hundreds are told busy", SOON, || (stage.metric(BUSY) >= busy).then_some(()));
    // The reserve is there for what the operator does.
    let total = stage.live()["results"]["total"].as_u64().expect("there is a total");
    stage.fidgets_until(total, |_| {});
    disk.has_its_reserve(1024 * 1024);

    disk.make_room();
    stage.healed();
    let healed = now_ms();
    until("the node is ready", SOON, || (stage.app.get("/readyz").status == 200).then_some(()));
    assert!(now_ms() < healed + SETTLED_MS);
    stage.counts_all();
    stage.close();
    let book = stage.conclude(fault, audience);
    assert!(book.with("refused(busy)") > 0, "{:?}", book.receipts());
    book
}

#[test]
fn intake_stops_before_the_reserve_and_goes_on_by_itself() {
    fills("disk full", &Disk::new());
}

#[test]
fn a_group_that_finds_no_room_is_told_that_nothing_is_known_yet() {
    // This disk has the same room at every look, some of it above the reserve: that it is too little only a group finds out,
    // whose ballots were taken already. All of them are settled in the end, as all others.
    let book = fills("a group finds no room", &Disk::Pretended(Shim::new()));
    assert!(book.with("unknown") > 0, "{:?}", book.receipts());
}

#[test]
fn a_seal_needs_no_more_than_the_reserve() {
    let disk = Disk::new();
    let mut stage = Stage::set(CROWD, |app| disk.under(app));
    let audience = stage.open("1", stage.app.address());
    stage.counts(CROWD.counted() / 4);
    disk.fill();
    stage.not_ready("disk_full");
    stage.close();
    stage.seal_and_verify();
    disk.has_its_reserve(4 * 1024 * 1024);
    disk.make_room();
    stage.healed();
    let book = audience.finish();
    stage.reveal();
    stage.compare("disk full at the seal", &book);
    assert!(book.with("refused(late)") > 0, "{:?}", book.receipts());
}
