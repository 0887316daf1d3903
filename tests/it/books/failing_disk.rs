//! The disk says no: an fsync that fails, and a write that stops in the middle. The journal ends for good, and says so,
//! until the process starts anew.

use super::{audience::Crowd, book::now_ms, shim::Shim, show, stage::Stage};
use crate::support::{SOON, app::TestApp, until};

const CROWD: Crowd = Crowd { voters: 2000, votes: 3, per_second: 1200 };
const UNKNOWN: &str = "receipts_total{answer=\"unknown\",reason=\"none\"}";
const BUSY: &str = "receipts_total{answer=\"refused\",reason=\"busy\"}";

#[test]
fn an_fsync_fails() {
    the_journal_ends("fsync: EIO", &format!("sync {}", libc::EIO), |app| {
        assert_eq!(app.ends().code(), Some(1), "a node without a journal drains and ends by itself");
    });
}

#[test]
fn a_write_stops_in_the_middle() {
    the_journal_ends("write: ENOSPC, torn", &format!("tear {}", libc::ENOSPC), TestApp::kill);
}

fn the_journal_ends(fault: &str, order: &str, ends: fn(&mut TestApp)) {
    let shim = Shim::new();
    let mut stage = Stage::set(CROWD, |app| shim.under(app));
    let audience = stage.open("1", stage.app.address());
    stage.counts(CROWD.counted() / 3);
    shim.order(order);
    stage.not_ready("journal_failed");
    until("somebody is told unknown", SOON, || (stage.metric(UNKNOWN) > 0).then_some(()));

    // The disk works again, and it is too late: who knows what the one failure lost?
    shim.heal();
    let failed = now_ms();
    // The node goes away by itself a few seconds after the failure; then the clients say how many were told.
    let (before, mut told) = (stage.metric(BUSY), 0);
    until("hundreds are told busy, or the node has gone", SOON, || {
        let Some(busy) = show::try_metric(stage.app.address(), BUSY) else { return Some(()) };
        told = busy - before;
        (told >= 300).then_some(())
    });

    let ended = now_ms();
    stage.fidgets_until(0, ends);
    stage.start();
    stage.counts_all();
    stage.close();
    let book = stage.conclude(fault, audience);
    assert!(book.with("unknown") > 0 && book.with("refused(busy)") > 0, "{:?}", book.receipts());
    let heard = book.ballots.iter().flat_map(|ballot| &ballot.receipts);
    let heard = heard.filter(|heard| heard.word() == "refused(busy)" && heard.at >= failed).count();
    assert!(told.max(heard as u64) >= 300, "busy {told} times by the node, heard {heard} times");
    // What came after the failure was not counted by the process that failed.
    let heard = book.ballots.iter().flat_map(|ballot| &ballot.receipts);
    let wrong = heard.filter(|heard| heard.is == "counted").find(|heard| {
        (failed..ended).contains(&heard.at) && heard.received_at.is_some_and(|received| received > failed)
    });
    assert!(wrong.is_none(), "counted without a journal: {wrong:?}");
}
