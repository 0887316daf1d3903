//! Redis dies, loses its newest writes, or loses everything, while ballots are cast on both nodes.

use super::{
    ledger::Ledger,
    remains::Remains,
    stage::{A, B, Stage, pulled_everywhere, pulls, refuses},
};

/// Kills Redis; both nodes hold ballots, refuse commands and still pull what is urgent; then it comes back, with the end of
/// its file or without.
fn dies(fault: &str, cut: bool) {
    let mut ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(4);
    let (told, remains) = stage.fidgets_until(votes, |mut scene| {
        let (length, run) = (ledger.redis.file_bytes(), scene.definition());
        let told = scene.tells(votes + votes / 2);
        let away = || {
            refuses(&mut scene.producers[A]);
            refuses(&mut scene.producers[B]);
            pulls(scene.nodes, scene.producers, B);
        };
        let remains = ledger.dies(away, cut.then_some(length), |redis| Remains::of(redis, &run));
        scene.heals();
        pulled_everywhere(scene.nodes);
        (told, remains)
    });
    stage.close();
    let book = stage.conclude(fault, audience);
    assert!(book.with("held") > 0, "{:?}", book.receipts());
    if cut { remains.are_less(&book, told) } else { remains.are_all(&book, told) }
}

#[test]
fn redis_is_killed_and_comes_back() {
    dies("kill -9 of Redis", false);
}

#[test]
fn redis_comes_back_without_its_newest_writes() {
    dies("the tail of Redis's file is cut", true);
}

#[test]
fn a_replica_takes_over_that_misses_the_newest_writes() {
    let mut ledger = Ledger::start();
    let replica = ledger.redis.replica();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let votes = stage.part(4);
    let (told, remains) = stage.fidgets_until(votes, |mut scene| {
        let (mut told, run) = (0, scene.definition());
        // What is told now the replica never hears of.
        let remains =
            ledger.fail_over(replica, |_| told = scene.tells(votes * 2), |replica| Remains::of(replica, &run));
        scene.heals();
        scene.tells(votes * 3);
        (told, remains)
    });
    stage.close();
    let book = stage.conclude("failover to a replica that misses a quarter", audience);
    remains.are_less(&book, told);
}

#[test]
fn redis_is_wiped() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let wiped = [4, 2].map(|part| {
        let votes = stage.part(part);
        stage.fidgets_until(votes, |mut scene| {
            let told = scene.tells(votes);
            let remains = Remains::of_wiped(&ledger.redis);
            scene.heals();
            scene.tells(votes + votes / 4);
            (told, remains)
        })
    });
    stage.close();
    let book = stage.conclude("FLUSHALL, twice", audience);
    for (told, remains) in wiped {
        remains.are_less(&book, told);
    }
}
