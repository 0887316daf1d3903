//! A server that sends every message back, over WebSockets that are set up as the service's are. Autobahn's fuzzing client
//! judges it (scripts/autobahn). Messages may be as large as the client's largest.

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::Response,
    routing::get,
};
use tallylight::sessions::websocket;

const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", get(upgrade))).await
}

async fn upgrade(request: WebSocketUpgrade) -> Response {
    // The service sends nothing this large.
    websocket::configured(request, MESSAGE_BYTES_MAX).max_write_buffer_size(2 * MESSAGE_BYTES_MAX).on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let sent = match message {
            Message::Text(_) | Message::Binary(_) => socket.send(message).await,
            // Pongs and the answer to a close are sent while reading.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}
