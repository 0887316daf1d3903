//! Who is here: staff, screens and the number of viewers, of one show on this node. Nothing of it is kept.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    base::{clock::Micros, ids::SessionId, limits},
    shows::document::Staff,
    wire::{
        client::Shown,
        gauge::{ScreenState, ScreenView},
        server::StaffView,
    },
};

/// Who is connected to one show.
#[derive(Debug, Default)]
pub struct Presence {
    viewers: AtomicU64,
    rooms: Mutex<Rooms>,
}

#[derive(Debug, Default)]
struct Rooms {
    staff: HashMap<SessionId, Present>,
    screens: HashMap<SessionId, ScreenView>,
}

#[derive(Debug)]
struct Present {
    who: StaffView,
    connections: usize,
    left_at: Option<Micros>,
}

impl Presence {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A viewer came.
    pub fn viewer_came(&self) {
        self.viewers.fetch_add(1, Ordering::Relaxed);
    }

    /// A viewer left.
    pub fn viewer_left(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Viewers here now.
    pub fn viewers(&self) -> u64 {
        self.viewers.load(Ordering::Relaxed)
    }

    /// A connection of a member of staff. `false`: too many are here.
    pub fn staff_came(&self, staff: &Staff) -> bool {
        let mut rooms = self.rooms();
        if rooms.staff.len() + rooms.screens.len() >= limits::DESK_SESSIONS_MAX {
            return false;
        }
        let who = StaffView { session: staff.session, name: staff.name.clone(), role: staff.role };
        let present = rooms.staff.entry(staff.session).or_insert(Present { who, connections: 0, left_at: None });
        present.connections += 1;
        present.left_at = None;
        true
    }

    /// A connection of a member of staff ended; the person may be back in a moment.
    pub fn staff_left(&self, session: SessionId, now: Micros) {
        let mut rooms = self.rooms();
        if let Some(present) = rooms.staff.get_mut(&session) {
            present.connections = present.connections.saturating_sub(1);
            present.left_at = (present.connections == 0).then_some(now);
        }
    }

    /// A member of staff acted without a connection of his own (a control surface): he is here as if one had just ended.
    pub fn staff_acted(&self, staff: &Staff, now: Micros) {
        let mut rooms = self.rooms();
        let full = rooms.staff.len() + rooms.screens.len() >= limits::DESK_SESSIONS_MAX;
        if full && !rooms.staff.contains_key(&staff.session) {
            return;
        }
        let who = StaffView { session: staff.session, name: staff.name.clone(), role: staff.role };
        let present = rooms.staff.entry(staff.session).or_insert(Present { who, connections: 0, left_at: None });
        if present.connections == 0 {
            present.left_at = Some(now);
        }
    }

    /// Whether somebody's lease still runs: connected, or gone for less than 15 s.
    pub fn is_present(&self, session: SessionId, now: Micros) -> bool {
        let rooms = self.rooms();
        rooms
            .staff
            .get(&session)
            .is_some_and(|present| present.left_at.is_none_or(|left| now.since_ms(left) < limits::CONTROL_LEASE_MS))
    }

    /// Staff with an open connection, by name. Those who left long ago are forgotten.
    pub fn staff(&self, now: Micros) -> Vec<StaffView> {
        let mut rooms = self.rooms();
        rooms.staff.retain(|_, p| p.left_at.is_none_or(|left| now.since_ms(left) < limits::CONTROL_LEASE_MS));
        let here = rooms.staff.values().filter(|present| present.connections > 0);
        let mut staff: Vec<_> = here.map(|present| present.who.clone()).collect();
        staff.sort_by(|a, b| (&a.name, a.session).cmp(&(&b.name, b.session)));
        staff
    }

    /// A screen came or reports. `false`: too many are here.
    pub fn screen(&self, session: SessionId, name: &str, shown: &Shown, now: Micros) -> bool {
        let mut rooms = self.rooms();
        let full = rooms.staff.len() + rooms.screens.len() >= limits::DESK_SESSIONS_MAX;
        if full && !rooms.screens.contains_key(&session) {
            return false;
        }
        let Shown { host, graphic, visible, active, rev, fps, output, run } = shown.clone();
        let (name, at, state) = (name.to_owned(), now.as_ms(), ScreenState::Current);
        let view = ScreenView { name, host, graphic, visible, active, rev, fps, at, output, run, state };
        rooms.screens.insert(session, view);
        true
    }

    /// A screen left.
    pub fn screen_left(&self, session: SessionId) {
        self.rooms().screens.remove(&session);
    }

    /// Screens here now, by name. `newest`: what they should have painted, and since when.
    pub fn screens(&self, newest: Option<(u64, Micros)>, now: Micros) -> Vec<ScreenView> {
        let (rev, since) = newest.unwrap_or_default();
        let state = |screen: &ScreenView| match () {
            () if now.since_ms(Micros::from_ms(screen.at)) > limits::SCREEN_SILENT_MS => ScreenState::Silent,
            () if screen.rev >= rev => ScreenState::Current,
            () if now.since_ms(since) <= limits::SCREEN_BEHIND_MS => ScreenState::Changing,
            () => ScreenState::Behind,
        };
        let seen = |screen: &ScreenView| ScreenView { state: state(screen), ..screen.clone() };
        let mut screens: Vec<_> = self.rooms().screens.values().map(seen).collect();
        screens.sort_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
        screens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::server::Role;

    #[test]
    fn who_acts_without_a_connection_is_here_for_a_lease() {
        let presence = Presence::default();
        let staff = Staff { session: SessionId(1), name: "Surface".into(), role: Role::Operator };
        presence.staff_acted(&staff, Micros::from_ms(1000));
        assert!(presence.is_present(staff.session, Micros::from_ms(15_999)));
        assert!(!presence.is_present(staff.session, Micros::from_ms(16_000)));
        assert!(presence.staff_came(&staff));
        presence.staff_acted(&staff, Micros::from_ms(2000));
        assert!(presence.is_present(staff.session, Micros::from_ms(99_000)), "a connection is no lease that runs out");
    }
}
