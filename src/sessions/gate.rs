//! Who may come in: places, connections that have not said who they are, connections and new voters of one network,
//! sessions of one device, ballots by POST, used tickets. Every table is bounded, and every no says when to come back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::seats::Seats;
use crate::{
    base::{
        clock::Micros,
        counts::{Counts, Share},
        ids::{KeyId, VoterId},
        limits,
        permits::{MESSAGES, Rate, Rates, TRIGGERS, WRONG_KEYS},
        prefix::ClientPrefix,
    },
    config::doors::DoorConfig,
    identity::ticket::Used,
    wire::{codes::Code, server::Problem},
};

/// The gate of one node.
#[derive(Debug)]
pub struct Gate {
    config: DoorConfig,
    places: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    looking_up: Arc<Semaphore>,
    networks: Arc<Counts<ClientPrefix>>,
    new_voters: Rates<ClientPrefix>,
    posts: Rates<VoterId>,
    items: Rates<ClientPrefix>,
    triggers: Rates<KeyId>,
    wrong_keys: Rates<ClientPrefix>,
    /// The sessions of each device.
    pub seats: Arc<Seats>,
    pub tickets: Used,
    refused: AtomicU64,
}

impl Gate {
    /// A gate with everything free.
    pub fn new(config: DoorConfig) -> Self {
        let burst = config.connections_per_prefix;
        let new_voters = Rate { burst, per_second: (burst / limits::NEW_VOTERS_PART).max(1) };
        Self {
            places: Arc::new(Semaphore::new(config.connections)),
            strangers: Arc::new(Semaphore::new(config.connections.div_ceil(limits::STRANGERS_ONE_IN))),
            looking_up: Arc::new(Semaphore::new(limits::LOOKING_UP_MAX)),
            networks: Arc::default(),
            new_voters: Rates::new(new_voters, limits::NETWORKS_REMEMBERED),
            posts: Rates::new(MESSAGES, limits::POSTING_VOTERS_REMEMBERED),
            items: Rates::new(ITEMS, limits::NETWORKS_REMEMBERED),
            triggers: Rates::new(TRIGGERS, limits::POSTING_VOTERS_REMEMBERED),
            wrong_keys: Rates::new(WRONG_KEYS, limits::NETWORKS_REMEMBERED),
            seats: Arc::default(),
            tickets: Used::default(),
            refused: AtomicU64::new(0),
            config,
        }
    }

    /// What the doors were told.
    pub fn config(&self) -> &DoorConfig {
        &self.config
    }

    /// Whether an address is a proxy that is believed.
    pub fn trusts(&self, address: std::net::IpAddr) -> bool {
        self.config.trusted_proxies.iter().any(|block| block.contains(address))
    }

    /// A place for a connection.
    ///
    /// # Errors
    /// All are taken.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = self.places.clone().try_acquire_owned();
        place.map_err(|_| come_back("this node has no place for another connection"))
    }

    /// A place for a connection that has not said who it is.
    ///
    /// # Errors
    /// All are taken.
    pub fn stranger(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = self.strangers.clone().try_acquire_owned();
        place.map_err(|_| come_back("too many connections have not said yet what they want"))
    }

    /// A place for somebody who asks for everything that is kept of him.
    ///
    /// # Errors
    /// All are taken.
    pub fn looking_up(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = self.looking_up.clone().try_acquire_owned();
        place.map_err(|_| come_back("too many ask at once for what is kept of them"))
    }

    /// A share of a network for a connection; none is needed in a venue.
    ///
    /// # Errors
    /// The network has as many connections as it may.
    pub fn network(&self, prefix: ClientPrefix) -> Result<Option<Share<ClientPrefix>>, Problem> {
        if self.is_venue(prefix) {
            return Ok(None);
        }
        let share = self.networks.take(prefix, self.config.connections_per_prefix);
        share.map(Some).ok_or_else(|| {
            self.warn();
            come_back("too many connections come from your network")
        })
    }

    fn is_venue(&self, prefix: ClientPrefix) -> bool {
        self.config.venues.iter().any(|venue| prefix.meets(venue))
    }

    /// Whoever runs the node learns of it, but not who it was: the first time, and then at each doubling.
    fn warn(&self) {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused.is_power_of_two() {
            tracing::warn!(
                refused,
                "a network has as many connections or new voters as it may: list it in venues if it is a venue, in \
                 trusted_proxies if it is your proxy, or raise connections_per_prefix"
            );
        }
    }

    /// Whether there is room for one more viewer: the last places are kept for staff and screens.
    ///
    /// # Errors
    /// There is none.
    pub fn room_for_viewer(&self) -> Result<(), Problem> {
        if self.places.available_permits().saturating_mul(limits::RESERVED_ONE_IN) < self.config.connections {
            return Err(come_back("this node is full"));
        }
        Ok(())
    }

    /// Lets a network have one more voter.
    ///
    /// # Errors
    /// It had too many in a short time.
    pub fn new_voter(&self, prefix: ClientPrefix, now: Micros) -> Result<(), Problem> {
        if self.is_venue(prefix) {
            return Ok(());
        }
        self.new_voters.take(prefix, now).map_err(|_| {
            self.warn();
            let detail =
                "too many new voters come from your network; those who have voted here before get in".to_owned();
            Problem { code: Code::TooMany, detail, retry_ms: Some(spread_ms()) }
        })
    }

    /// Lets a voter send one more request that a session would send as a message.
    ///
    /// # Errors
    /// Too many; the milliseconds until one is taken again.
    pub fn post(&self, voter: VoterId, now: Micros) -> Result<(), u32> {
        self.posts.take(voter, now)
    }

    /// Lets a network send one more question or text.
    ///
    /// # Errors
    /// Too many; the milliseconds until one is taken again, spread.
    pub fn item(&self, prefix: ClientPrefix, now: Micros) -> Result<(), u32> {
        if self.is_venue(prefix) {
            return Ok(());
        }
        self.items.take(prefix, now).map_err(|_| spread_ms())
    }

    /// Lets a key fire once more.
    ///
    /// # Errors
    /// Too often; the milliseconds until it may again.
    pub fn trigger(&self, key: KeyId, now: Micros) -> Result<(), u32> {
        self.triggers.take(key, now)
    }

    /// Somebody of a network came with a key that opens nothing.
    ///
    /// # Errors
    /// Too often; the milliseconds until one is looked at again.
    pub fn wrong_key(&self, prefix: ClientPrefix, now: Micros) -> Result<(), u32> {
        self.wrong_keys.take(prefix, now)
    }
}

/// What is written in one network.
const ITEMS: Rate = Rate { burst: limits::ITEMS_PER_PREFIX_BURST, per_second: limits::ITEMS_PER_PREFIX_PER_SECOND };

fn come_back(detail: &str) -> Problem {
    Problem { code: Code::Busy, detail: detail.to_owned(), retry_ms: Some(spread_ms()) }
}

/// Those who are refused together do not come back together.
fn spread_ms() -> u32 {
    fastrand::u32(limits::RETRY_CROWD_MS..limits::RETRY_CROWD_MS * 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> ClientPrefix {
        ClientPrefix::of(text.parse().unwrap())
    }

    fn gate(connections: usize, connections_per_prefix: u32) -> Gate {
        Gate::new(DoorConfig { connections, connections_per_prefix, ..DoorConfig::default() })
    }

    #[test]
    fn a_network_has_its_share_and_a_venue_all_it_wants() {
        let gate = gate(100, 2);
        let shares = [(); 2].map(|()| gate.network(prefix("192.0.2.1")).unwrap());
        let refused = gate.network(prefix("192.0.2.200")).unwrap_err();
        assert_eq!(refused.code, Code::Busy);
        assert!(refused.retry_ms.is_some_and(|ms| (2000..6000).contains(&ms)));
        assert!(gate.network(prefix("192.0.3.1")).is_ok());
        drop(shares);
        assert!(gate.network(prefix("192.0.2.1")).is_ok());
        let here = (0..100).map(|_| gate.network(prefix("127.0.0.1")).unwrap());
        assert!(here.flatten().next().is_none());
    }

    #[test]
    fn new_voters_are_slowed_down_by_network() {
        let gate = gate(100, 3);
        let come = |at_ms, from| gate.new_voter(prefix(from), Micros::from_ms(at_ms)).map_err(|problem| problem.code);
        for _ in 0..3 {
            assert_eq!(come(0, "2001:db8::1"), Ok(()));
        }
        assert_eq!(come(0, "2001:db8:0:ff::1"), Err(Code::TooMany));
        assert_eq!(come(0, "2001:db8:0:100::1"), Ok(()));
        assert_eq!(come(1000, "2001:db8::1"), Ok(()));
        assert_eq!(come(1000, "2001:db8::1"), Err(Code::TooMany));
        assert!((0..100).all(|_| come(0, "127.0.0.1").is_ok()));
    }

    #[test]
    fn the_last_places_are_not_for_viewers() {
        let gate = gate(20, 100);
        let mut places: Vec<_> = (0..19).map(|_| gate.place().unwrap()).collect();
        assert!(gate.room_for_viewer().is_ok());
        places.push(gate.place().unwrap());
        assert_eq!(gate.room_for_viewer().unwrap_err().code, Code::Busy);
        assert!(gate.place().is_err());
        let strangers: Vec<_> = (0..4).map(|_| gate.stranger().unwrap()).collect();
        assert!(gate.stranger().is_err());
        drop((places.pop(), strangers));
        assert!(gate.room_for_viewer().is_ok() && gate.stranger().is_ok());
    }
}
