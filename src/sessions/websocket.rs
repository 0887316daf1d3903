//! The WebSocket door: the upgrade with its small buffers, the greeting, and on to the session of whoever joined.

use std::sync::Arc;

use axum::{
    extract::ws::{WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::FutureExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    desk_session,
    gate::Gate,
    greeting::{From, Greeter, Joined},
    socket::{Gone, Incoming, Socket},
    viewer_session::ViewerSession,
};
use crate::{
    base::limits,
    studio::{desk::Desk, services::Services},
    wire::{SUBPROTOCOL, client::ClientMessage, codes::Code, server::Problem},
};

/// What a session is made of before anybody has joined.
pub struct Door {
    pub services: Arc<Services>,
    pub desk: Arc<Desk>,
    pub gate: Arc<Gate>,
    pub from: From,
    /// Until somebody joins.
    pub stranger: OwnedSemaphorePermit,
}

/// Upgrades a request; the session runs until the client or the process goes, and holds `stay` as long.
pub fn upgrade<Stay: Send + 'static>(door: Door, request: WebSocketUpgrade, stay: Stay) -> Response {
    // A drain waits for those who are about to join as well.
    let counted = door.services.tasks.count();
    configured(request, limits::STAFF_MESSAGE_BYTES_MAX).on_upgrade(async move |socket| {
        run(door, socket, stay).await;
        drop(counted);
    })
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

async fn run<Stay: Send + 'static>(door: Door, socket: WebSocket, stay: Stay) {
    let Door { services, desk, gate, from, stranger } = door;
    let mut socket = Socket::new(socket, services.clock.now());
    let tasks = services.tasks.clone();
    let greeter = Greeter { services: &services, desk: &desk, gate: &gate, from };
    let joined = tokio::time::timeout(limits::JOIN_TIMEOUT, greet(greeter, &mut socket)).await;
    drop(stranger);
    // Every kind of session is a task of its own, as large as that kind needs; this one ends here.
    match joined {
        Ok(Ok(Joined::Viewer(viewer))) => {
            tasks.spawn(hold(stay, ViewerSession::new(services, desk, gate, (viewer, from.prefix), socket).run()));
        }
        Ok(Ok(Joined::Staff(staff))) => {
            tasks.spawn(hold(stay, desk_session::run_staff(services, desk, staff, socket)));
        }
        Ok(Ok(Joined::Screen(screen))) => {
            tasks.spawn(hold(stay, desk_session::run_screen(services, desk, screen, socket)));
        }
        Ok(Err(Gone)) => socket.finish(&services.metrics).await,
        Err(_) => {
            services.metrics.problem(Code::JoinFirst);
            socket.close(Code::JoinFirst.close(), Code::JoinFirst.word()).await;
        }
    }
}

/// Runs a session that holds its connection's place. No `async fn`: the session would be in it twice.
fn hold<Stay>(stay: Stay, session: impl Future<Output = ()>) -> impl Future<Output = ()> {
    session.map(move |()| drop(stay))
}

async fn greet(greeter: Greeter<'_>, socket: &mut Socket) -> Result<Joined, Gone> {
    let services = greeter.services;
    let mut tries = 0;
    loop {
        let problem = match socket.next().await? {
            Incoming::Alive => continue,
            Incoming::Message(ClientMessage::Join(join)) => match greeter.join(join, services.clock.now()) {
                Ok(joined) => return Ok(joined),
                Err(problem) => problem,
            },
            // A developer is told what is wrong, some times.
            Incoming::Unreadable(problem) if problem.code.close() != 0 || tries + 1 < limits::JOIN_TRIES_MAX => problem,
            Incoming::Message(_) | Incoming::Unreadable(_) => {
                Problem { code: Code::JoinFirst, detail: Code::JoinFirst.title().to_owned(), retry_ms: None }
            }
        };
        tries += 1;
        services.metrics.problem(problem.code);
        socket.problem(problem).await?;
    }
}
