//! The Redis of an installation, and each node's own way to it, which can break without the other one.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use crate::support::{SOON, proxy::FaultProxy, redis::RedisServer, until};

/// A Redis that keeps everything it said, and the ways of both nodes.
pub struct Ledger {
    pub redis: RedisServer,
    pub ways: [FaultProxy; 2],
}

/// How long Redis is away: ballots are held, and commands refused, for this long at least.
pub const OUTAGE: Duration = Duration::from_secs(3);

fn address(redis: &RedisServer) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], redis.port()))
}

impl Ledger {
    /// Starts it.
    pub fn start() -> Self {
        let redis = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"]);
        let ways = [(); 2].map(|()| FaultProxy::start(address(&redis)));
        Self { redis, ways }
    }

    /// Where each node finds it.
    pub fn urls(&self) -> [String; 2] {
        [0, 1].map(|node| format!("redis://{}", self.ways[node].address()))
    }

    /// Fails over to a replica that misses whatever `meanwhile` writes: it stands still and is cut off, the primary dies,
    /// and the replica takes its place, at the same address. `look` sees it before any node does.
    pub fn fail_over<T>(
        &mut self,
        replica: RedisServer,
        meanwhile: impl FnOnce(&Self),
        look: impl FnOnce(&RedisServer) -> T,
    ) -> T {
        let offset = |server: &RedisServer, field| server.info(field).parse::<u64>().expect("an offset is a number");
        let written = offset(&self.redis, "master_repl_offset");
        until("the replica has what was written", SOON, || {
            (offset(&replica, "slave_repl_offset") >= written).then_some(())
        });
        replica.freeze();
        self.redis.cut_replicas();
        meanwhile(self);
        self.redis.kill();
        replica.thaw();
        replica.promote();
        let seen = look(&replica);
        for way in &self.ways {
            way.aim(address(&replica));
        }
        self.redis = replica;
        seen
    }

    /// Is dead for a while, and comes back with its file, cut to `length` if that is given. `look` sees it before
    /// any node does.
    pub fn dies<T>(
        &mut self,
        meanwhile: impl FnOnce(),
        length: Option<u64>,
        look: impl FnOnce(&RedisServer) -> T,
    ) -> T {
        self.redis.kill();
        let began = Instant::now();
        meanwhile();
        thread::sleep(OUTAGE.saturating_sub(began.elapsed()));
        self.ways.iter().for_each(|way| way.faults(|faults| faults.down = true));
        if let Some(length) = length {
            self.redis.cut_file_to(length);
        }
        self.redis.restart();
        let seen = look(&self.redis);
        self.ways.iter().for_each(FaultProxy::heal);
        seen
    }
}
