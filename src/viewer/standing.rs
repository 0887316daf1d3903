//! What all receipts of one ballot say together. A receipt that takes back an earlier one is found here.

use crate::wire::server::{Answer, Reason, Receipt};

/// What one receipt means for the client that kept the ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// In the tally exactly once.
    Counted,
    /// Never counted.
    Refused(Reason),
    /// Nothing is decided here (`held`, `unknown`, `not_open`, `busy`): keep the ballot and offer it again.
    Undecided,
    /// Not a receipt of `tallylight.v1`: a refusal without a reason, or with one that is none. Treated as undecided.
    Nonsense,
}

impl Meaning {
    /// Reads a receipt.
    pub const fn of(receipt: &Receipt) -> Self {
        match (receipt.is, receipt.reason) {
            (Answer::Counted, _) => Self::Counted,
            (Answer::Held | Answer::Unknown, _) | (Answer::Refused, Some(Reason::NotOpen | Reason::Busy)) => {
                Self::Undecided
            }
            (Answer::Refused, Some(Reason::AfterSeal) | None) => Self::Nonsense,
            (Answer::Refused, Some(reason)) => Self::Refused(reason),
        }
    }
}

/// What a client may believe of its ballot after all receipts so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Not settled: offer it again.
    #[default]
    Open,
    /// Settled: in the tally.
    Counted,
    /// Settled: not in the tally.
    Refused(Reason),
}

/// What a receipt added to what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing is decided by it.
    Nothing,
    /// It settles the ballot.
    Settled,
    /// It says again what was known.
    Repeated,
    /// A counted ballot was taken out of the tally by the book: displaced, or its run was declared void.
    Withdrawn,
    /// It cannot be true if the receipt before it was, or it is not a receipt at all.
    Contradiction,
}

impl Standing {
    /// Whether the client is done with the ballot.
    pub const fn settled(self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Takes one more receipt of the same ballot. After a contradiction the first word stands.
    ///
    /// What speaks of one node only (`unknown`, `busy`, `not_open`, `held` on a node that cannot decide) may come at
    /// any time and takes nothing back.
    pub fn hear(&mut self, receipt: &Receipt) -> News {
        let says = match Meaning::of(receipt) {
            Meaning::Undecided => return News::Nothing,
            Meaning::Nonsense => return News::Contradiction,
            Meaning::Counted => Self::Counted,
            Meaning::Refused(reason) => Self::Refused(reason),
        };
        let news = match (*self, says) {
            (Self::Open, _) => News::Settled,
            (was, says) if was == says => News::Repeated,
            // A void is for ever and for all ballots of the run; one that was not counted loses nothing by it.
            (Self::Refused(_), Self::Refused(Reason::Void)) => News::Repeated,
            (Self::Counted, Self::Refused(Reason::Void | Reason::Displaced)) => News::Withdrawn,
            _ => return News::Contradiction,
        };
        *self = says;
        news
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::ids::{BallotId, RunId};

    /// A receipt of run 1.
    pub fn receipt(id: u128, is: Answer, reason: Option<Reason>, retry_ms: Option<u32>) -> Receipt {
        Receipt {
            run: RunId(1),
            id: BallotId(id),
            is,
            reason,
            retry_ms,
            left: None,
            at: None,
            picks: Vec::new(),
            repeated: false,
            change: None,
            change_seen: None,
            in_force: None,
            instead: None,
            excluded: false,
        }
    }

    fn hear_all(receipts: &[(Answer, Option<Reason>)]) -> (Standing, News) {
        let mut standing = Standing::default();
        let mut news = News::Nothing;
        for &(is, reason) in receipts {
            news = standing.hear(&receipt(1, is, reason, None));
        }
        (standing, news)
    }

    #[test]
    fn what_speaks_of_one_node_decides_nothing() {
        use Answer::{Counted, Held, Refused, Unknown};
        let weak = [
            (Held, None),
            (Held, Some(Reason::AfterSeal)),
            (Unknown, None),
            (Refused, Some(Reason::Busy)),
            (Refused, Some(Reason::NotOpen)),
        ];
        for answer in weak {
            assert_eq!(hear_all(&[answer]), (Standing::Open, News::Nothing));
            assert_eq!(hear_all(&[(Counted, None), answer]), (Standing::Counted, News::Nothing));
            assert_eq!(hear_all(&[answer, (Counted, None)]), (Standing::Counted, News::Settled));
        }
    }

    #[test]
    fn a_settled_ballot_stays_settled() {
        use Answer::{Counted, Refused};
        let late = (Refused, Some(Reason::Late));
        let budget = (Refused, Some(Reason::Budget));
        let void = (Refused, Some(Reason::Void));
        let displaced = (Refused, Some(Reason::Displaced));
        let counted = (Counted, None);
        assert_eq!(hear_all(&[counted, counted]).1, News::Repeated);
        assert_eq!(hear_all(&[late, late]).1, News::Repeated);
        assert_eq!(hear_all(&[late, void]), (Standing::Refused(Reason::Void), News::Repeated));
        assert_eq!(hear_all(&[counted, void]).1, News::Withdrawn);
        assert_eq!(hear_all(&[counted, displaced]).1, News::Withdrawn);
        for wrong in
            [[counted, late], [counted, budget], [late, counted], [void, counted], [late, budget], [void, late]]
        {
            assert_eq!(hear_all(&wrong).1, News::Contradiction, "{wrong:?}");
        }
    }

    #[test]
    fn a_refusal_has_a_reason() {
        assert_eq!(hear_all(&[(Answer::Refused, None)]).1, News::Contradiction);
        assert_eq!(hear_all(&[(Answer::Refused, Some(Reason::AfterSeal))]), (Standing::Open, News::Contradiction));
    }
}
