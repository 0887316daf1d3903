//! One connection to one server: made when it is needed, shared by all calls, made anew when it is gone. While a server
//! cannot be reached, calls are told so at once, and it is tried again after a short pause that grows to a limit.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline, ProtocolVersion,
    TlsCertificates, aio::MultiplexedConnection, io::tcp::TcpSettings,
};

use super::{Failure, RedisError, Script, Value};
use crate::base::{clock::Stopwatch, limits};

/// Reads an address. `ca`: the certificates (PEM) that the server's may be signed by, in place of those that this machine
/// trusts.
///
/// # Errors
/// [`RedisError::Refused`]; says nothing of what was given, which may hold a password.
pub(super) fn server(url: &str, ca: Option<&[u8]>) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info().ok().filter(|info| !matches!(info.addr(), ConnectionAddr::Unix(_)));
    let info = info.ok_or_else(|| {
        RedisError::Refused("give an address as redis://[user:password@]host[:port], or rediss:// for TLS".into())
    })?;
    let info = match ca {
        Some(ca) if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(ca.to_vec()) };
            let unread =
                |error| RedisError::Refused(format!("redis_ca_file: the certificates cannot be read: {error}"));
            Client::build_with_tls(info, certificates).map_err(unread)?.get_connection_info().clone()
        }
        _ => info,
    };
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// A script's call, written down once for all tries.
pub(super) struct Eval {
    by_digest: Cmd,
    by_source: Cmd,
}

impl Eval {
    pub(super) fn new(script: &Script, keys: &[Vec<u8>], args: &[Vec<u8>]) -> Self {
        let command = |name, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len());
            for bytes in keys.iter().chain(args) {
                command.arg(&bytes[..]);
            }
            command
        };
        // What is not known yet is sent whole: that runs it and makes it known.
        Self { by_digest: command("EVALSHA", script.digest()), by_source: command("EVAL", script.source) }
    }
}

type Connecting = Shared<BoxFuture<'static, Result<MultiplexedConnection, RedisError>>>;

enum State {
    Idle,
    Connecting(Connecting),
    Connected(MultiplexedConnection),
    /// Not to be tried again before `wait` is over.
    Resting {
        since: Stopwatch,
        wait: Duration,
        error: RedisError,
    },
}

struct Inner {
    /// Counts the states, so that old news changes nothing.
    turn: u64,
    /// Connections in a row that failed.
    failures: u32,
    state: State,
    /// Since the first call that this connection has said nothing after.
    silent: Option<Stopwatch>,
}

pub(super) struct Link {
    address: String,
    server: ConnectionInfo,
    inner: Mutex<Inner>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.address).finish()
    }
}

impl Link {
    pub(super) fn new(server: ConnectionInfo) -> Self {
        let inner = Mutex::new(Inner { turn: 0, failures: 0, state: State::Idle, silent: None });
        Self { address: server.addr().to_string(), server, inner }
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Calls a script. `asking`: the slot is on its way to this server.
    pub(super) async fn eval(&self, eval: &Eval, asking: bool) -> Result<Value, Failure> {
        match self.command(&eval.by_digest, asking).await {
            Err(Failure::NoScript) => self.command(&eval.by_source, asking).await,
            answer => answer,
        }
    }

    /// Sends a command and waits for its answer, at most the limit; a connection that must be made first has its own.
    pub(super) async fn command(&self, command: &Cmd, asking: bool) -> Result<Value, Failure> {
        let (turn, connection) = self.connection().await.map_err(Failure::Other)?;
        let sent = tokio::time::timeout(limits::REDIS_RESPONSE_TIMEOUT, send(connection, command, asking)).await;
        let answer = sent.unwrap_or(Err(Failure::Silent));
        match &answer {
            // A replica may have been put in the place of the primary behind this address: it is looked up anew.
            Err(Failure::Lost(_) | Failure::Replica(_)) => self.drop_connection(turn),
            Err(Failure::Silent) => {}
            _ => self.lock().silent = None,
        }
        answer
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let (turn, connecting) = {
            let mut inner = self.lock();
            // A network that swallows everything says nothing at all, and a connection through it never ends by itself.
            // Who asks may give up before any time limit here, so it is the next one who finds it out.
            if inner.silent.is_some_and(|since| since.elapsed() >= limits::REDIS_SILENT) {
                (inner.state, inner.silent) = (State::Idle, None);
            }
            match &inner.state {
                State::Connected(connection) => {
                    let connection = connection.clone();
                    inner.silent.get_or_insert_with(Stopwatch::start);
                    return Ok((inner.turn, connection));
                }
                State::Resting { since, wait, error } if since.elapsed() < *wait => return Err(error.clone()),
                State::Connecting(connecting) => (inner.turn, connecting.clone()),
                State::Idle | State::Resting { .. } => {
                    let connecting = connect(self.server.clone()).boxed().shared();
                    inner.turn += 1;
                    inner.state = State::Connecting(connecting.clone());
                    (inner.turn, connecting)
                }
            }
        };
        let connected = connecting.await;
        self.settle(turn, &connected);
        Ok((turn, connected?))
    }

    /// The first of those that waited for a connection writes down what came of it.
    fn settle(&self, turn: u64, connected: &Result<MultiplexedConnection, RedisError>) {
        let mut inner = self.lock();
        if inner.turn != turn || !matches!(inner.state, State::Connecting(_)) {
            return;
        }
        match connected {
            Ok(connection) => {
                inner.silent = Some(Stopwatch::start());
                inner.failures = 0;
                inner.state = State::Connected(connection.clone());
            }
            Err(error) => {
                let pause = limits::REDIS_RECONNECT_MIN * 2_u32.saturating_pow(inner.failures.min(16));
                let wait = pause.min(limits::REDIS_RECONNECT_MAX).mul_f64(0.5 + fastrand::f64() / 2.0);
                inner.failures = inner.failures.saturating_add(1);
                inner.state = State::Resting { since: Stopwatch::start(), wait, error: error.clone() };
            }
        }
    }

    fn drop_connection(&self, turn: u64) {
        let mut inner = self.lock();
        if inner.turn == turn && matches!(inner.state, State::Connected(_)) {
            (inner.state, inner.silent) = (State::Idle, None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(server: ConnectionInfo) -> Result<MultiplexedConnection, RedisError> {
    let connect = async {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limits::REDIS_CONNECT_TIMEOUT))
            .set_response_timeout(Some(limits::REDIS_RESPONSE_TIMEOUT))
            .set_pipeline_buffer_size(limits::REDIS_IN_FLIGHT_MAX)
            .set_concurrency_limit(limits::REDIS_IN_FLIGHT_MAX);
        Client::open(server)?.get_multiplexed_async_connection_with_config(&config).await
    };
    match tokio::time::timeout(limits::REDIS_CONNECT_TIMEOUT, connect).await {
        Ok(connected) => connected.map_err(|error| Failure::from(error).into()),
        Err(_) => Err(RedisError::Unreachable("no connection in time".into())),
    }
}

async fn send(mut connection: MultiplexedConnection, command: &Cmd, asking: bool) -> Result<Value, Failure> {
    if !asking {
        return value(connection.send_packed_command(command).await?);
    }
    // In one write: ASKING is for the command that follows it on this connection, whoever sends it.
    let mut both = Pipeline::with_capacity(2);
    both.cmd("ASKING").add_command(command.clone());
    let answers = connection.send_packed_commands(&both, 1, 1).await?;
    value(answers.into_iter().next().unwrap_or(redis::Value::Nil))
}

/// Of the types of answers, scripts know four.
fn value(value: redis::Value) -> Result<Value, Failure> {
    Ok(match value {
        redis::Value::Nil => Value::Nil,
        redis::Value::Int(number) => Value::Int(number),
        redis::Value::Boolean(yes) => Value::Int(i64::from(yes)),
        redis::Value::BulkString(bytes) => Value::Bytes(bytes),
        redis::Value::SimpleString(text) | redis::Value::VerbatimString { text, .. } => Value::Bytes(text.into_bytes()),
        redis::Value::Okay => Value::Bytes(b"OK".to_vec()),
        redis::Value::Array(items) | redis::Value::Set(items) => list(items)?,
        redis::Value::Map(pairs) => list(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect())?,
        redis::Value::ServerError(error) => return Err(Failure::from_server(&error)),
        other => return Err(Failure::Other(RedisError::Refused(format!("an answer of an unknown type: {other:?}")))),
    })
}

fn list(items: Vec<redis::Value>) -> Result<Value, Failure> {
    items.into_iter().map(value).collect::<Result<_, _>>().map(Value::List)
}
