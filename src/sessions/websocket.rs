//! The WebSocket door: the upgrade with its small buffers, the greeting, and on to the session of whoever joined.

use std::sync::Arc;

use axum::{
    extract::ws::{WebSocket, WebSocketUpgrade},
    response::Response,
};

use super::{
    desk_session, greeting,
    greeting::Joined,
    socket::{Gone, Incoming, Socket},
    viewer_session::ViewerSession,
};
use crate::{
    base::limits,
    studio::{desk::Desk, services::Services},
    wire::{SUBPROTOCOL, client::ClientMessage, codes::Code, server::Problem},
};

/// Upgrades a request; the session runs until the client or the process goes, and holds `place` as long.
pub fn upgrade<Place: Send + 'static>(
    services: Arc<Services>,
    desk: Arc<Desk>,
    request: WebSocketUpgrade,
    place: Place,
) -> Response {
    configured(request, limits::STAFF_MESSAGE_BYTES_MAX).on_upgrade(move |socket| run(services, desk, socket, place))
}

/// How every WebSocket is set up. The tests' server that echoes for Autobahn differs in the size of messages only.
pub fn configured(request: WebSocketUpgrade, message_bytes_max: usize) -> WebSocketUpgrade {
    request
        .protocols([SUBPROTOCOL])
        .read_buffer_size(limits::WS_READ_BUFFER_BYTES)
        .write_buffer_size(limits::WS_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(limits::WS_WRITE_BUFFER_BYTES_MAX)
        .max_message_size(message_bytes_max)
        .max_frame_size(message_bytes_max)
}

async fn run<Place: Send + 'static>(services: Arc<Services>, desk: Arc<Desk>, socket: WebSocket, place: Place) {
    // A drain waits for those who are about to join as well.
    let _counted = services.tasks.count();
    let mut socket = Socket::new(socket, services.clock.now());
    let tasks = services.tasks.clone();
    // Every kind of session is a task of its own, as large as that kind needs; this one ends here.
    match tokio::time::timeout(limits::JOIN_TIMEOUT, greet(&services, &desk, &mut socket)).await {
        Ok(Ok(Joined::Viewer(viewer))) => {
            tasks.spawn(hold(place, ViewerSession::new(services, desk, viewer, socket).run()));
        }
        Ok(Ok(Joined::Staff(staff))) => {
            tasks.spawn(hold(place, desk_session::run_staff(services, desk, staff, socket)));
        }
        Ok(Ok(Joined::Screen(screen))) => {
            tasks.spawn(hold(place, desk_session::run_screen(services, desk, screen, socket)));
        }
        Ok(Err(Gone)) => {}
        Err(_) => {
            services.metrics.problem(Code::JoinFirst);
            socket.close(Code::JoinFirst.close(), Code::JoinFirst.word()).await;
        }
    }
}

/// Runs a session that holds its connection's place.
async fn hold<Place>(place: Place, session: impl Future<Output = ()>) {
    session.await;
    drop(place);
}

async fn greet(services: &Services, desk: &Desk, socket: &mut Socket) -> Result<Joined, Gone> {
    loop {
        let problem = match socket.next().await? {
            Incoming::Alive => continue,
            Incoming::Message(ClientMessage::Join(join)) => {
                match greeting::join(services, desk, join, services.clock.now()) {
                    Ok(joined) => return Ok(joined),
                    Err(problem) => problem,
                }
            }
            Incoming::Message(_) => {
                Problem { code: Code::JoinFirst, detail: Code::JoinFirst.title().to_owned(), retry_ms: None }
            }
            Incoming::Unreadable(problem) => problem,
        };
        services.metrics.problem(problem.code);
        socket.problem(problem).await?;
    }
}
