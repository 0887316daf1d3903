//! A run is sealed while Redis fails over: after its buckets were marked, before they were all read.

use std::{thread, time::Duration};

use serde_json::{Value, json};
use tallylight::base::ids::RunId;

use super::{
    ledger::Ledger,
    remains::Remains,
    stage::{B, Stage, definition},
};
use crate::support::{SOON, redis::RedisServer, until};

/// How far away the sealing node is from Redis. It reads each bucket in eight steps, so this is the eighth part of the time in
/// which the failover has to come.
const AWAY: Duration = Duration::from_millis(150);

/// How many buckets are marked for the first seal, and how often sub-hashes were read.
fn seal_stands(redis: &RedisServer, run: RunId, buckets: u16) -> (u16, u64) {
    let script = "local marked = 0
        for bucket = 0, ARGV[2] - 1 do
          if redis.call('HGET', '{tl:' .. ARGV[1] .. ':' .. bucket .. '}:meta', 'marked') == '1' then marked = marked + 1 end
        end
        return {marked, tonumber(redis.call('INFO', 'commandstats'):match('cmdstat_hgetall:calls=(%d+)') or 0)}";
    redis.ask(&["EVAL", script, "0", &run.to_string(), &buckets.to_string()]).expect("Redis answers")
}

/// The manifests of a run that a server keeps, by their places.
fn manifests(redis: &RedisServer) -> Vec<String> {
    redis.ask(&["HKEYS", "{tl:show:faults}:manifests"]).expect("Redis answers")
}

#[test]
fn a_run_is_sealed_while_redis_fails_over() {
    let mut ledger = Ledger::start();
    let replica = ledger.redis.replica();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let half = stage.part(2);
    stage.fidgets_until(half, |mut scene| scene.heals());
    let run = definition(&stage.nodes[B]);
    let mut book = None;
    let (told, (remains, marked), sealed) = thread::scope(|scope| {
        let (mut told, mut sealed) = (0, None);
        let meanwhile = |ledger: &Ledger| {
            stage.close();
            book = Some(audience.finish());
            told = stage.producers[B].told.last().expect("it was closed").1;
            let (_, reads) = seal_stands(&ledger.redis, run.run, run.buckets);
            ledger.ways[B].faults(|faults| faults.to_client.latency = Some(AWAY));
            let producer = &mut stage.producers[B];
            sealed = Some(scope.spawn(move || producer.asks("seal", json!({})).expect("there is an answer")));
            until("all buckets are marked, and the first is read", SOON, || {
                let (marked, now) = seal_stands(&ledger.redis, run.run, run.buckets);
                (marked == run.buckets && now > reads).then_some(())
            });
            assert_eq!(manifests(&ledger.redis), Vec::<String>::new(), "it is sealed: this test proved nothing");
        };
        let look = |replica: &RedisServer| (Remains::of(replica, &run), seal_stands(replica, run.run, run.buckets).0);
        let seen = ledger.fail_over(replica, meanwhile, look);
        ledger.ways[B].heal();
        let sealed: Value = sealed.expect("it was asked for").join().expect("the producer is answered");
        (told, seen, sealed)
    });
    stage.healed();
    let book = book.expect("the audience has gone");
    remains.are_less(&book, told);
    assert_eq!(marked, 0, "no mark was lost: this test proved nothing");
    assert_eq!(sealed["ok"], true, "{sealed}");
    let again = "the ledger failed over during a seal: it is made again";
    assert!(stage.nodes[B].process().lines().iter().any(|line| line.contains(again)), "the failover hit no seal");
    // The first one was never signed.
    assert_eq!(manifests(&ledger.redis), [format!("{}.2", run.run)]);
    let log = stage.producers[B].log();
    let notes: Vec<_> = log.iter().filter(|entry| entry["what"] == "sealed").map(|entry| &entry["note"]).collect();
    let counted = stage.part(1);
    assert!(
        matches!(&notes[..], [note] if **note == format!("revision 2: {counted} ballots counted, 0 late")),
        "{notes:?}"
    );
    stage.finish("sealed during a failover", book);
}
