//! A cluster: a bucket is counted right while its slot moves, and a primary that is gone is missed by its own slots only.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use tallylight::{
    ballots::{
        bucket::{Batch, Bucket, Kept, Pools, Rules},
        ledger::{self, Answer, Call},
    },
    base::ids::VoterId,
    providers::redis::RedisError,
};

use super::stage::{Client, JOURNAL, ballot, batch, call, definition, done};
use crate::support::{SOON, redis::RedisCluster, until};

/// Makes a call until it is answered; the errors on the way.
fn insist(client: &Client, call: &Call, errors: &mut BTreeMap<String, usize>) -> Answer {
    until("there is an answer", SOON, || match client.call(call) {
        Ok(answer) => Some(answer),
        Err(error) => {
            *errors.entry(error.to_string().chars().take(40).collect()).or_default() += 1;
            None
        }
    })
}

#[test]
fn a_bucket_is_counted_right_while_its_slot_moves() {
    let cluster = RedisCluster::start(3);
    let client = Client::new(cluster.urls());
    let definition = definition(1);
    let mut call = call(&definition);
    let mut errors = BTreeMap::new();
    done(insist(&client, &call, &mut errors));
    (call.epoch, call.retold, call.create) = (1, true, false);
    let (from, slot) = cluster.owner(&format!("{{tl:{}:0}}:meta", definition.run));
    let to = (from + 1) % 3;

    // Every voter votes twice; the second time is over the budget.
    let all: Vec<_> = (0..1500_u128).zip([1, 2, 3].into_iter().cycle()).collect();
    let all: Vec<_> = all.into_iter().map(|(n, pick)| ballot(n % 750 * 0x1_0001, n, &[pick], 1500)).collect();
    let (before, mut sent, mut epochs) = (300, 0, vec![1]);
    thread::scope(|scope| {
        let mut moving = None;
        while sent < all.len() {
            if sent >= before && moving.is_none() {
                moving = Some(scope.spawn(|| cluster.migrate(slot, from, to, Duration::from_millis(30))));
            }
            let next = &all[sent..(sent + 5).min(all.len())];
            call.batch = batch(sent as u64 + 1, next);
            let standing = done(insist(&client, &call, &mut errors));
            sent += standing.decisions.len();
            // Where the slot is now is another history. Nothing was lost, so there is nothing to tell again.
            call.epoch = standing.totals.epoch;
            if epochs.last() != Some(&call.epoch) {
                epochs.push(call.epoch);
            }
        }
        moving.expect("it moved meanwhile").join().unwrap();
    });

    let mut expected = Bucket::new(Rules { options: 3, votes: 1, per_option: 1, changeable: false }, Pools::default());
    expected.set_windows(&call.windows);
    expected.apply(&Batch { journal: JOURNAL, first_seq: 1, ballots: &all }).unwrap();
    call.batch = None;
    let standing = done(insist(&client, &call, &mut errors));
    assert_eq!((standing.totals.counted, &standing.totals.votes), (750, &expected.totals().votes));
    assert_eq!(standing.watermarks, [(JOURNAL, 1500)]);
    let contents = client.contents(&definition, 0).unwrap();
    let by_place = |mut ballots: Vec<(VoterId, Kept)>| {
        ballots.sort_by_key(|(_, kept)| kept.place);
        ballots
    };
    let of_model = expected.ballots().map(|(voter, kept)| (voter, kept.clone())).collect();
    assert!(by_place(contents.ballots) == by_place(of_model), "what is kept is not the same");
    assert_eq!(epochs, [1, 2], "the other server has another history");
    assert!(errors.keys().all(|error| error.starts_with("the cluster is moving")), "{errors:?}");
    assert!(!errors.is_empty(), "nothing was asked while the slot was half moved");
    assert_eq!(cluster.keys(to, slot), 65);
}

#[test]
fn a_primary_that_is_gone_is_missed_by_its_own_slots_only() {
    let mut cluster = RedisCluster::start(3);
    let client = Client::new(cluster.urls());
    let definition = definition(1);
    let of_bucket = |bucket| {
        let mut call = call(&definition);
        call.bucket = bucket;
        (call, cluster.owner(&format!("{{tl:{}:{bucket}}}:meta", definition.run)).0)
    };
    let calls: Vec<_> = (0..16).map(of_bucket).collect();
    for (call, _) in &calls {
        done(insist(&client, call, &mut BTreeMap::new()));
    }
    let gone = calls[0].1;
    for killed in [false, true] {
        if killed {
            cluster.servers[gone].thaw();
            cluster.servers[gone].kill();
        } else {
            cluster.servers[gone].freeze();
        }
        // All at once, as buckets are: those of the others do not wait for those that must.
        let redis = &client.redis;
        let asked = futures_util::future::join_all(calls.iter().map(|(call, owner)| async move {
            let begun = Instant::now();
            let mut answers = Vec::new();
            for _ in 0..3 {
                answers.push(ledger::call(redis, call).await);
                if *owner == gone {
                    break;
                }
            }
            (*owner, answers, begun.elapsed())
        }));
        for (owner, answers, took) in client.wait(asked) {
            if owner == gone {
                let [Err(RedisError::Unreachable(_) | RedisError::Moving(_))] = &*answers else {
                    panic!("{answers:?}")
                };
                assert!(took < Duration::from_secs(4), "{took:?}");
            } else {
                assert!(answers.iter().all(Result::is_ok), "{answers:?}");
                assert!(took < Duration::from_millis(900), "{took:?}");
            }
        }
    }
    cluster.servers[gone].restart();
    for (call, _) in &calls {
        assert!(matches!(insist(&client, call, &mut BTreeMap::new()), Answer::Done(_)));
    }
    let probe = client.wait(client.redis.probe()).unwrap();
    assert_eq!((probe.cluster, probe.servers.len(), probe.failing.len()), (true, 3, 0));
}
