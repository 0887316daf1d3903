//! What each device has tapped, as its sessions said last: pure, and bounded in memory. A running count only grows; what is
//! more than before counts, as far as the device's rate lets it.

use std::collections::{HashMap, VecDeque};

use crate::base::{
    clock::Micros,
    ids::{SessionId, VoterId},
    limits,
    permits::{Permits, TAPS},
};

/// Devices that say nothing for so long are the first to be forgotten.
const SILENT_MS: u64 = 10_000;

#[derive(Debug)]
struct Device {
    /// Oldest first. What was said in one is no news of another: a page that comes back from another node has a new one.
    sessions: VecDeque<(SessionId, Box<[u32]>)>,
    permits: Permits,
    heard: Micros,
}

/// A part of the devices of a run.
#[derive(Debug, Default)]
pub(super) struct Devices {
    known: HashMap<VoterId, Device>,
}

impl Devices {
    /// Takes a running count, and says what to add for each option: of the first that a session says, nothing. It is
    /// remembered even if the run is not open.
    pub(super) fn hear(
        &mut self,
        (voter, session): (VoterId, SessionId),
        counts: &[u32],
        now: Micros,
        is_open: bool,
        most: usize,
    ) -> Option<Vec<u64>> {
        if !self.known.contains_key(&voter) && self.known.len() >= most {
            self.make_room(now);
        }
        let fresh = || Device { sessions: VecDeque::new(), permits: Permits::new(TAPS, now), heard: now };
        let device = self.known.entry(voter).or_insert_with(fresh);
        device.heard = now;
        let Some((_, known)) = device.sessions.iter_mut().find(|(one, _)| *one == session) else {
            if device.sessions.len() >= limits::TAPPING_SESSIONS_MAX {
                device.sessions.pop_front();
            }
            device.sessions.push_back((session, counts.into()));
            return None;
        };
        let more = known.iter().zip(counts).map(|(had, has)| u64::from(has.saturating_sub(*had)));
        let more: Vec<u64> = more.collect();
        // Requests may overtake each other: the greatest is the newest.
        known.iter_mut().zip(counts).for_each(|(had, has)| *had = (*had).max(*has));
        let wanted: u64 = more.iter().sum();
        if wanted == 0 || !is_open {
            return None;
        }
        let may = device.permits.take_up_to(TAPS, wanted, now);
        Some(more.into_iter().map(|one| one * may / wanted).collect())
    }

    fn make_room(&mut self, now: Micros) {
        let before = self.known.len();
        self.known.retain(|_, device| now.since_ms(device.heard) < SILENT_MS);
        if self.known.len() == before {
            let silent = self.known.iter().min_by_key(|(_, device)| device.heard);
            if let Some(voter) = silent.map(|(voter, _)| *voter) {
                self.known.remove(&voter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_takes_no_more_room_than_there_is_and_who_is_forgotten_begins_anew() {
        let mut devices = Devices::default();
        let mut hear = |voter: u128, count, ms| {
            let added = devices.hear((VoterId(voter), SessionId(1)), &[count], Micros::from_ms(ms), true, 10);
            assert!(devices.known.len() <= 10);
            added
        };
        (0..100).for_each(|voter| assert_eq!(hear(voter, 5, u64::try_from(voter).unwrap()), None));
        assert_eq!(hear(99, 7, 200), Some(vec![2]), "the newest are known");
        assert_eq!(hear(0, 7, 201), None, "the first was forgotten");
        assert_eq!(hear(0, 8, 202), Some(vec![1]));
    }
}
