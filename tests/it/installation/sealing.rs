//! A run is sealed while Redis fails over.

use std::{thread, time::Duration};

use serde_json::json;

use super::{
    ledger::Ledger,
    stage::{B, Stage},
};
use crate::support::{SOON, until};

#[test]
fn a_run_is_sealed_while_redis_fails_over() {
    let mut ledger = Ledger::start();
    let replica = ledger.redis.replica();
    let mut stage = Stage::set(&ledger.urls());
    let audience = stage.open();
    let half = stage.part(2);
    stage.fidgets_until(half, |_| ());
    stage.close();
    let book = audience.finish();
    let sealed = thread::scope(|scope| {
        let producer = &mut stage.producers[B];
        let sealed = scope.spawn(move || producer.asks("seal", json!({})).expect("there is an answer"));
        ledger.fail_over(replica, || {
            // The show says `sealing`, and buckets are closed one after another.
            thread::sleep(Duration::from_millis(1600));
        });
        sealed.join().expect("the producer is answered")
    });
    stage.healed();
    if sealed["ok"] != true {
        println!("the seal was refused: {sealed}");
        assert!(["busy", "storage"].contains(&sealed["code"].as_str().unwrap_or_default()), "{sealed}");
        until("it is sealed at the second press", SOON, || {
            thread::sleep(Duration::from_millis(1100));
            (stage.producers[B].asks("seal", json!({}))?["ok"] == true).then_some(())
        });
    }
    stage.finish("sealed during a failover", book);
}
