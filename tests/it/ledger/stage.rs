//! What the tests of the ledger share: calls, and a Redis to make them of.

use std::sync::Arc;

use tallylight::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        bucket::{Decision, Pools},
        ledger::{self, Answer, Call, Contents, OwnedBatch, Standing},
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, NodeId, RunId, VoterId},
    },
    providers::redis::{Config, Redis, RedisError, Script},
    shows::{
        counting::{Counting, Gives, Pool},
        entries::Entries,
        interaction::{Interaction, Visibility},
        run::{BUCKET_HASH, Definition, record_format},
        windows::{Span, Windows},
    },
    wire::entry::Entry,
};
use tokio::runtime::{Builder, Runtime};

/// The journal that batches are of, unless a test says another.
pub const JOURNAL: JournalId = JournalId(0x7000_0000_0000_0001);
/// The directory that calls, unless a test says another.
pub const NODE: NodeId = NodeId(1);

/// A way to Redis with something to drive it.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    pub redis: Redis,
}

impl Client {
    /// A client of one server, or of a cluster.
    pub fn new(urls: Vec<String>) -> Self {
        Self::over(Redis::open(&Config { urls, cluster: false, ca_file: None }).unwrap())
    }

    /// A client that goes this way.
    pub fn over(redis: Redis) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, redis }
    }

    /// Makes a call.
    pub fn call(&self, call: &Call) -> Result<Answer, RedisError> {
        self.call_by(&ledger::BUCKET, call)
    }

    /// Makes a call by another script.
    pub fn call_by(&self, script: &Script, call: &Call) -> Result<Answer, RedisError> {
        self.wait(ledger::call_by(&self.redis, script, call))
    }

    /// Reads all that a bucket keeps.
    pub fn contents(&self, definition: &Definition, bucket: u16) -> Option<Contents> {
        self.wait(ledger::ballots(&self.redis, definition, bucket)).unwrap()
    }

    /// Waits for something to be done.
    pub fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }
}

/// A run of a question with three options.
pub fn definition(votes: u16) -> Arc<Definition> {
    definition_with((votes, None, false, false))
}

/// Votes of one voter, how many of them for one option, whether ballots may be changed, and whether pools count apart.
pub type Rules = (u16, Option<u16>, bool, bool);

/// The same by other rules. Where pools count apart they are those who came by none, and a jury of two segments.
pub fn definition_with((votes, per_option, changeable, pools): Rules) -> Arc<Definition> {
    let pool = |name: &str| Pool { name: name.into(), gives: Gives::Percent(50), each_segment: true };
    let pools = if pools { vec![pool(""), pool("jury")] } else { Vec::new() };
    let jury = |segment: &str| Entry { segment: Some(segment.into()), pool: Some("jury".into()), platform: None };
    let interaction = Interaction {
        question: "Who?".into(),
        options: vec!["Ada".into(), "Bo".into(), "Cy".into()],
        votes,
        per_option,
        changeable,
        viewers_see: Visibility::Always,
        screens_see: Visibility::Always,
        counting: Counting { pools, ..Counting::default() },
        ..Interaction::default()
    };
    Arc::new(Definition {
        run: RunId::random(),
        show: "finale".parse().unwrap(),
        cue: "1".into(),
        rehearsal: false,
        record_format: record_format(&interaction),
        interaction,
        buckets: 4,
        bucket_hash: BUCKET_HASH.into(),
        entries: Entries::default().declaring(&["nl", "se"].map(jury)).unwrap(),
        platforms: Vec::new(),
        carries: None,
    })
}

/// A call that makes the bucket if need be, of a roster with this node only and open windows.
pub fn call(definition: &Arc<Definition>) -> Call {
    Call {
        definition: Arc::clone(definition),
        rules_hash: definition.rules_hash().into(),
        pools: Pools::of(definition),
        bucket: 0,
        windows: Arc::new(open(1000, 2000, 1)),
        sealing: None,
        seal: None,
        directory: NODE,
        roster: [NODE].into(),
        epoch: 0,
        retold: false,
        create: true,
        batch: None,
    }
}

/// Windows with one span, in milliseconds.
pub fn open(opens: u64, closes: u64, revision: u64) -> Windows {
    let span = Span { opens: Micros::from_ms(opens), closes: Some(Micros::from_ms(closes)) };
    Windows { epoch: 1, revision, grace_ms: 0, spans: vec![span], ..Windows::default() }
}

/// An undecided ballot.
pub fn ballot(voter: u128, id: u128, picks: &[u16], ms: u64) -> (Ballot, Option<Decided>) {
    let picks = Picks::new(picks.to_vec());
    (Ballot { voter: VoterId(voter), id: BallotId(id), picks, received: Micros::from_ms(ms), entry: 0 }, None)
}

/// A ballot that was decided before.
pub fn told(ballot: (Ballot, Option<Decided>), verdict: Verdict, seq: u64) -> (Ballot, Option<Decided>) {
    let Ballot { received, entry, .. } = ballot.0;
    let decided = Decided { verdict, place: Place { journal: JOURNAL, seq }, received, entry };
    (ballot.0, Some(decided))
}

/// A batch of [`JOURNAL`].
pub fn batch(first_seq: u64, ballots: &[(Ballot, Option<Decided>)]) -> Option<OwnedBatch> {
    Some(OwnedBatch { journal: JOURNAL, first_seq, ballots: ballots.to_vec() })
}

/// What a call that was done says.
pub fn done(answer: Answer) -> Standing {
    match answer {
        Answer::Done(standing) => standing,
        other => panic!("not done: {other:?}"),
    }
}

/// The verdicts of an answer.
pub fn verdicts(standing: &Standing) -> Vec<Verdict> {
    standing.decisions.iter().map(|decision: &Decision| decision.verdict).collect()
}
