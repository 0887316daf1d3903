//! The process goes away in the middle of a window: killed, and asked to leave.

use super::{audience::Crowd, stage::Stage};
use crate::support::app::TestApp;

const CROWD: Crowd = Crowd { voters: 2000, votes: 3, per_second: 1200 };

#[test]
fn killed_again_and_again() {
    let mut stage = Stage::set(CROWD, |app| app);
    let audience = stage.open("1", stage.app.address());
    for part in 1..=3 {
        stage.fidgets_until(CROWD.counted() * part / 5, TestApp::kill);
        stage.start();
    }
    stage.counts_all();
    stage.close();
    stage.app.kill();
    // The clock may lock a run while nobody is there to see it.
    stage.start();
    stage.conclude("kill -9, four times", audience);
}

#[test]
fn drained_and_started_again() {
    let mut stage = Stage::set(CROWD, |app| app);
    let audience = stage.open("1", stage.app.address());
    let status = stage.fidgets_until(CROWD.counted() / 3, TestApp::stop);
    assert!(status.success(), "{status}");
    stage.start();
    stage.counts_all();
    stage.close();
    let book = stage.conclude("SIGTERM", audience);
    // Who was on the way in was told nothing yet. A machine with far too much to do may not get to all within the grace.
    let [steered, broken] = ["told to reconnect", "broken"].map(|closing| book.closings(closing));
    let all = u64::from(CROWD.connections());
    assert!(steered >= all / 2 && broken <= all / 20, "{steered} told, {broken} broken: {}", book.summary);
}
