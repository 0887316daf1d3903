//! Tickets: who somebody is in one show, for one join within half a minute. A page takes one with its own token and hands
//! it to what opens the socket (an embedded player, an app's network layer), which so never sees a token that lasts.
//!
//! A ticket is signed and carries all it says, so any node takes it without asking another. That it is used once is only
//! sure per node: each remembers the tickets it took until they expire. Who steals one has seconds, at another node.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    secret::Secret,
    token::{self, Claims, Device},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{SessionId, ShowId, random_bytes},
        limits,
    },
    wire::server::Role,
};

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub show: ShowId,
    pub who: Holder,
    /// 32 random bytes in hexadecimal.
    nonce: String,
    expires: Micros,
}

/// Whom a ticket lets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A viewer's device.
    Device(Device),
    /// A member of staff.
    Staff { session: SessionId, name: String, role: Role },
}

impl Claims for Ticket {
    const KIND: &'static str = "t1";
    fn good(&self, now: Micros) -> bool {
        now < self.expires
    }
}

/// Makes a ticket and says when it expires.
pub fn create(secret: &Secret, show: ShowId, who: Holder, now: Micros) -> (String, Micros) {
    let expires = now.plus_ms(ttl_ms());
    let ticket = Ticket { show, who, nonce: hex::encode(&random_bytes::<32>()), expires };
    (token::sign(secret, &ticket), expires)
}

fn ttl_ms() -> u64 {
    u64::try_from(limits::TICKET_TTL.as_millis()).unwrap_or(u64::MAX)
}

/// The tickets that this node took, as long as they could come again.
#[derive(Debug)]
pub struct Used {
    most: usize,
    taken: Mutex<Taken>,
}

/// Two generations, each as long as a ticket is good: what is older than both cannot come again.
#[derive(Debug, Default)]
struct Taken {
    present: HashSet<[u8; 32]>,
    past: HashSet<[u8; 32]>,
    turned: Micros,
}

/// Why a ticket is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// It is not ours, not for this, or it expired.
    Bad,
    /// It was used here before.
    Used,
    /// So many were taken that no more can be remembered.
    Full,
}

impl Default for Used {
    fn default() -> Self {
        Self::remembering(limits::TICKETS_REMEMBERED)
    }
}

impl Used {
    fn remembering(most: usize) -> Self {
        Self { most: most / 2, taken: Mutex::default() }
    }

    /// Takes a ticket.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn take(&self, secret: &Secret, text: &str, show: &ShowId, now: Micros) -> Result<Holder, NotTaken> {
        let ticket = token::verify::<Ticket>(secret, text, now).filter(|ticket| ticket.show == *show);
        let Ticket { nonce, who, .. } = ticket.ok_or(NotTaken::Bad)?;
        let nonce = hex::decode::<32>(&nonce).ok_or(NotTaken::Bad)?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since_ms(taken.turned) >= ttl_ms() {
            let present = std::mem::take(&mut taken.present);
            taken.past = if now.since_ms(taken.turned) >= 2 * ttl_ms() { HashSet::new() } else { present };
            taken.turned = now;
        }
        if taken.past.contains(&nonce) || taken.present.contains(&nonce) {
            return Err(NotTaken::Used);
        }
        if taken.present.len() >= self.most {
            return Err(NotTaken::Full);
        }
        taken.present.insert(nonce);
        Ok(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Holder {
        Holder::Device(Device { device: "ab".repeat(16), came: None, expires: Micros(u64::MAX) })
    }

    #[test]
    fn a_ticket_lets_in_once_in_its_show_and_time() {
        let (secret, used) = (Secret::of(&[1; 32]), Used::default());
        let (show, other): (ShowId, ShowId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let start = Micros::from_ms(1_000_000);
        let (ticket, expires) = create(&secret, show.clone(), device(), start);
        assert_eq!(expires, start.plus_ms(30_000));
        assert_eq!(used.take(&secret, &ticket, &other, start), Err(NotTaken::Bad));
        assert_eq!(used.take(&Secret::of(&[2; 32]), &ticket, &show, start), Err(NotTaken::Bad));
        assert_eq!(used.take(&secret, &ticket, &show, expires), Err(NotTaken::Bad));
        assert_eq!(used.take(&secret, &ticket, &show, start), Ok(device()));
        // Until it expires it is known, however the generations turn.
        for ms in [0, 1, 15_000, 29_999] {
            let (later, expires) = create(&secret, show.clone(), device(), start.plus_ms(ms));
            assert_eq!(used.take(&secret, &later, &show, start.plus_ms(ms)), Ok(device()));
            let last = Micros(expires.0 - 1);
            assert_eq!(used.take(&secret, &later, &show, last), Err(NotTaken::Used), "{ms}");
        }
    }

    #[test]
    fn used_tickets_take_no_more_room_than_there_is() {
        let (secret, used) = (Secret::of(&[1; 32]), Used::remembering(20));
        let show: ShowId = "a".parse().unwrap();
        let take = |now| {
            let (ticket, _) = create(&secret, show.clone(), device(), now);
            used.take(&secret, &ticket, &show, now)
        };
        let now = Micros::from_ms(1_000_000);
        assert!((0..10).all(|_| take(now).is_ok()));
        assert_eq!(take(now), Err(NotTaken::Full));
        assert!(take(now.plus_ms(30_000)).is_ok());
    }
}
