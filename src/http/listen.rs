//! The accept loop: our own, because every connection needs time limits and a place that a plain server does not set.

use std::{io, net::IpAddr, sync::Arc};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt as _;

use super::{
    forwarded,
    place::{Place, Visit},
    proxy_header::{self, Header},
    reply::Failure,
};
use crate::{
    base::{limits, prefix::ClientPrefix},
    sessions::gate::Gate,
    studio::services::Services,
};

/// Connections that wait to be accepted: a country joins in one minute.
const BACKLOG: u32 = 4096;

/// Binds the address. Port 0 takes any free one.
///
/// # Errors
/// The address cannot be used.
pub fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What every connection needs.
struct Porter {
    router: Router,
    services: Arc<Services>,
    gate: Arc<Gate>,
    refusals: Arc<Semaphore>,
}

/// Accepts until the process stops.
pub async fn run(listener: TcpListener, router: Router, services: Arc<Services>, gate: Arc<Gate>) {
    let stop = services.tasks.stop().clone();
    let refusals = Arc::new(Semaphore::new(limits::REFUSALS_MAX));
    let porter = Arc::new(Porter { router, services: services.clone(), gate, refusals });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return porter.receive_queue(listener),
        };
        match accepted {
            Ok((stream, peer)) => porter.receive(stream, peer.ip().to_canonical()),
            Err(error) => {
                // Out of files, most likely: a pause lets connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Porter {
    /// Receives those whom the system has let into its queue already: they are told to come back like everybody else, and
    /// closing the queue would only cut them off.
    fn receive_queue(self: &Arc<Self>, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((stream, peer)) = listener.accept() {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                self.receive(stream, peer.ip().to_canonical());
            }
        }
    }

    /// Takes a place for a connection and starts to serve it, or says that there is none.
    fn receive(self: &Arc<Self>, stream: TcpStream, peer: IpAddr) {
        // A receipt must not wait for more to send; one who takes nothing must not stay for ever, nor fill our memory.
        let socket = socket2::SockRef::from(&stream);
        let _ = socket.set_tcp_nodelay(true);
        let _ = socket.set_tcp_user_timeout(Some(limits::SEND_STALL_TIMEOUT));
        let _ = socket.set_tcp_notsent_lowat(limits::UNSENT_BYTES_MAX);
        let porter = self.clone();
        match self.gate.place().and_then(|place| Ok((place, self.gate.stranger()?))) {
            Ok((place, stranger)) => {
                self.services.tasks.spawn(async move { porter.admit(stream, peer, place, stranger).await });
            }
            Err(problem) => self.refuse(stream, problem.into()),
        }
    }

    async fn admit(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: IpAddr,
        place: OwnedSemaphorePermit,
        stranger: OwnedSemaphorePermit,
    ) {
        let peer = if self.gate.config().proxy_protocol {
            let header = tokio::time::timeout(limits::HEADER_READ_TIMEOUT, self.proxied(&mut stream, peer)).await;
            let Ok(Ok(client)) = header else {
                tracing::debug!("a connection without the header of a trusted proxy was closed");
                return;
            };
            client
        } else {
            peer
        };
        // The connection of a proxy is not its client's: who stays is counted by request.
        let counted = !self.gate.trusts(peer);
        let network = match counted.then(|| self.gate.network(ClientPrefix::of(peer))).transpose() {
            Ok(network) => network.flatten(),
            Err(problem) => return self.refuse(stream, problem.into()),
        };
        let place = Place::new(self.services.clone(), place, stranger, network);
        self.serve(stream, peer, place, counted).await;
    }

    /// Reads the proxy's header and gives the client's address.
    async fn proxied(&self, stream: &mut TcpStream, proxy: IpAddr) -> io::Result<IpAddr> {
        if !self.gate.trusts(proxy) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut bytes = Vec::new();
        loop {
            match proxy_header::read(&bytes) {
                Header::Needs(more) => {
                    let read = bytes.len();
                    bytes.resize(read + more, 0);
                    stream.read_exact(&mut bytes[read..]).await?;
                }
                Header::Client(client) => return Ok(client.map_or(proxy, |client| client.to_canonical())),
                Header::Bad => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    async fn serve(&self, stream: TcpStream, peer: IpAddr, place: Place, counted: bool) {
        let (gate, services, spoke) = (self.gate.clone(), self.services.clone(), Arc::<Notify>::default());
        let spoken = spoke.clone();
        let router = self.router.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            let at = services.clock.now();
            place.spoke();
            spoke.notify_one();
            let client = forwarded::client(peer, request.headers(), &gate.config().trusted_proxies);
            let prefix = ClientPrefix::of(client);
            request.extensions_mut().insert(Visit { place: place.clone(), prefix, counted, at });
            request
        });
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEADER_READ_TIMEOUT)
            .max_buf_size(limits::HEADER_BYTES_MAX);
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
        let stop = self.services.tasks.stop().clone();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                // Who has just come may say what it wants, so that it is told to come back.
                let first = async {
                    tokio::select! {
                        () = spoken.notified() => None,
                        ended = connection.as_mut() => Some(ended),
                    }
                };
                if let Ok(Some(ended)) = tokio::time::timeout(limits::LAST_WORD_TIMEOUT, first).await {
                    ended
                } else {
                    // Idle connections end at once, others after the answer they are at.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }

    /// Says that there is no place and when to come back. When too many have to be told that at once, the connection
    /// just ends: the client comes back, and those who are here are served.
    fn refuse(&self, mut stream: TcpStream, failure: Failure) {
        self.services.metrics.problem(failure.code);
        let Ok(permit) = self.refusals.clone().try_acquire_owned() else { return };
        self.services.tasks.spawn(async move {
            let _permit = permit;
            let tell = async {
                // What is unread when the connection ends would cut the answer off.
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                stream.write_all(&failure.bare()).await?;
                stream.shutdown().await?;
                while stream.read(&mut request).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = tokio::time::timeout(limits::REFUSAL_TIMEOUT, tell).await;
        });
    }
}
