//! The place that a connection takes, and what is known of the client that a request came from.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use super::reply::Failure;
use crate::{
    base::{clock::Micros, counts::Share, prefix::ClientPrefix},
    sessions::gate::Gate,
    studio::services::Services,
};

/// A connection's place among all. An upgrade takes a copy along into its session, because the connection that HTTP knows
/// ends there.
#[derive(Debug, Clone)]
pub struct Place(Arc<Held>);

#[derive(Debug)]
struct Held {
    services: Arc<Services>,
    _place: OwnedSemaphorePermit,
    _network: Option<Share<ClientPrefix>>,
    /// Until the first request is there.
    stranger: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Place {
    /// The place of a connection that has not said anything yet.
    pub fn new(
        services: Arc<Services>,
        place: OwnedSemaphorePermit,
        stranger: OwnedSemaphorePermit,
        network: Option<Share<ClientPrefix>>,
    ) -> Self {
        services.metrics.connections(1);
        Self(Arc::new(Held { services, _place: place, _network: network, stranger: Mutex::new(Some(stranger)) }))
    }

    /// The connection has sent a request.
    pub fn spoke(&self) {
        self.0.stranger.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.services.metrics.connections(-1);
    }
}

/// Where a request came from. The client's network stays here and in the gate: it is never logged or kept.
#[derive(Debug, Clone)]
pub struct Visit {
    pub place: Place,
    pub prefix: ClientPrefix,
    /// Whether the connection is counted in the client's network. One of a proxy is not: it serves many clients.
    pub counted: bool,
    /// When the request was there.
    pub at: Micros,
}

/// What a client holds that stays for long: its connection's place and, through a proxy, its share of its network.
#[derive(Debug)]
pub struct Stay {
    _place: Place,
    _network: Option<Share<ClientPrefix>>,
}

impl Visit {
    /// The client stays.
    ///
    /// # Errors
    /// Its network has no room.
    pub fn stay(&self, gate: &Gate) -> Result<Stay, Failure> {
        let network = if self.counted { None } else { gate.network(self.prefix)? };
        Ok(Stay { _place: self.place.clone(), _network: network })
    }
}
