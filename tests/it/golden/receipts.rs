//! Every kind of receipt.

use tallylight::wire::server::{Answer, Reason, Receipt};

use super::{AT, BALLOT, RUN};

fn receipt(is: Answer) -> Receipt {
    Receipt {
        run: RUN,
        id: BALLOT,
        is,
        reason: None,
        retry_ms: None,
        left: None,
        at: None,
        picks: vec![],
        repeated: false,
        change: None,
        change_seen: None,
        in_force: None,
        instead: None,
        excluded: false,
    }
}

pub fn counted() -> Receipt {
    Receipt { left: Some(0), at: Some(AT + 1234), ..receipt(Answer::Counted) }
}

fn refused(reason: Reason) -> Receipt {
    Receipt { reason: Some(reason), ..receipt(Answer::Refused) }
}

pub fn receipts() -> Vec<(&'static str, Receipt)> {
    let for_ever = |reason| Receipt { at: Some(AT + 1234), ..refused(reason) };
    let for_now = |reason| Receipt { retry_ms: Some(500), ..refused(reason) };
    vec![
        ("counted", counted()),
        ("counted-repeated", Receipt { repeated: true, ..counted() }),
        ("counted-asked", Receipt { picks: vec![2, 2, 1], repeated: true, ..counted() }),
        ("counted-change", Receipt { change: Some(3), change_seen: Some(3), in_force: Some(true), ..counted() }),
        ("counted-superseded", Receipt { change: Some(2), change_seen: Some(3), in_force: Some(false), ..counted() }),
        ("held", Receipt { retry_ms: Some(1000), ..receipt(Answer::Held) }),
        ("held-after-seal", Receipt { reason: Some(Reason::AfterSeal), at: Some(AT), ..receipt(Answer::Held) }),
        ("refused-invalid", refused(Reason::Invalid)),
        ("refused-not-eligible", refused(Reason::NotEligible)),
        ("refused-void", refused(Reason::Void)),
        ("refused-late", for_ever(Reason::Late)),
        ("refused-budget", for_ever(Reason::Budget)),
        ("refused-id-reused", refused(Reason::IdReused)),
        ("refused-displaced", for_ever(Reason::Displaced)),
        ("refused-not-open", for_now(Reason::NotOpen)),
        ("refused-busy", for_now(Reason::Busy)),
        ("unknown", receipt(Answer::Unknown)),
    ]
}
