//! The first message: who somebody is. A [`Join`] is consumed and becomes a [`Joined`], or a problem.

use crate::{
    base::{
        clock::Micros,
        ids::{SessionId, VoterId},
    },
    identity::token::{self, Device, ScreenKey, StaffClaims},
    shows::document::Staff,
    studio::{desk::Desk, services::Services},
    wire::{
        SUBPROTOCOL,
        client::Join,
        codes::Code,
        server::{Problem, Receipt, Role, Welcome},
    },
};

/// Who joined.
#[derive(Debug)]
pub enum Joined {
    Viewer(Viewer),
    Staff(Staff),
    Screen(Screen),
}

/// A viewer in one show.
#[derive(Debug)]
pub struct Viewer {
    pub voter: VoterId,
    pub session: SessionId,
    /// A device token that was made just now.
    pub fresh_token: Option<String>,
}

/// A screen in one show.
#[derive(Debug)]
pub struct Screen {
    pub session: SessionId,
    pub name: String,
}

/// Longest name a screen may give itself.
const SCREEN_NAME_CHARS_MAX: usize = 60;

/// Judges a join.
///
/// # Errors
/// A token that is not good. No token at all makes a new viewer; a bad one never does, because the client would silently
/// become another voter.
pub fn join(services: &Services, desk: &Desk, join: Join, now: Micros) -> Result<Joined, Problem> {
    if let Some(staff) = join.staff {
        let claims =
            token::verify::<StaffClaims>(&services.secret, &staff, now).filter(|claims| claims.show == desk.show);
        let Some(StaffClaims { session, name, role, .. }) = claims else {
            return Err(bad_token("this staff token is not good for this show (any more): use a new link"));
        };
        return Ok(Joined::Staff(Staff { session, name, role }));
    }
    if let Some(key) = join.key {
        let key = token::verify::<ScreenKey>(&services.secret, &key, now).filter(|key| key.show == desk.show);
        if key.is_none() {
            return Err(bad_token("this key is not good for this show: copy the address from the studio page again"));
        }
        let name: String =
            join.name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(SCREEN_NAME_CHARS_MAX).collect();
        let name = if name.is_empty() { "screen".to_owned() } else { name };
        return Ok(Joined::Screen(Screen { session: SessionId::random(), name }));
    }
    viewer(services, desk, join.device.as_deref(), now).map(Joined::Viewer)
}

/// A viewer by a device token, or by a new one.
///
/// # Errors
/// The token is not good.
pub fn viewer(services: &Services, desk: &Desk, device: Option<&str>, now: Micros) -> Result<Viewer, Problem> {
    let (device, fresh_token) = match device {
        Some(device) => {
            let known = token::verify::<Device>(&services.secret, device, now);
            (known.ok_or_else(|| bad_token("this device token is not good (any more): join without one"))?, None)
        }
        None => {
            let device = Device::fresh(now);
            let token = token::sign(&services.secret, &device);
            (device, Some(token))
        }
    };
    let bytes = device.bytes().ok_or_else(|| bad_token("this device token is damaged: join without one"))?;
    Ok(Viewer { voter: desk.voter_key.voter(&bytes), session: SessionId::random(), fresh_token })
}

fn bad_token(detail: &str) -> Problem {
    Problem { code: Code::BadToken, detail: detail.to_owned(), retry_ms: None }
}

/// The answer to a join.
pub fn welcome(services: &Services, role: Role, session: SessionId, now: Micros) -> Welcome {
    Welcome {
        protocol: SUBPROTOCOL.to_owned(),
        node: services.node,
        session,
        now: now.as_ms(),
        role,
        device: None,
        mine: Vec::new(),
    }
}

/// What a viewer has in the runs that are on the board.
pub fn mine(services: &Services, desk: &Desk, voter: VoterId) -> Vec<Receipt> {
    let board = desk.board();
    board.runs().iter().flat_map(|run| services.intake.mine(run.definition.run, voter)).collect()
}
