//! The way to Redis, one server or a cluster: scripts, called by their digest, over keys that all have one hash tag.
//! Knows connections, time limits and what each failure means; never what a vote or a show is.

/// A script of Redis. It reads and decides first and then writes what cannot fail: nothing rolls back.
#[derive(Debug)]
pub struct Script {
    /// For logs and metrics.
    pub name: &'static str,
    /// Lua.
    pub source: &'static str,
}

/// What a script answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Nil,
    Int(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
}

/// Why there is no answer. Whatever it is, the same call may be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// Not reached, or no answer in time: the script may have run or not.
    #[error("Redis is not reached: {0}")]
    Unreachable(String),
    /// It reads its data set from disk.
    #[error("Redis is loading its data")]
    Loading,
    /// A replica, or a primary that lost its replicas: it takes no writes.
    #[error("Redis takes no writes: {0}")]
    ReadOnly(String),
    /// Its memory limit is reached.
    #[error("Redis is out of memory: raise maxmemory")]
    OutOfMemory,
    /// The slot is moving, or the cluster has no primary for it.
    #[error("the cluster is moving the slot: {0}")]
    Moving(String),
    /// A mistake: wrong password, wrong arguments, an error in a script.
    #[error("Redis refuses: {0}")]
    Refused(String),
}
