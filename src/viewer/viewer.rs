//! A whole virtual viewer: the state machine with its connection, its clock and its waits.

use std::{net::IpAddr, sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::{Closing, Next},
    behaviour::Behaviour,
    connection::{Connection, Dial, Incoming, NodeAddress},
    state::{State, Step},
};
use crate::base::{
    clock::{Clock, Micros},
    limits,
};

/// A connection that is not open and upgraded after this time is given up, and one without a welcome as well.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A goodbye is not waited for longer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a viewer goes and who it is.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The nodes of the service; shared, because an audience is large.
    pub nodes: Arc<[NodeAddress]>,
    /// The index of the node it tries first.
    pub node: usize,
    pub show: Arc<str>,
    /// The `Origin` header; left out: the node's own.
    pub origin: Option<Arc<str>>,
    /// The local address it connects from.
    pub source: Option<IpAddr>,
    /// A device token from an earlier welcome.
    pub device: Option<String>,
    /// Do not read results: most of a large audience's work.
    pub skip_results: bool,
    /// What all its random choices come from.
    pub seed: u64,
}

/// One viewer.
#[derive(Debug)]
pub struct Viewer<B> {
    setup: Setup,
    clock: Arc<Clock>,
    state: State<B>,
}

impl<B: Behaviour> Viewer<B> {
    /// A viewer that has not connected yet.
    pub fn new(mut setup: Setup, clock: Arc<Clock>, behaviour: B) -> Self {
        let rng = Rng::with_seed(setup.seed);
        let state = State::new(behaviour, setup.device.take(), setup.node, setup.nodes.len(), rng);
        Self { setup, clock, state }
    }

    /// Lives until the behaviour leaves, the server says never to come back, or `stop` is cancelled; gives back the
    /// behaviour with all that it noted.
    pub async fn run(mut self, stop: &CancellationToken) -> B {
        while !stop.is_cancelled() {
            let closing = self.session(stop).await;
            let wait_ms = match self.state.closed(closing, self.clock.now()) {
                Next::After(ms) | Next::NewToken(ms) => ms,
                Next::Stop => break,
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(Duration::from_millis(wait_ms)) => {}
            }
        }
        self.state.into_behaviour()
    }

    /// One connection from its beginning to its end.
    async fn session(&mut self, stop: &CancellationToken) -> Closing {
        let dial = Dial {
            node: &self.setup.nodes[self.state.node()],
            show: &self.setup.show,
            origin: self.setup.origin.as_deref(),
            source: self.setup.source,
        };
        let opened = tokio::select! {
            () = stop.cancelled() => return Closing::Left,
            opened = timeout(CONNECT_TIMEOUT, Connection::open(dial)) => opened,
        };
        let mut connection = match opened {
            Ok(Ok(connection)) => connection,
            Ok(Err(closing)) => return closing,
            Err(_) => return Closing::Unreachable,
        };
        if self.setup.skip_results {
            connection.skip_results();
        }
        let closing = self.talk(&mut connection, stop).await.unwrap_or_else(|closing| closing);
        if matches!(closing, Closing::Moved | Closing::Left | Closing::Told { .. }) {
            // The goodbye is a courtesy; who does not take it finds the connection ended.
            let _ = timeout(CLOSE_TIMEOUT, connection.close()).await;
        }
        closing
    }

    /// The loop of a session. It wakes for: the end of everything, a message, the next thing that is due, silence.
    async fn talk(&mut self, connection: &mut Connection, stop: &CancellationToken) -> Result<Closing, Closing> {
        in_time(connection.send(&self.state.join())).await?;
        let mut heard_at = self.clock.now();
        let welcome_by = heard_at.plus_ms(millis(CONNECT_TIMEOUT));
        loop {
            let now = self.clock.now();
            if let Some(closing) = self.act(connection, now).await? {
                return Ok(closing);
            }
            let silent_at =
                if self.state.joined() { heard_at.plus_ms(millis(limits::IDLE_TIMEOUT)) } else { welcome_by };
            let wake_at = self.state.wake_at().map_or(silent_at, |at| at.min(silent_at));
            let incoming = tokio::select! {
                () = stop.cancelled() => return Ok(Closing::Left),
                incoming = connection.next() => incoming,
                () = sleep(Duration::from_micros(wake_at.0.saturating_sub(now.0))) => {
                    if self.clock.now() >= silent_at {
                        return Ok(Closing::Broken);
                    }
                    continue;
                }
            };
            heard_at = self.clock.now();
            match incoming {
                Incoming::Message(message) => self.state.hear(&message, heard_at),
                // A newer server may say more than this client knows: what is unreadable is passed over.
                Incoming::Skipped | Incoming::Alive | Incoming::Unreadable(_) => {}
                Incoming::Closed(closing) => return Ok(closing),
            }
        }
    }

    /// Does what is due, everything in one write. `Some`: the viewer leaves this connection.
    async fn act(&mut self, connection: &mut Connection, now: Micros) -> Result<Option<Closing>, Closing> {
        let mut fed = false;
        let mut closing = None;
        while let Some(step) = self.state.due(now) {
            match step {
                Step::Send(message) => {
                    in_time(connection.feed(&message)).await?;
                    fed = true;
                }
                Step::Close(own) => {
                    closing = Some(own);
                    break;
                }
            }
        }
        if fed {
            in_time(connection.flush()).await?;
        }
        Ok(closing)
    }
}

/// A write that makes no progress means that the connection is gone.
async fn in_time(write: impl Future<Output = Result<(), Closing>>) -> Result<(), Closing> {
    timeout(limits::WRITE_TIMEOUT, write).await.unwrap_or(Err(Closing::Broken))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::{
        WebSocketStream, accept_hdr_async,
        tungstenite::{
            Message,
            handshake::server::{Request, Response},
            http::HeaderValue,
        },
    };

    use super::*;
    use crate::{
        base::tasks::Tasks,
        viewer::behaviour::{Act, Agenda, Event, Once},
        wire::SUBPROTOCOL,
    };

    const DEADLINE: Duration = Duration::from_secs(20);

    /// A node of one connection at a time, led by the test.
    struct Node(WebSocketStream<TcpStream>);

    impl Node {
        #[expect(clippy::result_large_err, reason = "the shape of the callback is given")]
        async fn accept(listener: &TcpListener) -> Self {
            let (stream, _) = listener.accept().await.unwrap();
            let upgrade = |request: &Request, mut response: Response| {
                assert_eq!(request.uri().path(), "/ws/finale");
                assert_eq!(request.headers()["sec-websocket-protocol"], SUBPROTOCOL);
                assert!(request.headers()["origin"].to_str().unwrap().starts_with("http://127.0.0.1:"));
                response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
                Ok(response)
            };
            Self(accept_hdr_async(stream, upgrade).await.unwrap())
        }

        async fn hear(&mut self) -> Option<Value> {
            match self.0.next().await? {
                Ok(Message::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
                _ => None,
            }
        }

        async fn say(&mut self, message: Value) {
            self.0.send(Message::text(message.to_string())).await.unwrap();
        }

        async fn welcome(&mut self, device: Option<&str>) {
            let id = "0000000000000001";
            let mut welcome = json!({"t": "welcome", "protocol": SUBPROTOCOL, "node": id, "session": id, "now": 5,
                "role": "viewer", "a field of tomorrow": 1});
            if let Some(device) = device {
                welcome["device"] = device.into();
            }
            self.say(welcome).await;
            self.say(json!({"t": "a message of tomorrow"})).await;
            self.say(json!({"t": "show", "id": "finale", "title": "", "epoch": 1, "rev": 1, "now": 5,
                "rehearsal": false, "graphic": {"state": "on_air", "step": 0, "frozen": false},
                "run": {"id": "00000000000000aa", "cue": "1A", "question": "?", "votes": 1, "phase": "open",
                    "hold": false, "options": [{"n": 1, "label": "Ada"}]}}))
                .await;
        }
    }

    /// Votes once and leaves when the ballot is settled.
    struct VoteAndLeave<F>(Once<F>);

    impl<F: FnMut(&crate::wire::server::RunView, &mut Rng) -> Option<(u64, Vec<u16>)> + Send> Behaviour
        for VoteAndLeave<F>
    {
        fn on(&mut self, event: &Event<'_>, now: Micros, rng: &mut Rng, agenda: &mut Agenda) {
            self.0.on(event, now, rng, agenda);
            if let Event::Receipt { .. } = event {
                agenda.at(now, Act::Leave);
            }
        }
    }

    #[tokio::test]
    async fn a_viewer_votes_over_a_lost_connection_and_leaves_politely() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let setup = Setup {
            nodes: [address.to_string().parse().unwrap()].into(),
            node: 0,
            show: "finale".into(),
            origin: None,
            source: Some([127, 0, 0, 9].into()),
            device: None,
            skip_results: true,
            seed: 3,
        };
        let behaviour = VoteAndLeave(Once::new(|run, _| Some((0, vec![run.options[0].n]))));
        let viewer = Viewer::new(setup, Arc::new(Clock::start()), behaviour);
        let tasks = Tasks::default();
        let stop = tasks.stop().clone();
        let (left, gone) = tokio::sync::oneshot::channel();
        tasks.spawn(async move {
            viewer.run(&stop).await;
            let _ = left.send(());
        });
        timeout(DEADLINE, async {
            let mut node = Node::accept(&listener).await;
            assert_eq!(node.hear().await, Some(json!({"t": "join"})));
            node.welcome(Some("token")).await;
            let vote = node.hear().await.unwrap();
            assert_eq!((&vote["t"], &vote["picks"]), (&json!("vote"), &json!([1])));
            // A planned close, without a wait, while the ballot is on its way.
            node.say(json!({"t": "reconnect", "after_ms": 0})).await;
            assert_eq!(node.hear().await, None);
            drop(node);

            let mut node = Node::accept(&listener).await;
            assert_eq!(node.0.get_ref().peer_addr().unwrap().ip().to_string(), "127.0.0.9");
            assert_eq!(node.hear().await, Some(json!({"t": "join", "device": "token"})));
            node.welcome(None).await;
            assert_eq!(node.hear().await.unwrap(), vote);
            node.say(json!({"t": "receipt", "run": vote["run"], "id": vote["id"], "is": "counted", "left": 0})).await;
            assert_eq!(node.hear().await, None);
            gone.await.unwrap();
        })
        .await
        .unwrap();
    }
}
