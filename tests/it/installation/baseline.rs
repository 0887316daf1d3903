//! No fault: the same books, the same comparison. And both nodes see the same numbers.

use super::{
    ledger::Ledger,
    stage::{A, B, Stage},
};
use crate::{
    books::show::counts,
    support::{SOON, until},
};

#[test]
fn without_a_fault_both_nodes_see_the_same_numbers() {
    let ledger = Ledger::start();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let half = stage.part(2);
    stage.fidgets_until(half, |scene| counts(scene.nodes[A].address(), half));
    stage.close();
    let numbers = |node| stage.live(node)["results"]["options"].clone();
    until("the numbers are the same", SOON, || (numbers(A) == numbers(B)).then_some(()));
    let book = stage.conclude("two nodes, no fault", audience);
    assert_eq!(book.with("unknown"), 0);
    assert!(book.with("refused(budget)") > 0, "{:?}", book.receipts());
    assert!(book.closings("own: to another node") > 0, "{}", book.summary);
}
