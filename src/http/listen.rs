//! The accept loop: our own, because every connection needs time limits that a plain server does not set.

use std::{io, sync::Arc};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};

use crate::{base::limits, studio::services::Services};

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

/// Accepts until the process stops.
pub async fn run(listener: TcpListener, router: Router, services: Arc<Services>) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let stop = services.tasks.stop().clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // Without a place the connection is dropped: the client comes back, and those who are here are served.
                let Ok(place) = places.clone().try_acquire_owned() else { continue };
                let connection = serve(stream, router.clone(), services.clone());
                services.tasks.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of files, most likely: a pause lets connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, services: Arc<Services>) {
    // A receipt must not wait for more to send.
    let _ = stream.set_nodelay(true);
    services.metrics.connections(1);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_READ_TIMEOUT)
        .max_buf_size(limits::HEADER_BYTES_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
    let stop = services.tasks.stop().clone();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // Idle connections end at once, others after the answer they are at.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
    services.metrics.connections(-1);
}
