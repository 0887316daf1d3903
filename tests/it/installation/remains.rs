//! What Redis still has after a fault, read past the nodes before any of them can tell it again. A fault that took
//! nothing away proves nothing.

use std::collections::HashSet;

use tallylight::{ballots::ballot::Verdict, shows::run::Definition};

use crate::{
    books::{
        book::{Book, now_ms},
        show::SHOW,
    },
    ledger::stage::Client,
    support::redis::RedisServer,
};

/// What a server had of a run and its show.
pub struct Remains {
    /// What clients were told before this they were told of a Redis that is gone.
    seen_at: u64,
    /// The ballots that it counted, by id.
    counted: HashSet<String>,
    /// The revision of the show; 0: none.
    revision: u64,
}

impl Remains {
    /// Reads a server.
    pub fn of(redis: &RedisServer, run: &Definition) -> Self {
        let seen_at = now_ms();
        let client = Client::new(vec![redis.url()]);
        let contents = (0..run.buckets).filter_map(|bucket| client.contents(run, bucket));
        let kept = contents.flat_map(|contents| contents.ballots).map(|(_, kept)| kept);
        let counted = kept.filter(|kept| kept.verdict == Verdict::Counted).map(|kept| kept.id.to_string()).collect();
        let revision: Option<u64> = redis.ask(&["HGET", &format!("{{tl:show:{SHOW}}}"), "revision"]).unwrap();
        Self { seen_at, counted, revision: revision.unwrap_or(0) }
    }

    /// Wipes a server under the nodes' hands.
    pub fn of_wiped(redis: &RedisServer) -> Self {
        let keys: u64 = redis.ask(&["EVAL", "redis.call('FLUSHALL') return redis.call('DBSIZE')", "0"]).unwrap();
        assert_eq!(keys, 0);
        Self { seen_at: now_ms(), counted: HashSet::new(), revision: 0 }
    }

    /// How many ballots it counted.
    pub fn ballots(&self) -> usize {
        self.counted.len()
    }

    /// Ballots that clients had been told were counted, and that are not there.
    pub fn lost(&self, book: &Book) -> usize {
        let told = |heard: &crate::books::book::Heard| heard.is == "counted" && heard.at < self.seen_at;
        let counted = book.ballots.iter().filter(|ballot| ballot.receipts.iter().any(told));
        counted.filter(|ballot| !self.counted.contains(&ballot.id)).count()
    }

    /// Checks that ballots were lost that clients had been told were counted, and the revision that an operator had been
    /// told.
    pub fn are_less(&self, book: &Book, told: u64) {
        let lost = self.lost(book);
        println!("Redis lost {lost} counted ballots, and {} revisions of the show", told.saturating_sub(self.revision));
        assert!(lost > 0 && self.revision < told, "nothing was lost: this test proved nothing");
    }

    /// Checks that nothing was lost of all that.
    pub fn are_all(&self, book: &Book, told: u64) {
        assert_eq!(self.lost(book), 0);
        assert!(self.revision >= told, "revision {told} was told, and Redis has {}", self.revision);
    }
}
