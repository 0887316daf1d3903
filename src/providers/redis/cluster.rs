//! Which server of a cluster has a slot. Who is told that a slot has moved writes that down; who does not reach a server
//! asks another one for the whole map. Each server has its own link, so nobody waits for a server that he does not need.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use redis::{ConnectionAddr, ConnectionInfo};

use super::{Failure, RedisError, Value, link::Eval, link::Link};
use crate::base::{clock::Stopwatch, limits};

const SLOTS: u16 = 16_384;

pub(super) struct Cluster {
    seeds: Vec<ConnectionInfo>,
    map: Mutex<Map>,
    /// Somebody is asking for the map.
    asking: AtomicBool,
}

struct Map {
    links: HashMap<String, Arc<Link>>,
    owners: Vec<Option<Arc<Link>>>,
    /// When the map was asked for last, and what came of it.
    asked: Option<Stopwatch>,
    outcome: Result<(), RedisError>,
    /// Who is asked first takes turns: one that is cut off from the others believes in an old map.
    turn: usize,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds: Vec<_> = self.seeds.iter().map(|seed| seed.addr().to_string()).collect();
        f.debug_tuple("Cluster").field(&seeds).finish()
    }
}

impl Cluster {
    pub(super) fn new(seeds: Vec<ConnectionInfo>) -> Self {
        let owners = vec![None; usize::from(SLOTS)];
        let map = Mutex::new(Map { links: HashMap::new(), owners, asked: None, outcome: Ok(()), turn: 0 });
        Self { seeds, map, asking: AtomicBool::new(false) }
    }

    /// Calls a script where the slot of `key` is, or is on its way to.
    pub(super) async fn eval(&self, key: &[u8], eval: &Eval) -> Result<Value, RedisError> {
        let slot = slot_of(key);
        let (mut link, mut asking) = (self.owner(slot).await?, false);
        for _ in 0..limits::REDIS_REDIRECTS_MAX {
            match link.eval(eval, asking).await {
                Ok(value) => return Ok(value),
                Err(Failure::Moved(address)) => {
                    (link, asking) = (self.link(&address, &link), false);
                    self.lock().owners[usize::from(slot)] = Some(Arc::clone(&link));
                }
                Err(Failure::Ask(address)) => (link, asking) = (self.link(&address, &link), true),
                Err(failure) => {
                    let error = RedisError::from(failure);
                    let elsewhere =
                        matches!(error, RedisError::Unreachable(_) | RedisError::ReadOnly(_) | RedisError::Moving(_));
                    if elsewhere {
                        // Another server may have taken over. Whether or not somebody knows, this call has failed.
                        let _ = self.refresh().await;
                    }
                    return Err(error);
                }
            }
        }
        Err(RedisError::Moving("the servers send one another's way".into()))
    }

    /// The links to all servers that have slots.
    pub(super) async fn primaries(&self) -> Result<Vec<Arc<Link>>, RedisError> {
        self.refresh().await?;
        let map = self.lock();
        let mut primaries: Vec<Arc<Link>> = Vec::new();
        for owner in map.owners.iter().flatten() {
            if !primaries.iter().any(|known| Arc::ptr_eq(known, owner)) {
                primaries.push(Arc::clone(owner));
            }
        }
        Ok(primaries)
    }

    async fn owner(&self, slot: u16) -> Result<Arc<Link>, RedisError> {
        let known = |map: &Map| map.owners[usize::from(slot)].clone();
        if let Some(owner) = known(&self.lock()) {
            return Ok(owner);
        }
        let refreshed = self.refresh().await;
        let owner = known(&self.lock());
        owner.ok_or_else(|| refreshed.err().unwrap_or_else(|| RedisError::Moving("no server has the slot".into())))
    }

    /// Asks for the map, unless it was asked for a moment ago or somebody else is asking: then it is as it was.
    async fn refresh(&self) -> Result<(), RedisError> {
        if self.asking.swap(true, Ordering::AcqRel) {
            return self.lock().outcome.clone();
        }
        let _done = Done(&self.asking);
        let candidates = {
            let mut map = self.lock();
            if map.asked.is_some_and(|asked| asked.elapsed() < limits::REDIS_MAP_INTERVAL) {
                return map.outcome.clone();
            }
            map.asked = Some(Stopwatch::start());
            let mut candidates: Vec<_> = self.seeds.iter().map(|seed| map.known(seed.clone())).collect();
            let others = map.links.values().filter(|link| !candidates.iter().any(|seed| Arc::ptr_eq(seed, link)));
            candidates.extend(others.cloned().collect::<Vec<_>>());
            map.turn += 1;
            let turn = map.turn % candidates.len();
            candidates.rotate_left(turn);
            candidates
        };
        let outcome = self.ask(candidates).await;
        self.lock().outcome.clone_from(&outcome);
        outcome
    }

    async fn ask(&self, candidates: Vec<Arc<Link>>) -> Result<(), RedisError> {
        let mut failed = RedisError::Unreachable("no server of the cluster is known".into());
        for link in candidates {
            match link.command(redis::cmd("CLUSTER").arg("SLOTS"), false).await {
                Ok(value) => match ranges(value) {
                    Some(ranges) if !ranges.is_empty() => {
                        self.take(ranges, &link);
                        return Ok(());
                    }
                    _ => failed = RedisError::Moving("the cluster has no slots".into()),
                },
                Err(failure) => failed = failure.into(),
            }
        }
        Err(failed)
    }

    fn take(&self, ranges: Vec<(u16, u16, String)>, asked: &Link) {
        let mut map = self.lock();
        let mut owners = vec![None; usize::from(SLOTS)];
        for (first, last, address) in ranges {
            let owner = map.known(self.at(&address, asked));
            owners[usize::from(first)..=usize::from(last)].fill(Some(owner));
        }
        let seeds: Vec<_> = self.seeds.iter().map(|seed| seed.addr().to_string()).collect();
        map.links.retain(|address, link| {
            seeds.contains(address) || owners.iter().flatten().any(|owner| Arc::ptr_eq(owner, link))
        });
        map.owners = owners;
    }

    fn link(&self, address: &str, said_by: &Link) -> Arc<Link> {
        let server = self.at(address, said_by);
        self.lock().known(server)
    }

    /// A server at `host:port`, reached as the first seed is. Without a host it is that of the server that said so.
    fn at(&self, address: &str, said_by: &Link) -> ConnectionInfo {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let own = said_by.address().rsplit_once(':').map_or("", |(host, _)| host);
        let host = if host.is_empty() || host == "?" { own } else { host }.to_owned();
        let port = port.split('@').next().and_then(|port| port.parse().ok()).unwrap_or(6379);
        let seed = self.seeds[0].clone();
        let addr = match seed.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        seed.set_addr(addr)
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    fn known(&mut self, server: ConnectionInfo) -> Arc<Link> {
        let address = server.addr().to_string();
        Arc::clone(self.links.entry(address).or_insert_with(|| Arc::new(Link::new(server))))
    }
}

/// Also when the one who was asking is told to stop.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// CLUSTER SLOTS: per range its first slot, its last one, the primary, and replicas.
fn ranges(value: Value) -> Option<Vec<(u16, u16, String)>> {
    let Value::List(ranges) = value else { return None };
    let slot = |value: &Value| match value {
        Value::Int(slot) => u16::try_from(*slot).ok().filter(|slot| *slot < SLOTS),
        _ => None,
    };
    let range = |value: Value| {
        let Value::List(fields) = value else { return None };
        let [first, last, Value::List(primary), ..] = &*fields else { return None };
        let [host, Value::Int(port), ..] = &**primary else { return None };
        let host = match host {
            Value::Bytes(host) => String::from_utf8_lossy(host).into_owned(),
            _ => String::new(),
        };
        let (first, last) = (slot(first)?, slot(last)?);
        (first <= last).then(|| (first, last, format!("{host}:{port}")))
    };
    ranges.into_iter().map(range).collect()
}

/// The slot of a key: CRC-16 (XMODEM) of its hash tag, modulo 16384 (Redis Cluster specification).
fn slot_of(key: &[u8]) -> u16 {
    let find = |bytes: &[u8], byte| bytes.iter().position(|each| *each == byte);
    let tag = find(key, b'{').map(|open| &key[open + 1..]);
    let tag = tag.and_then(|rest| find(rest, b'}').filter(|end| *end > 0).map(|end| &rest[..end]));
    let crc = tag.unwrap_or(key).iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        // CRC-16 of "123456789" is 0x31C3.
        assert_eq!(slot_of(b"123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot_of(b"foo"), 12_182);
        assert_eq!(slot_of(b"{foo}:meta"), 12_182);
        assert_eq!(slot_of(b"a{foo}{bar}"), 12_182);
        assert_ne!(slot_of(b"{}foo"), slot_of(b"{}bar"));
    }

    #[test]
    fn a_map_is_read_also_where_the_host_is_not_said() {
        let primary = |host, port| Value::List(vec![host, Value::Int(port), Value::Bytes(b"id".to_vec())]);
        let range = |first, last, primary| Value::List(vec![Value::Int(first), Value::Int(last), primary]);
        let value = Value::List(vec![
            range(0, 100, primary(Value::Bytes(b"10.0.0.1".to_vec()), 7000)),
            range(101, 16_383, primary(Value::Nil, 7001)),
        ]);
        let read = ranges(value).unwrap();
        assert_eq!(read, [(0, 100, "10.0.0.1:7000".to_owned()), (101, 16_383, ":7001".to_owned())]);
        let seed = super::super::link::server("redis://me:pass@seed.example:6379", None).unwrap();
        let cluster = Cluster::new(vec![seed.clone()]);
        let asked = Link::new(seed);
        assert_eq!(cluster.at(&read[1].2, &asked).addr().to_string(), "seed.example:7001");
        assert_eq!(cluster.at("10.0.0.1:7000", &asked).redis_settings().password(), Some("pass"));
    }
}
