//! A network that breaks: a TCP proxy with Toxiproxy's faults, in a thread of its own, so that tests with and without a
//! runtime can use it.

use std::{future::pending, io, net::SocketAddr, sync::mpsc as ack, thread, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

/// What the network does now. The default is nothing bad.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Nobody listens and every connection is closed.
    pub down: bool,
    /// After this time every connection ends with a reset at both sides.
    pub reset_peer: Option<Duration>,
    /// When one side closes, the other hears of it this much later.
    pub slow_close: Option<Duration>,
    /// What happens to bytes on their way to the server.
    pub to_server: Way,
    /// What happens to bytes on their way to the client.
    pub to_client: Way,
}

/// One direction.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Each byte arrives this much later.
    pub latency: Option<Duration>,
    /// Bytes per second.
    pub bandwidth: Option<u32>,
    /// Nothing gets through, and after this time the connection is closed; with zero it stays open. What came in the
    /// meantime arrives when the fault is gone, as TCP would send it again.
    pub timeout: Option<Duration>,
}

/// A proxy in front of one server. When this is dropped its thread and its connections end.
pub struct FaultProxy {
    address: SocketAddr,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Clone)]
struct Plan {
    server: SocketAddr,
    faults: Faults,
    /// Connections that were made.
    made: usize,
    /// The first of them carry nothing any more.
    swallowed: usize,
}

/// A change of the plan, and where to say that it holds.
type Order = (Box<dyn FnOnce(&mut Plan) + Send>, ack::SyncSender<()>);

impl FaultProxy {
    /// Starts a proxy in front of `server`, on a free port.
    pub fn start(server: SocketAddr) -> Self {
        let (orders, inbox) = mpsc::channel(1);
        let (ready, started) = ack::sync_channel(1);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
                let address = listener.local_addr().expect("a listener has an address");
                ready.send(address).expect("the starter waits");
                let plan = Plan { server, faults: Faults::default(), made: 0, swallowed: 0 };
                run(listener, address, inbox, plan).await;
            });
        });
        let address = started.recv().expect("the proxy starts");
        Self { address, orders: Some(orders), thread: Some(thread) }
    }

    /// Where clients connect to; the same for as long as the proxy lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the network does. When this returns, it does so.
    pub fn faults(&self, change: impl FnOnce(&mut Faults) + Send + 'static) {
        self.order(Box::new(|plan| change(&mut plan.faults)));
    }

    /// Makes the network good again.
    pub fn heal(&self) {
        self.faults(|faults| *faults = Faults::default());
    }

    /// New connections go to another server from now on.
    pub fn aim(&self, server: SocketAddr) {
        self.order(Box::new(move |plan| plan.server = server));
    }

    /// The connections that there are carry nothing any more and never end, as when a network device forgets them; new
    /// ones are good.
    pub fn swallow(&self) {
        self.order(Box::new(|plan| plan.swallowed = plan.made));
    }

    fn order(&self, change: Box<dyn FnOnce(&mut Plan) + Send>) {
        let (done, holds) = ack::sync_channel(1);
        let orders = self.orders.as_ref().expect("the proxy lives");
        // The proxy has a thread of its own, so a moment of waiting here holds nothing up, also not in a runtime. Only
        // an order of another thread can be in the way.
        let mut order = (change, done);
        while let Err(refused) = orders.try_send(order) {
            let mpsc::error::TrySendError::Full(again) = refused else { panic!("the proxy ended") };
            order = again;
            thread::yield_now();
        }
        holds.recv().expect("the proxy obeys");
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.thread.take().expect("dropped once").join();
    }
}

async fn run(listener: TcpListener, address: SocketAddr, mut orders: mpsc::Receiver<Order>, plan: Plan) {
    let (plan, _) = watch::channel(plan);
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some((change, done)) = order else { return };
                plan.send_modify(change);
                if plan.borrow().faults.down {
                    listener = None;
                    connections.shutdown().await;
                } else if listener.is_none() {
                    listener = Some(TcpListener::bind(address).await.expect("the port is still free"));
                }
                let _ = done.send(());
            }
            accepted = accept(listener.as_ref()) => {
                if let Ok((client, _)) = accepted {
                    let place = plan.borrow().made;
                    plan.send_modify(|plan| plan.made += 1);
                    connections.spawn(connection(client, place, plan.subscribe()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => pending().await,
    }
}

async fn connection(mut client: TcpStream, place: usize, plan: watch::Receiver<Plan>) {
    let server = plan.borrow().server;
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let swallowed = swallowed(place, plan.clone());
    let both = async {
        tokio::try_join!(
            pump(from_client, to_server, plan.clone(), |faults| &faults.to_server),
            pump(from_server, to_client, plan.clone(), |faults| &faults.to_client),
        )
    };
    tokio::select! {
        _ = both => {}
        () = reset(plan.clone()) => {
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
        () = swallowed => pending().await,
    }
}

/// Ends when connections are to be reset.
async fn reset(mut plan: watch::Receiver<Plan>) {
    loop {
        let after = plan.borrow_and_update().faults.reset_peer;
        tokio::select! {
            () = sleep(after.unwrap_or_default()), if after.is_some() => return,
            changed = plan.changed() => if changed.is_err() { pending().await },
        }
    }
}

/// Ends when a connection is to carry nothing any more.
async fn swallowed(place: usize, mut plan: watch::Receiver<Plan>) {
    let _ = plan.wait_for(|plan| place < plan.swallowed).await;
}

/// Carries one direction until its end. An error closes the connection.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut plan: watch::Receiver<Plan>,
    way: fn(&Faults) -> &Way,
) -> io::Result<()> {
    // Reading goes on while bytes wait for their time, so that latency costs no throughput.
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let read = async move {
        let mut buffer = vec![0; 4096];
        loop {
            let len = from.read(&mut buffer).await?;
            if len == 0 || sender.send((Instant::now(), buffer[..len].to_vec())).await.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let write = async move {
        while let Some((came, piece)) = pieces.recv().await {
            passable(&mut plan, way).await?;
            let Way { latency, bandwidth, .. } = way(&plan.borrow().faults).clone();
            sleep_until(came + latency.unwrap_or_default()).await;
            passable(&mut plan, way).await?;
            let Some(rate) = bandwidth else {
                to.write_all(&piece).await?;
                continue;
            };
            // Twenty small writes a second look like a thin line; one large one a second would not.
            for part in piece.chunks(usize::try_from(rate / 20).unwrap_or(usize::MAX).max(1)) {
                to.write_all(part).await?;
                sleep(Duration::from_secs_f64(part.len() as f64 / f64::from(rate.max(1)))).await;
            }
        }
        passable(&mut plan, way).await?;
        let late = plan.borrow().faults.slow_close;
        sleep(late.unwrap_or_default()).await;
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(|_| ())
}

/// Waits while the way is blocked.
async fn passable(plan: &mut watch::Receiver<Plan>, way: fn(&Faults) -> &Way) -> io::Result<()> {
    loop {
        let timeout = way(&plan.borrow_and_update().faults).timeout;
        let Some(after) = timeout else { return Ok(()) };
        tokio::select! {
            () = sleep(after), if !after.is_zero() => return Err(io::ErrorKind::TimedOut.into()),
            changed = plan.changed() => changed.map_err(|_| io::ErrorKind::BrokenPipe)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::{TcpListener, TcpStream},
        time::Instant,
    };

    use super::{super::SOON, *};

    const SHORT: Duration = Duration::from_millis(150);

    /// A connection through a fresh proxy: the proxy, the client's end, the server's end.
    fn through() -> (FaultProxy, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = FaultProxy::start(listener.local_addr().unwrap());
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        server.set_read_timeout(Some(SOON)).unwrap();
        (proxy, client, server)
    }

    fn send(mut from: &TcpStream, mut to: &TcpStream, bytes: &[u8]) -> Duration {
        let start = Instant::now();
        from.write_all(bytes).unwrap();
        let mut got = vec![0; bytes.len()];
        to.read_exact(&mut got).unwrap();
        assert_eq!(got, bytes);
        start.elapsed()
    }

    #[test]
    fn latency_is_one_way() {
        let (proxy, client, server) = through();
        proxy.faults(|faults| faults.to_client.latency = Some(SHORT));
        assert!(send(&server, &client, b"x") >= SHORT);
        proxy.heal();
        proxy.faults(|faults| faults.to_client.latency = Some(SOON * 2));
        send(&client, &server, &[7; 100_000]);
    }

    #[test]
    fn bandwidth_is_bytes_per_second() {
        let (proxy, client, server) = through();
        proxy.faults(|faults| faults.to_server.bandwidth = Some(40_000));
        assert!(send(&client, &server, &[1; 8_000]) >= Duration::from_millis(150));
    }

    #[test]
    fn timeout_holds_bytes_back_until_it_is_gone() {
        let (proxy, mut client, server) = through();
        proxy.faults(|faults| faults.to_client.timeout = Some(Duration::ZERO));
        send(&client, &server, b"a request");
        (&server).write_all(b"an answer").unwrap();
        client.set_read_timeout(Some(SHORT)).unwrap();
        let mut answer = [0; 9];
        assert_eq!(client.read(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
        proxy.heal();
        client.set_read_timeout(Some(SOON)).unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"an answer");
    }

    #[test]
    fn timeout_closes_after_its_time() {
        let (proxy, mut client, server) = through();
        proxy.faults(|faults| faults.to_client.timeout = Some(SHORT));
        (&server).write_all(b"x").unwrap();
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    }

    #[test]
    fn reset_peer_resets_both() {
        let (proxy, mut client, mut server) = through();
        send(&client, &server, b"x");
        proxy.faults(|faults| faults.reset_peer = Some(Duration::ZERO));
        assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(server.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn what_is_swallowed_says_nothing_and_new_connections_are_good() {
        let (proxy, mut client, server) = through();
        proxy.swallow();
        (&server).write_all(b"x").unwrap();
        client.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.aim(listener.local_addr().unwrap());
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = listener.accept().unwrap();
        send(&server, &client, b"x");
    }

    #[test]
    fn slow_close_comes_late() {
        let (proxy, mut client, server) = through();
        proxy.faults(|faults| faults.slow_close = Some(SHORT));
        let start = Instant::now();
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        assert!(start.elapsed() >= SHORT);
    }

    #[test]
    fn down_refuses_and_closes_until_it_is_up_again() {
        let (proxy, mut client, server) = through();
        send(&client, &server, b"x");
        proxy.faults(|faults| faults.down = true);
        assert!(!matches!(client.read(&mut [0; 1]), Ok(1)));
        assert_eq!(TcpStream::connect(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.aim(other.local_addr().unwrap());
        proxy.heal();
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = other.accept().unwrap();
        send(&client, &server, b"y");
    }
}
