//! The script and the model get the same calls, whatever they are, and must answer the same in every field; in the end they
//! must have kept the same ballots. Mutants of the script show that a difference would be seen.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence, RngSeed, TestError, TestRunner},
};
use tallylight::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        bucket::Kept,
        ledger::{self, Answer, Call, Contents, OwnedBatch},
        seal::Seal,
    },
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, VoterId},
    },
    providers::redis::Script,
    shows::{
        segments::SegmentWindow,
        windows::{Shift, Span, Track, Windows},
    },
};

use super::{
    model::LedgerBucket,
    stage::{Client, Rules, ballot, call, definition_with},
};
use crate::support::redis::RedisServer;

/// A ballot as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    voter: usize,
    id: u128,
    picks: Vec<u16>,
    /// Carried where the run may be changed; `false`: where it may not.
    change: (u32, bool),
    ms: u64,
    entry: u8,
    /// A decision that somebody gave: verdict, journal and number of the copy, its receive time and entry.
    decided: Option<(usize, u64, u64, u64, u8)>,
}

/// Journals and numbers in them.
type Numbers = Vec<(u64, u64)>;

#[derive(Debug, Clone)]
struct Step {
    /// The server's history changes before the call.
    changed: bool,
    journal: u64,
    /// Where the batch begins, from the first number that is missing; `None`: no batch.
    from: Option<i64>,
    ballots: Vec<Drawn>,
    /// Ballots that were decided before go with their decision.
    tells: bool,
    windows: (u32, u64),
    sealing: Option<u32>,
    /// Revision and whether it is in force; watermarks, places beyond them, places below that are kept apart.
    seal: Option<((u32, bool), Numbers, [Numbers; 2])>,
    directory: u64,
    roster: u64,
    /// How far the epoch that the caller saw is from the true one.
    epoch: i64,
    retold: bool,
    create: bool,
    disagrees: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let verdict = prop_oneof![Just(0), 0..Verdict::ALL.len()];
    let decided = (verdict, 0..4_u64, 1..12_u64, 900..2100_u64, entry());
    let picks = prop_oneof![
        8 => prop::collection::vec(1..=3_u16, 1..4),
        8 => Just(vec![2_u16]),
        1 => prop::collection::vec(0..=4_u16, 0..5),
    ];
    let ms = prop_oneof![3 => 1000..2000_u64, 2 => 900..2600_u64, 1 => 3000..3200_u64];
    let change = (prop_oneof![9 => 0..4_u32, 1 => any::<u32>()], prop::bool::weighted(0.95));
    (0..7_usize, 0..4_u128, picks, change, ms, entry(), prop::option::weighted(0.25, decided)).prop_map(
        |(voter, id, picks, change, ms, entry, decided)| Drawn { voter, id, picks, change, ms, entry, decided },
    )
}

fn entry() -> impl Strategy<Value = u8> {
    prop_oneof![0..5_u8, 254..=255_u8]
}

fn step() -> impl Strategy<Value = Step> {
    let from = prop_oneof![1 => Just(None), 6 => Just(Some(0)), 2 => (-6..=-1_i64).prop_map(Some), 1 => Just(Some(1))];
    let places = || prop::collection::vec((0..3_u64, 1..12_u64), 0..4);
    let seal = ((1..4_u32, prop::bool::weighted(0.7)), places(), [places(), places()]);
    (
        (prop::bool::weighted(0.08), 0..3_u64, from, prop::collection::vec(drawn(), 0..5), any::<bool>()),
        (prop_oneof![9 => Just((1_u32, 1_u64)), 1 => (0..3_u32, 0..4_u64)], prop::option::weighted(0.03, 1..4_u32)),
        prop::option::weighted(0.12, seal),
        (0..3_u64, 1..8_u64, prop_oneof![8 => Just(0_i64), 1 => -1..3_i64], prop::bool::weighted(0.7)),
        (prop::bool::weighted(0.9), prop::bool::weighted(0.02)),
    )
        .prop_map(|(batch, (windows, sealing), seal, caller, (create, disagrees))| {
            let (changed, journal, from, ballots, tells) = batch;
            let (directory, roster, epoch, retold) = caller;
            #[rustfmt::skip]
            let step = Step {
                changed, journal, from, ballots, tells, windows, sealing, seal, directory, roster, epoch, retold, create,
                disagrees,
            };
            step
        })
}

/// Voters: some of one sub-hash, and with bits that signs and halves of numbers would trip over.
const VOTERS: [u128; 7] =
    [1, 2, 0x41, 0xffff_0000_0000_0000_ffff_ffff_ffff_ffc1, u128::MAX, 0x8000 << 112, 0x0d0a_0000 << 96];

fn journal(number: u64) -> JournalId {
    JournalId(
        [1, 0xffff_ffff_ffff_fffe, 0x7fff_ffff_0000_0001, 0x8000_0000_0000_0000][usize::try_from(number).unwrap()],
    )
}

/// What the drawn steps make of what was sent before.
#[derive(Default)]
struct Caller {
    logs: BTreeMap<u64, Vec<(Ballot, Option<Decided>)>>,
    watermarks: BTreeMap<JournalId, u64>,
    epoch: u64,
}

impl Caller {
    fn call(&mut self, template: &Call, step: &Step) -> Call {
        let mut call = template.clone();
        let (epoch, revision) = step.windows;
        let at = |ms| Micros::from_ms(ms);
        let mut spans = vec![Span { opens: at(1000), closes: Some(at(2000 + 100 * revision)) }];
        if revision == 3 {
            spans.push(Span { opens: at(2500), closes: None });
        }
        let shift = |ms| Shift { opens_ms: ms, closes_ms: ms + 10 * revision };
        let track = |entries: &[u8], jitter_ms, ms: &[u64]| Track {
            platform: String::new(),
            entries: entries.to_vec(),
            jitter_ms,
            shifts: ms.iter().map(|ms| shift(*ms)).collect(),
            ..Track::default()
        };
        let cut = |from_s, to_s, track| Track { window: Some(SegmentWindow { from_s, to_s }), ..track };
        // One that has nothing of the first opening, and with the others one that has nothing at all.
        let tracks = vec![
            cut(2, None, track(&[4], 0, &[])),
            track(&[1, 254], 40, &[300]),
            cut(0, Some(1), track(&[3], 0, &[500])),
            track(&[2], 0, &[700, 50]),
        ];
        let pause = (revision == 2).then(|| Span { opens: at(1700), closes: Some(at(1800)) });
        let pauses = pause.into_iter().collect();
        call.windows = Arc::new(Windows { epoch, revision, grace_ms: 10 * revision, spans, tracks, pauses });
        call.sealing = step.sealing;
        call.seal = step.seal.as_ref().map(|((revision, in_force), watermarks, [beyond, apart])| {
            let watermarks = watermarks.iter().map(|(number, seq)| (0, journal(*number), *seq));
            let places = |drawn: &Numbers| -> Vec<_> {
                let all = drawn.iter().map(|(number, seq)| (0, Place { journal: journal(*number), seq: *seq }));
                all.chain([(1, Place { journal: journal(1), seq: 2 })]).collect()
            };
            let watermarks = watermarks.chain([(1, journal(0), 99)]);
            let seal = Seal::new(*revision, watermarks, places(beyond), places(apart));
            Arc::new(if *in_force { seal } else { seal.drafted() })
        });
        call.directory = NodeId(step.directory);
        call.roster = (0..3).filter(|bit| step.roster >> bit & 1 == 1).map(NodeId).collect();
        call.epoch = self.epoch.saturating_add_signed(step.epoch);
        call.retold = step.retold;
        call.create = step.create;
        if step.disagrees {
            call.rules_hash = "f".repeat(64).into();
        }
        let changeable = template.definition.interaction.changeable;
        call.batch = step.from.map(|from| self.batch(step, from, changeable));
        call
    }

    fn batch(&mut self, step: &Step, from: i64, changeable: bool) -> OwnedBatch {
        let journal = journal(step.journal);
        let next = self.watermarks.get(&journal).map_or(1, |watermark| watermark + 1);
        let first_seq = next.saturating_add_signed(from).max(1);
        let log = self.logs.entry(step.journal).or_default();
        let mut ballots = Vec::new();
        for (index, drawn) in (usize::try_from(first_seq).unwrap() - 1..).zip(&step.ballots) {
            if log.len() <= index {
                let (new, _) = ballot(VOTERS[drawn.voter], drawn.id, &drawn.picks, drawn.ms);
                let new = match drawn.change {
                    (change, right) if right == changeable => {
                        Ballot { picks: Picks::changed(change, drawn.picks.clone()), ..new }
                    }
                    _ => new,
                };
                let new = Ballot { entry: drawn.entry, ..new };
                let decided = drawn.decided.map(|(verdict, of, seq, ms, entry)| Decided {
                    verdict: Verdict::ALL[verdict],
                    place: Place { journal: self::journal(of), seq },
                    received: Micros::from_ms(ms),
                    entry,
                });
                log.resize(index + 1, (new, decided));
            }
            let (ballot, decided) = log[index].clone();
            ballots.push((ballot, decided.filter(|_| step.tells || drawn.decided.is_some())));
        }
        OwnedBatch { journal, first_seq, ballots }
    }

    fn hear(&mut self, call: &Call, step: &Step, answer: &Answer) {
        match answer {
            Answer::Gap { epoch, .. } => self.epoch = *epoch,
            Answer::Done(standing) => {
                self.epoch = standing.totals.epoch;
                self.watermarks = standing.watermarks.iter().copied().collect();
                let Some(batch) = &call.batch else { return };
                let log = self.logs.entry(step.journal).or_default();
                for (seq, decision) in (batch.first_seq..).zip(&standing.decisions) {
                    let entry = &mut log[usize::try_from(seq).unwrap() - 1];
                    entry.1.get_or_insert(decision.decided());
                }
            }
            Answer::Absent | Answer::Disagrees => {}
        }
    }
}

/// Ballots of each voter in the order of decision.
fn by_voter(contents: Option<Contents>) -> Option<(u64, BTreeMap<VoterId, Vec<Kept>>)> {
    contents.map(|contents| {
        let mut voters: BTreeMap<VoterId, Vec<Kept>> = BTreeMap::new();
        contents.ballots.into_iter().for_each(|(voter, kept)| voters.entry(voter).or_default().push(kept));
        (contents.totals.version, voters)
    })
}

fn clock(server: &RedisServer) -> Micros {
    let (seconds, micros): (u64, u64) = server.ask(&["TIME"]).unwrap();
    Micros(seconds * 1_000_000 + micros)
}

/// Runs drawn steps against a script and the model.
fn compare(client: &Client, server: &RedisServer, script: &Script, rules: Rules, steps: &[Step]) -> Result<(), String> {
    let definition = definition_with(rules);
    let template = call(&definition);
    let (mut model, mut caller) = (LedgerBucket::default(), Caller::default());
    let mut now = Micros(0);
    let mut history: String = server.info("master_replid");
    for (number, step) in steps.iter().enumerate() {
        if step.changed {
            server.change_history();
            history = server.info("master_replid");
        }
        let call = caller.call(&template, step);
        let told = client.call_by(script, &call).map_err(|error| format!("step {number}: {error}"))?;
        match &told {
            Answer::Done(standing) => now = standing.time,
            // A gap tells no time, but an epoch may have begun with it.
            Answer::Gap { .. } => now = clock(server),
            Answer::Absent | Answer::Disagrees => {}
        }
        let mut expected = model.call(&call, &history, now);
        if let (Answer::Done(expected), Answer::Done(told)) = (&mut expected, &told) {
            // The one field that only Redis knows.
            expected.time = told.time;
        }
        if told != expected {
            return Err(format!("step {number}, {call:?}\nscript: {told:?}\nmodel:  {expected:?}"));
        }
        caller.hear(&call, step, &told);
    }
    let (told, expected) = (by_voter(client.contents(&definition, 0)), by_voter(model.contents()));
    if told == expected { Ok(()) } else { Err(format!("kept\nscript: {told:?}\nmodel:  {expected:?}")) }
}

/// By which rules, and what happens.
type Sequence = (Rules, Vec<Step>);

/// Draws and compares; the same draws each time where there is a seed.
fn run(script: &Script, server: &RedisServer, seed: RngSeed, shrinks: u32) -> Result<(), TestError<Sequence>> {
    let client = Client::new(vec![server.url()]);
    let config = Config {
        cases: 200,
        max_shrink_iters: shrinks,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        rng_seed: seed,
        ..Config::default()
    };
    let rules = (1..4_u16, prop::option::of(1..3_u16), prop::bool::weighted(0.4), any::<bool>());
    TestRunner::new(config).run(&(rules, prop::collection::vec(step(), 1..60)), |(rules, steps)| {
        compare(&client, server, script, rules, &steps).map_err(TestCaseError::fail)
    })
}

#[test]
fn the_script_and_the_model_answer_the_same() {
    let server = RedisServer::start(&[]);
    run(&ledger::BUCKET, &server, RngSeed::Random, 300).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_script_that_is_wrong_in_one_place_is_found() {
    let mutants = [
        ("no look-up by id", "if kept.id == id and kept.verdict", "if false and kept.verdict"),
        ("no look-up by content", "if kept.id == id and kept.picks", "if false and kept.picks"),
        ("a repeat names its own entry", "kept.received, kept.entry, votes", "kept.received, entry, votes"),
        ("a copy loses its entry", "copy.received, copy.entry, votes", "copy.received, entry, votes"),
        ("content is not compared", "if kept.picks == picks and", "if true and"),
        ("a seal does not win", "or sealed == '' or not sealed_copy", "or true"),
        ("a change is not noted", "if decided and (decided ~= verdict", "if false and (decided ~= verdict"),
        ("the watermark goes back", "watermark = math.max(watermark, seq)", "watermark = seq"),
        ("decided anew", "elseif decided then verdict = decided\n", ""),
        ("windows are not judged", "elseif not timely(received, entry) then verdict = LATE\n", ""),
        ("a platform has no windows of its own", "of_entry[entry] or programme", "programme"),
        ("of a platform only one entry is known", "if #spans > 0 then spans", "if #spans >= 0 then spans"),
        ("a mark is not seen", "elseif marked > 0 and", "elseif false and"),
        ("what a seal has comes after it", "not (is_in_force and sealed_copy) then verdict", "true then verdict"),
        ("a seal is in force too soon", "unpack_at('>I4', sealed) % 2 == 1", "true"),
        ("copies beyond watermarks are not known", "return beyond[place] == true", "return false"),
        ("one copy beyond is all below it", "elseif section == 1 then", "elseif section <= 2 then"),
        ("what is kept apart is taken", "return not apart[place]", "return true"),
        ("an option gets more than is allowed", " or of[number] > per_option then", " then"),
        ("no barrier", "elseif rebuilding then\n", "elseif false then\n"),
        ("the earlier one goes", "return a.received > b.received", "return a.received < b.received"),
        ("an old epoch retells", "if retells and seen == epoch and", "if retells and"),
        ("a change is not seen", "if made or old[3] ~= replid or seen > epoch then", "if made then"),
        ("a later epoch of a caller is not seen", " or seen > epoch then", " then"),
        ("a ballot that is replaced stays in the tally", "count(was.entry, was.picks, -1)", "count(was.entry, '', -1)"),
        ("a ballot that is replaced stays in its pool", "count(was.entry,", "count(255,"),
        ("what is displaced stays in its pool", "count(latest.entry,", "count(255,"),
        ("a ballot is of the pool of another copy", "count(copy.entry,", "count(entry,"),
        ("a change is of the pool of another one", "count(greatest.entry,", "count(copy.entry,"),
        (
            "only one part of a call is written",
            "pack(PART, unpack(parts[i])) or",
            "i == 1 and pack(PART, unpack(parts[i])) or",
        ),
        ("the last change to come wins", "change == highest and is_later", "is_later"),
        ("a change in a final run is taken", "(change or 0) > 0 ~= changeable", "(change or 1) > 0 ~= true"),
        ("old windows win", "revision_new > revision_old", "revision_new ~= revision_old"),
    ];
    let server = RedisServer::start(&[]);
    let seed = RngSeed::Fixed(7);
    run(&ledger::BUCKET, &server, seed, 0).unwrap_or_else(|error| panic!("{error}"));
    for (name, right, wrong) in mutants {
        assert_eq!(ledger::BUCKET.source.matches(right).count(), 1, "{name}: the script has it once");
        let script = Script::new("mutant", ledger::BUCKET.source.replace(right, wrong).leak());
        let found = run(&script, &server, seed, 0);
        assert!(matches!(found, Err(TestError::Fail(..))), "{name}: not found");
    }
}
