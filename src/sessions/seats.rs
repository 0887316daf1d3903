//! The sessions that one device has in one show. There are only so many seats; the newest session gets one and the oldest
//! has to leave. The other way round a phone whose network flaps would be locked out by its own dead sockets, which
//! nobody notices for a minute.

use std::sync::Arc;

use dashmap::DashMap;

use crate::{
    ballots::inbox::Inbox,
    base::{ids::VoterId, limits},
};

/// The seats of all voters. Only who sits takes room.
#[derive(Debug, Default)]
pub struct Seats {
    taken: DashMap<VoterId, Vec<Arc<Inbox>>>,
}

/// One session's seat, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    voter: VoterId,
    inbox: Arc<Inbox>,
}

impl Seats {
    /// Takes a seat; the voter's oldest session is asked to leave if there are too many. `inbox`: by which this one will be.
    pub fn sit(self: &Arc<Self>, voter: VoterId, inbox: Arc<Inbox>) -> Seat {
        // Nearly everybody has one session.
        let mut taken = self.taken.entry(voter).or_insert_with(|| Vec::with_capacity(1));
        if taken.len() >= limits::SESSIONS_PER_DEVICE_MAX {
            taken.remove(0).displace();
        }
        taken.push(inbox.clone());
        drop(taken);
        Seat { seats: self.clone(), voter, inbox }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.remove_if_mut(&self.voter, |_, taken| {
            taken.retain(|other| !Arc::ptr_eq(other, &self.inbox));
            taken.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_and_nothing_is_left_behind() {
        let seats = Arc::<Seats>::default();
        let sit = |voter| seats.sit(VoterId(voter), Arc::default());
        let mut held: Vec<_> = (0..limits::SESSIONS_PER_DEVICE_MAX).map(|_| sit(1)).collect();
        let other = sit(2);
        assert!(!held.iter().any(|seat| seat.inbox.is_displaced()));
        held.push(sit(1));
        let leaves: Vec<_> = held.iter().map(|seat| seat.inbox.is_displaced()).collect();
        assert!(leaves[0] && !leaves[1..].contains(&true) && !other.inbox.is_displaced());
        // Who was asked to leave and is gone makes no room twice.
        held.remove(0);
        held.push(sit(1));
        assert!(held[0].inbox.is_displaced());
        drop((held, other));
        assert!(seats.taken.is_empty());
    }
}
