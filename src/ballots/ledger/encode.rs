//! How a call and its answer are written for `bucket.lua`, where the layout stands. Numbers are big-endian; those of seven
//! bytes stay below 2^53, up to which Lua's numbers are exact.

use super::{Answer, Call, Contents, Standing};
use crate::{
    ballots::{
        ballot::{Ballot, Decided, Picks, Place, Verdict},
        bucket::{Decision, Kept, Rules, Sealed, Totals},
    },
    base::{
        clock::Micros,
        ids::{BallotId, JournalId, RunId, VoterId},
        limits,
    },
    providers::redis::Value,
    shows::windows::{Track, Windows},
};

/// Sub-hashes of a bucket. With 512 ballots in each, up to which Redis keeps them as listpacks, and 64 buckets, that is two
/// million voters of a run.
pub(super) const SUB_HASHES: u8 = 64;
const NUMBER_MAX: u64 = (1 << 53) - 1;

fn key(run: RunId, bucket: u16, part: &str) -> Vec<u8> {
    format!("{{tl:{run}:{bucket}}}:{part}").into_bytes()
}

/// The key of everything about a bucket but its ballots.
pub(super) fn meta_key(run: RunId, bucket: u16) -> Vec<u8> {
    key(run, bucket, "meta")
}

/// The key of one sub-hash of a bucket.
pub(super) fn sub_key(run: RunId, bucket: u16, sub_hash: u8) -> Vec<u8> {
    key(run, bucket, &format!("b{sub_hash}"))
}

/// All keys of a bucket.
pub(super) fn all_keys(run: RunId, bucket: u16) -> Vec<Vec<u8>> {
    let sub_keys = (0..SUB_HASHES).map(|sub_hash| sub_key(run, bucket, sub_hash));
    std::iter::once(meta_key(run, bucket)).chain(sub_keys).collect()
}

/// The sub-hash of a voter: its last bits. The bucket is chosen by its first ones.
pub(super) fn sub_hash_of(voter: VoterId) -> u8 {
    voter.0.to_be_bytes()[15] % SUB_HASHES
}

/// Writes a call: its keys, and its arguments.
pub(super) fn call(call: &Call) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let run = call.definition.run;
    let mut keys = vec![meta_key(run, call.bucket)];
    // The place of a sub-hash among the keys, counted from 1 as Lua does; 0: not there yet.
    let mut places = [0_u16; SUB_HASHES as usize];
    let mut place_of = |sub_hash: u8, keys: &mut Vec<Vec<u8>>| {
        let place = &mut places[usize::from(sub_hash)];
        if *place == 0 {
            keys.push(sub_key(run, call.bucket, sub_hash));
            *place = u16::try_from(keys.len()).unwrap_or(u16::MAX);
        }
        *place
    };
    if call.create {
        (0..SUB_HASHES).for_each(|sub_hash| _ = place_of(sub_hash, &mut keys));
    }
    let text = |number: u64| number.min(NUMBER_MAX).to_string().into_bytes();
    let flag = |yes: bool| text(u64::from(yes));
    let roster = call.roster.iter().flat_map(|directory| directory.0.to_be_bytes());
    let seal = call.seal.as_ref().map(|seal| {
        let Sealed { revision, in_force, watermarks, beyond, apart } = seal.of_bucket(call.bucket);
        let mut bytes = (2 * revision + u32::from(in_force)).to_be_bytes().to_vec();
        let mut put = |place| put_place(&mut bytes, place);
        let end = Place { journal: JournalId(0), seq: 0 };
        watermarks.into_iter().for_each(|(journal, seq)| put(Place { journal, seq }));
        if !(beyond.is_empty() && apart.is_empty()) {
            std::iter::once(end).chain(beyond).for_each(&mut put);
            std::iter::once(end).chain(apart).for_each(&mut put);
        }
        bytes
    });
    let (batch, rules) = (call.batch.as_ref(), Rules::of(&call.definition));
    let mut args = vec![
        call.rules_hash.as_bytes().to_vec(),
        text(rules.options as u64),
        text(u64::from(rules.votes)),
        text(limits::BALLOTS_PER_VOTER_MAX as u64),
        windows(&call.windows),
        text(u64::from(call.sealing.unwrap_or(0))),
        seal.unwrap_or_default(),
        call.directory.0.to_be_bytes().to_vec(),
        roster.collect(),
        text(call.epoch),
        flag(call.retold),
        flag(call.create),
        text(limits::LEDGER_BARRIER_MS * 1000),
        batch.map_or_else(Vec::new, |batch| batch.journal.0.to_be_bytes().to_vec()),
        text(batch.map_or(0, |batch| batch.first_seq)),
        text(u64::from(rules.per_option)),
        flag(rules.changeable),
        call.pools.to_bytes(),
    ];
    let ballots = batch.map_or(&[][..], |batch| &batch.ballots);
    for (ballot, decided) in ballots.iter().take(limits::LEDGER_BATCH_MAX) {
        let place = place_of(sub_hash_of(ballot.voter), &mut keys);
        args.push(ballot_bytes(ballot, decided.as_ref(), place));
    }
    (keys, args)
}

fn windows(windows: &Windows) -> Vec<u8> {
    let mut bytes = windows.epoch.to_be_bytes().to_vec();
    put_number(&mut bytes, windows.revision);
    put_spans(&mut bytes, windows, None);
    // Nobody comes by a track without spans: all ballots are early then.
    for track in windows.tracks.iter().filter(|track| !windows.spans.is_empty() && !track.entries.is_empty()) {
        for entry in &track.entries {
            put_number(&mut bytes, NUMBER_MAX);
            put_number(&mut bytes, u64::from(*entry));
        }
        // One without end and beginning, where the segment has none: by it they are a platform of their own.
        if windows.spans_on(Some(track)).next().is_none() {
            bytes.extend_from_slice(&[0; 14]);
        }
        put_spans(&mut bytes, windows, Some(track));
    }
    bytes
}

fn put_spans(bytes: &mut Vec<u8>, windows: &Windows, track: Option<&Track>) {
    for span in windows.spans_on(track) {
        put_number(bytes, span.opens.0);
        put_number(bytes, windows.end_on(span, track).map_or(NUMBER_MAX, |end| end.0));
    }
}

fn ballot_bytes(ballot: &Ballot, decided: Option<&Decided>, place: u16) -> Vec<u8> {
    let mut bytes = place.to_be_bytes().to_vec();
    bytes.extend_from_slice(&ballot.voter.0.to_be_bytes());
    bytes.extend_from_slice(&ballot.id.0.to_be_bytes());
    put_number(&mut bytes, ballot.received.0);
    bytes.push(ballot.entry);
    match decided {
        None => bytes.push(0),
        Some(decided) => {
            bytes.push(decided.verdict.number() + 1);
            put_place(&mut bytes, decided.place);
            put_number(&mut bytes, decided.received.0);
            bytes.push(decided.entry);
        }
    }
    ballot.picks.words().iter().for_each(|word| bytes.extend_from_slice(&word.to_be_bytes()));
    bytes
}

fn put_number(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.min(NUMBER_MAX).to_be_bytes()[1..]);
}

fn put_place(bytes: &mut Vec<u8>, place: Place) {
    bytes.extend_from_slice(&place.journal.0.to_be_bytes());
    put_number(bytes, place.seq);
}

/// Reads an answer; `None`: it is none. `options`: of the run's question.
pub(super) fn answer(value: Value, options: usize) -> Option<Answer> {
    let Value::List(fields) = value else { return None };
    match &*fields {
        [Value::Int(2), epoch, watermark] => Some(Answer::Gap { epoch: number(epoch)?, watermark: number(watermark)? }),
        [Value::Int(3)] => Some(Answer::Absent),
        [Value::Int(4)] => Some(Answer::Disagrees),
        [Value::Int(1), epoch, rebuilding, marked, totals, by_pool, journals, changed, decisions, time] => {
            let mut watermarks: Vec<_> = self::journals(journals)?.into_iter().filter(|(_, seq)| *seq > 0).collect();
            watermarks.sort_unstable();
            Some(Answer::Done(Standing {
                totals: self::totals(totals, by_pool, number(epoch)?, options)?,
                rebuilding: number(rebuilding)? != 0,
                marked: u32::try_from(number(marked)?).ok()?,
                watermarks,
                changed: self::journals(changed)?.into_iter().map(|(journal, seq)| Place { journal, seq }).collect(),
                decisions: all(decisions, decision)?,
                time: Micros(number(time)?),
            }))
        }
        _ => None,
    }
}

/// Reads some sub-hashes of a bucket into `contents`. `None`: these are none; `Some(false)`: there is no such bucket, or it
/// is another one than that of the sub-hashes before.
pub(super) fn ballots(value: Value, options: usize, contents: &mut Option<Contents>) -> Option<bool> {
    let Value::List(fields) = value else { return None };
    if fields.is_empty() {
        return Some(false);
    }
    let [epoch, totals, by_pool, journals, Value::List(voters)] = &*fields else { return None };
    let totals = self::totals(totals, by_pool, number(epoch)?, options)?;
    let journals = self::journals(journals)?;
    let first = || Contents { totals: totals.clone(), watermarks: journals.clone(), ballots: Vec::new() };
    let contents = contents.get_or_insert_with(first);
    if contents.totals != totals {
        return Some(false);
    }
    let (pairs, rest) = voters.as_chunks::<2>();
    for [voter, ballots] in pairs {
        let Value::Bytes(voter) = voter else { return None };
        let voter = VoterId(u128::from_be_bytes(voter.as_slice().try_into().ok()?));
        contents.ballots.extend(all(ballots, |bytes| kept(bytes, &journals))?.into_iter().map(|kept| (voter, kept)));
    }
    rest.is_empty().then_some(true)
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Reads one thing after the other to the end of the bytes.
fn all<T>(value: &Value, one: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let Value::Bytes(bytes) = value else { return None };
    let mut rest = bytes.as_slice();
    let mut things = Vec::new();
    while !rest.is_empty() {
        things.push(one(&mut rest)?);
    }
    Some(things)
}

fn totals(value: &Value, by_pool: &Value, epoch: u64, options: usize) -> Option<Totals> {
    let numbers = all(value, |bytes| take_number(bytes, 7))?;
    let [version, counted, late, rest @ ..] = &*numbers else { return None };
    // Only a changeable run has the last one.
    let (votes, superseded) = match rest {
        votes if votes.len() == 2 * options => (votes, &0),
        [votes @ .., superseded] if votes.len() == 2 * options => (votes, superseded),
        _ => return None,
    };
    let (votes, late_votes) = votes.split_at(options);
    let (votes, late_votes) = (votes.to_vec(), late_votes.to_vec());
    let (version, counted, superseded, late) = (*version, *counted, *superseded, *late);
    let by_pool = self::by_pool(by_pool, version);
    Some(Totals { epoch, version, counted, superseded, votes, late, late_votes, by_pool })
}

/// What is counted by pool, if it is of this version: a release that knows nothing of it counts the totals alone.
fn by_pool(value: &Value, version: u64) -> Option<Vec<u64>> {
    let numbers = all(value, |bytes| take_number(bytes, 7))?;
    let (first, counted) = numbers.split_first()?;
    (*first == version).then(|| counted.to_vec())
}

fn journals(value: &Value) -> Option<Vec<(JournalId, u64)>> {
    all(value, |bytes| Some((JournalId(take_number(bytes, 8)?), take_number(bytes, 7)?)))
}

fn decision(bytes: &mut &[u8]) -> Option<Decision> {
    Some(Decision {
        verdict: take_verdict(bytes)?,
        place: Place { journal: JournalId(take_number(bytes, 8)?), seq: take_number(bytes, 7)? },
        received: Micros(take_number(bytes, 7)?),
        entry: take_u8(bytes)?,
        left: take_u16(bytes)?,
        repeated: take_number(bytes, 1)? != 0,
        in_force: take_number(bytes, 1)? != 0,
        change_seen: u32::try_from(take_number(bytes, 4)?).ok()?,
    })
}

fn kept(bytes: &mut &[u8], journals: &[(JournalId, u64)]) -> Option<Kept> {
    let id = BallotId(u128::from_be_bytes(*bytes.split_off(..16)?.first_chunk()?));
    let received = Micros(take_number(bytes, 7)?);
    let seq = take_number(bytes, 5)?;
    let index = usize::from(take_u16(bytes)?);
    let journal = journals.get(index.checked_sub(1)?)?.0;
    let entry = take_u8(bytes)?;
    let verdict = take_verdict(bytes)?;
    let words = (0..take_u16(bytes)?).map(|_| take_u16(bytes)).collect::<Option<_>>()?;
    Some(Kept { id, picks: Picks::from_words(words), received, entry, place: Place { journal, seq }, verdict })
}

fn take_number(bytes: &mut &[u8], count: usize) -> Option<u64> {
    let digits = bytes.split_off(..count)?;
    Some(digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take_u8(bytes: &mut &[u8]) -> Option<u8> {
    u8::try_from(take_number(bytes, 1)?).ok()
}

fn take_u16(bytes: &mut &[u8]) -> Option<u16> {
    u16::try_from(take_number(bytes, 2)?).ok()
}

fn take_verdict(bytes: &mut &[u8]) -> Option<Verdict> {
    Verdict::ALL.get(usize::try_from(take_number(bytes, 1)?).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_with_one_ballot_keeps_its_hash_small() {
        // What Redis keeps as a listpack has values of 64 bytes at most (hash-max-listpack-value).
        let one = 16 + 7 + 5 + 2 + 1 + 1 + 2 + 2;
        assert!(one <= 64, "{one}");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let done = |totals: &[u8], decisions: &[u8]| {
            let mut fields = vec![Value::Int(1), Value::Int(3), Value::Int(0), Value::Int(2)];
            fields.extend([bytes(totals), bytes(&[]), bytes(&[]), bytes(&[]), bytes(decisions), Value::Int(5)]);
            answer(Value::List(fields), 1)
        };
        assert!(matches!(done(&[0; 35], &[]), Some(Answer::Done(_))));
        assert!(matches!(done(&[0; 42], &[]), Some(Answer::Done(standing)) if standing.totals.epoch == 3));
        assert_eq!(done(&[0; 34], &[]), None);
        assert_eq!(done(&[0; 41], &[]), None);
        assert_eq!(done(&[0; 49], &[]), None);
        assert_eq!(done(&[0; 42], &[9; 32]), None);
        assert_eq!(answer(Value::Nil, 1), None);
    }
}
