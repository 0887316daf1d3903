//! What each failure of Redis means to a caller.

use redis::{ErrorKind, ServerError};

/// Why there is no answer. Whatever it is, the same call may be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// Not reached, or no answer in time: the script may have run or not.
    #[error("Redis is not reached: {0}")]
    Unreachable(String),
    /// It reads its data set from disk.
    #[error("Redis is loading its data")]
    Loading,
    /// A replica, or a primary that lost its replicas or cannot save: it takes no writes.
    #[error("Redis takes no writes: {0}")]
    ReadOnly(String),
    /// Its memory limit is reached.
    #[error("Redis is out of memory: raise maxmemory")]
    OutOfMemory,
    /// The slot is moving, or the cluster has no primary for it.
    #[error("the cluster is moving the slot: {0}")]
    Moving(String),
    /// A mistake: wrong password, wrong arguments, an error in a script, an answer that nobody understands.
    #[error("Redis refuses: {0}")]
    Refused(String),
}

/// What a server said instead of an answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The slot is at another server, for good.
    Moved(String),
    /// The slot is on its way to another server: this call should be made there.
    Ask(String),
    /// The script is not known.
    NoScript,
    /// A replica: this address leads to the primary no longer.
    Replica(String),
    /// The connection is gone.
    Lost(String),
    /// No answer in time.
    Silent,
    /// Anything else.
    Other(RedisError),
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        if let Some(server) = error.clone().into_server_errors().and_then(|errors| errors.last().cloned()) {
            return Self::from_server(&server.1);
        }
        if error.is_timeout() {
            return Self::Silent;
        }
        match error.kind() {
            // Numbers of the system say nothing to who reads this in the middle of a show.
            ErrorKind::Io | ErrorKind::Parse => {
                let why = error.to_string();
                Self::Lost(why.split(" (os error").next().unwrap_or_default().to_owned())
            }
            _ => Self::Other(RedisError::Refused(error.to_string())),
        }
    }
}

impl Failure {
    pub(super) fn from_server(error: &ServerError) -> Self {
        let detail = error.details().unwrap_or_default();
        let said = || format!("{} {detail}", error.code());
        // `MOVED 3999 127.0.0.1:6381`
        let address = || detail.split(' ').nth(1).unwrap_or_default().to_owned();
        match error.code() {
            "MOVED" => Self::Moved(address()),
            "ASK" => Self::Ask(address()),
            "NOSCRIPT" => Self::NoScript,
            "READONLY" => Self::Replica(said()),
            "LOADING" => Self::Other(RedisError::Loading),
            "MISCONF" | "NOREPLICAS" => Self::Other(RedisError::ReadOnly(said())),
            "OOM" => Self::Other(RedisError::OutOfMemory),
            "TRYAGAIN" | "CLUSTERDOWN" => Self::Other(RedisError::Moving(said())),
            // A replica that lost its primary; a script of somebody that does not end.
            "MASTERDOWN" | "BUSY" => Self::Other(RedisError::Unreachable(said())),
            _ => Self::Other(RedisError::Refused(said())),
        }
    }
}

impl From<Failure> for RedisError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Moved(_) | Failure::Ask(_) => {
                Self::Moving("this server is part of a cluster: configure it as one".into())
            }
            Failure::NoScript => Self::Refused("it forgets scripts at once".into()),
            Failure::Replica(said) => Self::ReadOnly(said),
            Failure::Lost(why) => Self::Unreachable(why),
            Failure::Silent => Self::Unreachable("no answer in time".into()),
            Failure::Other(error) => error,
        }
    }
}
