//! No fault: the same books, the same comparison, and more ballots than anywhere else here. And what a data directory
//! says to a second process.

use super::{audience::Crowd, stage::Stage};
use crate::support::{SOON, process::Process, until};

#[test]
fn without_a_fault_everything_is_settled_at_once() {
    let crowd = Crowd { voters: 2000, votes: 12, per_second: 3000 };
    let mut stage = Stage::set(crowd, |app| app);
    let audience = stage.open("1", stage.app.address());
    stage.counts(crowd.counted() / 2);
    stage.close();
    // Who thought too long is late: kept apart, and told so.
    let late = "receipts_total{answer=\"refused\",reason=\"late\"}";
    until("a thousand are late", SOON, || (stage.metric(late) >= 1000).then_some(()));
    let book = stage.conclude("no fault", audience);
    assert!(book.ballots.len() >= 20_000, "{} ballots", book.ballots.len());
    assert_eq!(book.with("unknown") + book.with("held"), 0);
    assert!(book.with("refused(late)") > 0 && book.with("refused(budget)") > 0, "{:?}", book.receipts());
}

#[test]
fn a_data_directory_admits_one_process() {
    let crowd = Crowd { voters: 1, votes: 1, per_second: 1 };
    let stage = Stage::set(crowd, |app| app);
    let mut second = stage.app.serve();
    // Another port: the directory alone must be in the way.
    let arguments: Vec<_> = second.get_args().map(ToOwned::to_owned).collect();
    second = stage.app.program();
    second.args(
        arguments.iter().map(|arg| {
            if arg.to_string_lossy().starts_with("127.") { "127.0.0.1:0".as_ref() } else { arg.as_os_str() }
        }),
    );
    let (status, said) = Process::start(&mut second).wait(SOON);
    assert!(!status.success(), "{said:?}");
    let holder = format!("is used by another process (process {})", stage.app.process().id());
    assert!(said.iter().any(|line| line.contains(&holder)), "{said:#?}");
    assert_eq!(stage.app.get("/readyz").status, 200, "the first one minds nothing");
}
