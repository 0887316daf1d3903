//! The WebSocket door: the upgrade with its small buffers, the greeting, and on to the session of whoever joined.

use std::sync::Arc;

use axum::{
    extract::ws::{WebSocket, WebSocketUpgrade},
    response::Response,
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    desk_session,
    gate::Gate,
    greeting::{From, Greeter, Joined},
    socket::{Gone, Incoming, Socket},
    viewer_session,
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
    request
        .protocols([SUBPROTOCOL])
        .read_buffer_size(limits::WS_READ_BUFFER_BYTES)
        .write_buffer_size(limits::WS_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(limits::WS_WRITE_BUFFER_BYTES_MAX)
        .max_message_size(limits::STAFF_MESSAGE_BYTES_MAX)
        .max_frame_size(limits::STAFF_MESSAGE_BYTES_MAX)
        .on_upgrade(async move |socket| {
            run(door, socket).await;
            drop(stay);
        })
}

async fn run(door: Door, socket: WebSocket) {
    let Door { services, desk, gate, from, stranger } = door;
    let _counted = services.tasks.count();
    let mut socket = Socket::new(socket, services.clock.now());
    let greeter = Greeter { services: &services, desk: &desk, gate: &gate, from };
    let joined = tokio::time::timeout(limits::JOIN_TIMEOUT, greet(greeter, &mut socket)).await;
    drop(stranger);
    match joined {
        Ok(Ok(Joined::Viewer(viewer))) => {
            let seat = gate.seats.sit(viewer.voter);
            viewer_session::run(services, desk, viewer, seat, socket).await;
        }
        Ok(Ok(Joined::Staff(staff))) => desk_session::run_staff(services, desk, staff, socket).await,
        Ok(Ok(Joined::Screen(screen))) => desk_session::run_screen(services, desk, screen, socket).await,
        Ok(Err(Gone)) => socket.finish(&services.metrics).await,
        Err(_) => {
            services.metrics.problem(Code::JoinFirst);
            socket.close(Code::JoinFirst.close(), Code::JoinFirst.word()).await;
        }
    }
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
