//! Two releases in one show, as they are while one node after the other is replaced: both take ballots, either leads the
//! show to its end, and the books are compared as in `installation`. `scripts/test releases` builds the last release and
//! runs this.

use std::{fs, path::PathBuf};

use crate::{
    books::{papers, show::metric},
    installation::{
        ledger::Ledger,
        stage::{A, B, Stage},
    },
    support::app,
};

/// The program of the last release.
fn last() -> PathBuf {
    let program = std::env::var_os("TALLYLIGHT_LAST_RELEASE");
    program.expect("TALLYLIGHT_LAST_RELEASE names the last release's program: scripts/test releases").into()
}

/// Which program runs as a node.
fn runs(stage: &Stage, node: usize) -> PathBuf {
    fs::read_link(format!("/proc/{}/exe", stage.nodes[node].process().id())).unwrap()
}

fn is_this(stage: &Stage, node: usize) -> bool {
    assert!(fs::read(last()).unwrap() != fs::read(app::program()).unwrap(), "not two releases");
    runs(stage, node) == app::program().canonicalize().unwrap()
}

/// Leads a show to its end from node B, with a node of the last release and one of this one.
fn side_by_side(old: usize, how: &str) {
    let ledger = Ledger::start();
    let mut programs = [app::program(), app::program()];
    programs[old] = last();
    let mut stage = Stage::set_with(&ledger.urls(), &programs);
    assert_eq!([A, B].map(|node| is_this(&stage, node)), [old != A, old != B]);
    stage.papers = 1 - old;
    let audience = stage.open();
    let votes = stage.part(2);
    stage.fidgets_until(votes, |mut scene| {
        // A commands too; and what it is told is so on B.
        scene.tells(votes);
    });
    stage.close();
    for node in stage.addresses() {
        let counted = metric(node, "receipts_total{answer=\"counted\",reason=\"none\"}");
        assert!(counted > votes / 2, "{counted} of {votes} votes were counted over {node}");
    }
    let book = stage.seal(audience);
    stage.ends(how, &book);
    // Whoever has only the older program can check the newer one's papers, too.
    papers::assert_verified(&stage.verify_by(old));
}

#[test]
fn a_node_of_this_release_seals_beside_one_of_the_last() {
    side_by_side(A, "the last release, and this one seals");
}

#[test]
fn a_node_of_the_last_release_seals_beside_one_of_this() {
    side_by_side(B, "this release, and the last one seals");
}

#[test]
fn one_node_after_the_other_is_replaced_in_the_middle_of_a_run() {
    let ledger = Ledger::start();
    let mut stage = Stage::set_with(&ledger.urls(), &[last(), last()]);
    assert!(!is_this(&stage, A) && !is_this(&stage, B));
    let audience = stage.open();
    for (node, part) in [(A, 5), (B, 2)] {
        let votes = stage.part(part);
        stage.fidgets_until(votes, |mut scene| {
            scene.nodes[node].stop();
            scene.nodes[node].becomes(&app::program());
            scene.nodes[node].start();
            scene.is_ready(node);
            scene.heals();
        });
    }
    assert!(is_this(&stage, A) && is_this(&stage, B));
    stage.close();
    let book = stage.seal(audience);
    stage.ends("one node after the other is replaced", &book);
}
