//! The sessions that one device has in one show. There are only so many seats; the newest session gets one and the oldest
//! has to leave. The other way round a phone whose network flaps would be locked out by its own dead sockets, which
//! nobody notices for a minute.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::Notify;

use crate::base::{ids::VoterId, limits};

/// The seats of all voters. Only who sits takes room.
#[derive(Debug, Default)]
pub struct Seats {
    taken: DashMap<VoterId, Vec<Arc<Notify>>>,
}

/// One session's seat, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    voter: VoterId,
    asked: Arc<Notify>,
}

impl Seats {
    /// Takes a seat; the voter's oldest session is asked to leave if there are too many.
    pub fn sit(self: &Arc<Self>, voter: VoterId) -> Seat {
        let asked = Arc::<Notify>::default();
        // Nearly everybody has one session.
        let mut taken = self.taken.entry(voter).or_insert_with(|| Vec::with_capacity(1));
        if taken.len() >= limits::SESSIONS_PER_DEVICE_MAX {
            taken.remove(0).notify_one();
        }
        taken.push(asked.clone());
        drop(taken);
        Seat { seats: self.clone(), voter, asked }
    }
}

impl Seat {
    /// What is notified once a newer session needs the seat.
    pub fn displaced(&self) -> Arc<Notify> {
        self.asked.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.remove_if_mut(&self.voter, |_, taken| {
            taken.retain(|other| !Arc::ptr_eq(other, &self.asked));
            taken.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_oldest_leaves_and_nothing_is_left_behind() {
        let seats = Arc::<Seats>::default();
        let voter = VoterId(1);
        let mut held: Vec<_> = (0..limits::SESSIONS_PER_DEVICE_MAX).map(|_| seats.sit(voter)).collect();
        let other = seats.sit(VoterId(2));
        assert!(held.iter().all(|seat| seat.displaced().notified().now_or_never().is_none()));
        held.push(seats.sit(voter));
        let leaves: Vec<_> = held.iter().map(|seat| seat.displaced().notified().now_or_never().is_some()).collect();
        assert!(leaves[0] && !leaves[1..].contains(&true) && other.displaced().notified().now_or_never().is_none());
        // Who was asked to leave and is gone makes no room twice.
        held.remove(0);
        held.push(seats.sit(voter));
        assert!(held[0].displaced().notified().now_or_never().is_some());
        drop((held, other));
        assert!(seats.taken.is_empty());
    }
}
