//! What a ballot costs Redis: bytes, which are held to a bound, and time, which is printed.

use super::stage::{Client, ballot, batch, call, definition, done};
use crate::support::redis::RedisServer;

const VOTERS: u64 = 10_000;

#[test]
fn a_ballot_costs_few_bytes_and_little_time() {
    let server = RedisServer::start(&[]);
    let client = Client::new(vec![server.url()]);
    let definition = definition(1);
    let mut call = call(&definition);
    done(client.call(&call).unwrap());
    (call.epoch, call.retold) = (1, true);
    call.create = false;
    // Spread as keyed hashes are.
    let voter = |n: u64| u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let ballots: Vec<_> = (1..=VOTERS + 2000).map(|n| ballot(voter(n), n.into(), &[1], 1500)).collect();
    let mut first = 1;
    let mut send = |count: u64, call: &mut tallylight::ballots::ledger::Call| {
        let from = usize::try_from(first - 1).unwrap();
        call.batch = batch(first, &ballots[from..from + usize::try_from(count).unwrap()]);
        assert_eq!(done(client.call(call).unwrap()).decisions.len() as u64, count);
        first += count;
    };
    let tenths = |count: u64| {
        let line = server.info("cmdstat_evalsha");
        let usec = line.split(',').find_map(|field| field.strip_prefix("usec=")).unwrap();
        usec.parse::<u64>().unwrap() * 10 / count
    };
    (0..VOTERS / 250).for_each(|_| send(250, &mut call));
    let keys: Vec<String> = server.ask(&["KEYS", "*}:b*"]).unwrap();
    let bytes: u64 = keys.iter().map(|key| server.ask::<u64>(&["MEMORY", "USAGE", key, "SAMPLES", "0"]).unwrap()).sum();
    let encodings: Vec<String> = keys.iter().map(|key| server.ask(&["OBJECT", "ENCODING", key]).unwrap()).collect();
    assert_eq!(keys.len(), 64);
    assert!(encodings.iter().all(|encoding| encoding == "listpack"), "{encodings:?}");
    println!("{} bytes a ballot, of {VOTERS} in 64 hashes", bytes / VOTERS);
    assert!(bytes / VOTERS < 80, "{bytes} bytes");
    let mut idle = call.clone();
    idle.batch = None;
    server.tell(&["CONFIG", "RESETSTAT"]);
    (0..200).for_each(|_| _ = done(client.call(&idle).unwrap()));
    println!("{} µs of Redis a call without ballots", tenths(200) / 10);
    for (size, calls) in [(1, 200), (64, 12), (256, 4)] {
        server.tell(&["CONFIG", "RESETSTAT"]);
        (0..calls).for_each(|_| send(size, &mut call));
        let tenths = tenths(size * calls);
        println!("{}.{} µs of Redis a ballot in batches of {size}", tenths / 10, tenths % 10);
    }
}
