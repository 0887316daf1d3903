//! What breaks in Redis: each failure has its own error, nothing of a call that failed is half done, and the way is found
//! again by itself.

use std::time::{Duration, Instant};

use tallylight::{
    ballots::{
        ballot::Verdict,
        ledger::{Answer, BUCKET, Call},
    },
    providers::redis::{RedisError, Script, Value},
};

use super::stage::{Client, JOURNAL, ballot, batch, call, definition, done, told, verdicts};
use crate::support::{SOON, redis::RedisServer, until};

static ECHO: Script = Script::new("echo", "return {KEYS[1], ARGV[1], 7, false}");

fn client(server: &RedisServer) -> Client {
    Client::new(vec![server.url()])
}

/// Makes the bucket and counts one ballot; the call is one that only looks, in this epoch.
fn counted(client: &Client) -> Call {
    let mut call = call(&definition(1));
    done(client.call(&call).unwrap());
    (call.epoch, call.retold, call.create) = (1, true, false);
    call.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
    assert_eq!(verdicts(&done(client.call(&call).unwrap())), [Verdict::Counted]);
    call.batch = None;
    call
}

/// Makes a call until there is an answer.
fn again(client: &Client, call: &Call) -> Answer {
    until("Redis is found again", SOON, || client.call(call).ok())
}

#[test]
fn a_script_gets_keys_and_arguments_whatever_their_bytes() {
    let server = RedisServer::start(&[]);
    let client = client(&server);
    let bytes = vec![0, 13, 10, 255, b'$'];
    let echo = || client.wait(client.redis.run(&ECHO, std::slice::from_ref(&bytes), vec![bytes.clone()]));
    let expected = vec![Value::Bytes(bytes.clone()), Value::Bytes(bytes.clone()), Value::Int(7), Value::Nil];
    assert_eq!(echo(), Ok(Value::List(expected.clone())));
    // One that was forgotten is sent again.
    server.tell(&["SCRIPT", "FLUSH"]);
    assert_eq!(echo(), Ok(Value::List(expected)));
    let wrong = Script::new("wrong", "return redis.call('NO')");
    assert!(matches!(client.wait(client.redis.run(&wrong, &[], vec![])), Err(RedisError::Refused(_))));
}

#[test]
fn a_node_starts_without_redis_and_finds_it_later_and_after_every_restart() {
    let mut server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    server.kill();
    let client = client(&server);
    let mut call = call(&definition(1));
    let begun = Instant::now();
    assert!(matches!(client.call(&call), Err(RedisError::Unreachable(_))));
    assert!(begun.elapsed() < Duration::from_secs(1), "a refused connection is told at once");
    server.restart();
    let standing = done(again(&client, &call));
    (call.epoch, call.retold) = (standing.totals.epoch, true);
    call.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
    assert_eq!(verdicts(&done(client.call(&call).unwrap())), [Verdict::Counted]);
    call.batch = None;
    server.kill();
    assert!(matches!(client.call(&call), Err(RedisError::Unreachable(_))));
    server.restart();
    let standing = done(again(&client, &call));
    assert_eq!((standing.totals.counted, standing.totals.epoch), (1, 2), "a restart is another history");
}

#[test]
fn a_server_that_loads_its_data_says_so() {
    let mut server = RedisServer::start(&[]);
    server.tell(&["DEBUG", "POPULATE", "3000"]);
    let client = client(&server);
    let call = counted(&client);
    server.tell(&["SAVE"]);
    server.kill();
    server.set(&["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"]);
    server.restart_slowly();
    let loading = || (client.call(&call) == Err(RedisError::Loading)).then_some(());
    until("it is loading", SOON, loading);
    assert_eq!(done(again(&client, &call)).totals.counted, 1);
}

#[test]
fn a_replica_is_never_asked_how_things_stand() {
    let server = RedisServer::start(&[]);
    let call = counted(&client(&server));
    let replica = server.replica();
    let of_replica = client(&replica);
    assert!(matches!(of_replica.call(&call), Err(RedisError::ReadOnly(_))));
    let contents = of_replica.wait(tallylight::ballots::ledger::ballots(&of_replica.redis, &call.definition, 0));
    assert!(matches!(contents, Err(RedisError::ReadOnly(_))));
    replica.promote();
    assert_eq!(done(again(&of_replica, &call)).totals.counted, 1);
}

#[test]
fn what_cannot_be_written_is_not_half_written() {
    let server = RedisServer::start(&[]);
    let client = client(&server);
    let mut call = counted(&client);
    let before = client.contents(&call.definition, 0);
    call.batch = batch(2, &[ballot(2, 1, &[1], 1500)]);
    let (mut made, unmade) = (super::stage::call(&definition(1)), "there is no trace of it");
    made.batch = batch(1, &[ballot(1, 1, &[1], 1500)]);
    server.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(client.call(&call), Err(RedisError::OutOfMemory));
    assert_eq!(client.call(&made), Err(RedisError::OutOfMemory));
    assert_eq!(client.contents(&made.definition, 0), None, "{unmade}");
    server.tell(&["CONFIG", "SET", "maxmemory", "0"]);
    server.tell(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert!(matches!(client.call(&call), Err(RedisError::ReadOnly(_))));
    assert!(matches!(client.call(&made), Err(RedisError::ReadOnly(_))));
    assert_eq!(client.contents(&made.definition, 0), None, "{unmade}");
    server.tell(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    assert_eq!(client.contents(&call.definition, 0), before);
    assert_eq!(verdicts(&done(client.call(&call).unwrap())), [Verdict::Counted]);
}

#[test]
fn a_server_that_says_nothing_is_waited_for_only_so_long() {
    let server = RedisServer::start(&[]);
    let client = client(&server);
    let call = counted(&client);
    server.freeze();
    for _ in 0..3 {
        let begun = Instant::now();
        assert!(matches!(client.call(&call), Err(RedisError::Unreachable(_))));
        assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    }
    server.thaw();
    assert_eq!(done(again(&client, &call)).totals.counted, 1);
}

#[test]
fn a_wrong_password_is_refused_until_it_is_right() {
    let server = RedisServer::start(&[]);
    let url = server.url().replace("//", "//default:s3cret@");
    server.tell(&["CONFIG", "SET", "requirepass", "other"]);
    let client = Client::new(vec![url]);
    let call = call(&definition(1));
    let refused = client.call(&call).unwrap_err();
    assert!(matches!(refused, RedisError::Refused(_)) && !format!("{refused:?} {client:?}").contains("s3cret"));
    let mut admin = redis::Client::open(server.url().replace("//", "//:other@")).unwrap().get_connection().unwrap();
    redis::cmd("CONFIG").arg(&["SET", "requirepass", "s3cret"]).exec(&mut admin).unwrap();
    assert_eq!(done(again(&client, &call)).totals.epoch, 1);
}

#[test]
fn what_speaks_no_tls_is_not_reached_by_it() {
    let server = RedisServer::start(&[]);
    let client = Client::new(vec![server.url().replace("redis:", "rediss:")]);
    assert!(matches!(client.call(&call(&definition(1))), Err(RedisError::Unreachable(_))));
}

#[test]
fn a_failover_that_lost_the_tail_begins_an_epoch_and_gets_the_tail_again() {
    let mut primary = RedisServer::start(&[]);
    // The first replica that a primary ever gets is the begin of another history, too, so it comes before.
    let replica = primary.replica();
    let client_of_primary = client(&primary);
    let mut call = counted(&client_of_primary);
    let offset = |server: &RedisServer, field| server.info(field).parse::<u64>().unwrap();
    let written = offset(&primary, "master_repl_offset");
    until("the replica has it", SOON, || (offset(&replica, "slave_repl_offset") >= written).then_some(()));
    // The replica is cut off while one more ballot is counted, and then it is all there is.
    replica.freeze();
    primary.cut_replicas();
    call.batch = batch(2, &[ballot(2, 1, &[2], 1500)]);
    assert_eq!(verdicts(&done(client_of_primary.call(&call).unwrap())), [Verdict::Counted]);
    primary.kill();
    replica.thaw();
    replica.promote();
    let client = client(&replica);
    call.batch = batch(3, &[ballot(3, 1, &[3], 1500)]);
    let standing = done(again(&client, &call));
    assert_eq!((standing.totals.epoch, standing.decisions, standing.watermarks), (2, vec![], vec![(JOURNAL, 1)]));
    call.epoch = 2;
    call.retold = false;
    assert_eq!(again(&client, &call), Answer::Gap { epoch: 2, watermark: 1 });
    call.batch = batch(2, &[told(ballot(2, 1, &[2], 1500), Verdict::Counted, 2), ballot(3, 1, &[3], 1500)]);
    let standing = done(client.call(&call).unwrap());
    assert_eq!((verdicts(&standing), standing.rebuilding), (vec![Verdict::Counted], true));
    call.retold = true;
    call.batch = batch(3, &[ballot(3, 1, &[3], 1500)]);
    let standing = done(client.call(&call).unwrap());
    assert_eq!((standing.totals.epoch, standing.totals.votes, standing.rebuilding), (2, vec![1, 1, 1], false));
    assert_eq!(standing.watermarks, [(JOURNAL, 3)]);
}

#[test]
fn a_file_that_lost_its_end_begins_an_epoch_with_what_is_left() {
    let mut server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let client = client(&server);
    let mut call = counted(&client);
    call.batch = batch(2, &[ballot(2, 1, &[2], 1500)]);
    done(client.call(&call).unwrap());
    server.kill();
    server.cut_file(20);
    server.restart();
    call.batch = None;
    let standing = done(again(&client, &call));
    // A script's writes are one transaction in the file: none of the last one is left.
    assert_eq!((standing.totals.epoch, standing.totals.counted, standing.rebuilding), (2, 1, true));
    assert_eq!(standing.watermarks, [(JOURNAL, 1)]);
    assert_eq!(client.contents(&call.definition, 0).unwrap().ballots.len(), 1);
}

#[test]
fn a_probe_tells_what_matters_and_says_what_it_does_not_know() {
    let server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let client = client(&server);
    let probe = client.wait(client.redis.probe()).unwrap();
    let [one] = &*probe.servers else { panic!("{probe:?}") };
    assert!(!probe.cluster && probe.failing.is_empty());
    assert_eq!((one.aof, one.settings.get("appendfsync").map(String::as_str)), (Some(true), Some("always")));
    assert_eq!(one.maxmemory_policy.as_deref(), Some("noeviction"));
    assert_eq!((one.role.as_deref(), one.replicas), (Some("master"), Some(0)));
    assert!(one.version.as_ref().is_some_and(|version| version.split('.').count() == 3), "{one:?}");
    server.tell(&["ACL", "SETUSER", "default", "-config", "-info"]);
    let probe = client.wait(client.redis.probe()).unwrap();
    assert_eq!((&probe.servers[0].version, probe.servers[0].settings.len()), (&None, 0));
    drop(server);
    assert!(matches!(client.wait(client.redis.probe()), Err(RedisError::Unreachable(_))));
    assert!(BUCKET.source.len() < 64 * 1024, "sent whole to a server that does not know it");
}
