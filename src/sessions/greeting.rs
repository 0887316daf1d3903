//! The first message: who somebody is. A [`Join`] is consumed and becomes a [`Joined`], or a problem.

use super::gate::Gate;
use crate::{
    ballots::ballot::{Ballot, Picks},
    base::{
        clock::Micros,
        ids::{SessionId, VoterId},
        limits,
        prefix::ClientPrefix,
    },
    identity::{
        ticket::{Holder, NotTaken},
        token::{self, Device, EntryLink, ScreenKey, StaffClaims},
    },
    shows::{board::BoardRun, document::Staff},
    studio::{desk::Desk, services::Services},
    wire::{
        SUBPROTOCOL,
        client::{Join, Vote},
        codes::Code,
        entry::Entry,
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
    /// Where it came in, as a link of this show said.
    pub entry: Option<Box<Entry>>,
    /// What is wrong with the entry link that it came by.
    problem: Option<Box<Problem>>,
}

/// A screen in one show.
#[derive(Debug)]
pub struct Screen {
    pub session: SessionId,
    pub name: String,
}

/// Where a client comes from.
#[derive(Debug, Clone, Copy)]
pub struct From {
    pub prefix: ClientPrefix,
    /// It is a page without an origin (a local file): anybody may have made it, so only a screen's key counts.
    pub screens_only: bool,
}

/// What is needed to judge a join.
#[derive(Debug, Clone, Copy)]
pub struct Greeter<'a> {
    pub services: &'a Services,
    pub desk: &'a Desk,
    pub gate: &'a Gate,
    pub from: From,
}

impl Greeter<'_> {
    /// Judges the join of a session.
    ///
    /// # Errors
    /// A token that is not good; no token at all makes a new viewer, but a bad one never does, because the client would
    /// silently become another voter. Or there is no room for a viewer.
    pub fn join(&self, join: Join, now: Micros) -> Result<Joined, Problem> {
        let Join { device, staff, key, ticket, name, entry } = join;
        if let Some(key) = key {
            return self.screen(&key, name.unwrap_or_default(), now).map(Joined::Screen);
        }
        if self.from.screens_only {
            let detail = "a page without an origin (a local file) may join only as a screen, with a key".to_owned();
            return Err(Problem { code: Code::Forbidden, detail, retry_ms: None });
        }
        let joined = match (staff, ticket) {
            (Some(token), _) => Joined::Staff(self.staff(&token, now)?),
            (None, Some(ticket)) => self.ticket(&ticket, entry.as_deref(), now)?,
            (None, None) => Joined::Viewer(self.viewer(device.as_deref(), entry.as_deref(), now)?),
        };
        if matches!(joined, Joined::Viewer(_)) {
            self.gate.room_for_viewer()?;
        }
        Ok(joined)
    }

    fn staff(&self, token: &str, now: Micros) -> Result<Staff, Problem> {
        let claims = token::verify::<StaffClaims>(&self.services.secret, token, now);
        match claims.filter(|claims| claims.show == self.desk.show) {
            Some(StaffClaims { session, name, role, .. }) => Ok(Staff { session, name, role }),
            None => Err(bad_token("this staff token is not good for this show (any more): use a new link")),
        }
    }

    fn screen(&self, key: &str, name: String, now: Micros) -> Result<Screen, Problem> {
        if !reads_screens(self.services, self.desk, key, now) {
            return Err(bad_token("this key is not good for this show: copy the address from the studio page again"));
        }
        let name: String = name.chars().filter(|c| !c.is_control()).take(limits::SCREEN_NAME_CHARS_MAX).collect();
        let name = if name.is_empty() { "screen".to_owned() } else { name };
        Ok(Screen { session: SessionId::random(), name })
    }

    fn ticket(&self, ticket: &str, code: Option<&str>, now: Micros) -> Result<Joined, Problem> {
        match self.gate.tickets.take(&self.services.secret, ticket, &self.desk.show, now) {
            Ok(Holder::Staff { session, name, role }) => Ok(Joined::Staff(Staff { session, name, role })),
            Ok(Holder::Device(device)) => {
                let mut viewer = Viewer::of(self.desk, &device)?;
                // Who holds a ticket gets no token by it: the entry is this session's.
                self.enter(&mut viewer, code, now);
                Ok(Joined::Viewer(viewer))
            }
            Err(NotTaken::Bad) => Err(bad_token("this ticket is not good for this show (any more): take a new one")),
            Err(NotTaken::Used) => Err(bad_token("this ticket was used: take a new one for each join")),
            Err(NotTaken::Full) => {
                let detail = "so many tickets were used that no more can be told from them".to_owned();
                Err(Problem { code: Code::Busy, detail, retry_ms: Some(limits::RETRY_CROWD_MS) })
            }
        }
    }

    /// A viewer by a device token, or a new one, if its network may have one more; by an entry link or not.
    ///
    /// # Errors
    /// The token is not good, or too many new viewers came from there. An entry link that is not good is no error: the
    /// viewer is let in as if there were none, and told.
    pub fn viewer(&self, device: Option<&str>, code: Option<&str>, now: Micros) -> Result<Viewer, Problem> {
        let mut device = match device {
            Some(token) => Ok(known_device(self.services, token, now)?),
            None => Err(()),
        };
        let is_new = device.is_err();
        let device = match &mut device {
            Ok(device) => device,
            Err(()) => {
                self.gate.new_voter(self.from.prefix, now)?;
                &mut Device::fresh(now)
            }
        };
        let mut viewer = Viewer::of(self.desk, device)?;
        let came = self.enter(&mut viewer, code, now);
        if is_new || came.is_some() {
            device.came = came.or(device.came.take());
            viewer.fresh_token = Some(token::sign(&self.services.secret, device));
        }
        Ok(viewer)
    }

    /// Lets a viewer in by the code of an entry link, if there is one. Gives back what was not known of it.
    fn enter(&self, viewer: &mut Viewer, code: Option<&str>, now: Micros) -> Option<EntryLink> {
        let link = token::verify::<EntryLink>(&self.services.secret, code?, now);
        let declared = |entry: &Entry| self.desk.document().entries.number_of(entry) > 0;
        let entry = link.as_ref().and_then(|link| link.of(&self.desk.show)).filter(declared);
        let Some(entry) = entry else {
            let detail = "this link is not one of this show (any more): ask who gave it to you for a new one; you can vote \
                          without it";
            viewer.problem = Some(Box::new(bad_token(detail)));
            return None;
        };
        let is_known = viewer.entry.as_deref() == Some(&entry);
        viewer.entry = Some(Box::new(entry));
        link.filter(|_| !is_known)
    }
}

impl Viewer {
    fn of(desk: &Desk, device: &Device) -> Result<Self, Problem> {
        let bytes = device.bytes().ok_or_else(|| bad_token("this device token is damaged: join without one"))?;
        let entry = device.came.as_ref().and_then(|link| link.of(&desk.show)).map(Box::new);
        let (voter, session) = (desk.voter(&bytes), SessionId::random());
        Ok(Self { voter, session, fresh_token: None, entry, problem: None })
    }

    /// The number of this viewer's entry in a run; 0: it came by none that the run knows.
    pub fn number(&self, run: &BoardRun) -> u8 {
        self.entry.as_deref().map_or(0, |entry| run.definition.entries.number_of(entry))
    }

    /// What this viewer votes. Of where it came in, a ballot carries what the run knew when it was made.
    pub fn ballot(&self, run: Option<&BoardRun>, vote: Vote, received: Micros) -> Ballot {
        let entry = run.map_or(0, |run| self.number(run));
        let picks = match vote.change {
            Some(change) => Picks::changed(change, vote.picks),
            None => Picks::new(vote.picks),
        };
        Ballot { voter: self.voter, id: vote.id, picks, received, entry }
    }

    /// The answer to this viewer's join.
    pub async fn welcome(&mut self, services: &Services, desk: &Desk) -> Welcome {
        let mine = mine(services, desk, self.voter).await;
        // One that the show has taken back counts in the runs that were made before, and is not spoken of any more.
        let entries = &desk.document().entries;
        let entry = self.entry.as_deref().filter(|entry| entries.number_of(entry) > 0);
        Welcome {
            device: self.fresh_token.take(),
            entry: entry.cloned(),
            problem: self.problem.take().map(|problem| *problem),
            mine,
            ..welcome(services, Role::Viewer, self.session, services.clock.now())
        }
    }
}

/// A viewer by a device token.
///
/// # Errors
/// The token is not good.
pub fn known_viewer(services: &Services, desk: &Desk, token: &str, now: Micros) -> Result<Viewer, Problem> {
    Viewer::of(desk, &known_device(services, token, now)?)
}

/// The device of a token.
///
/// # Errors
/// The token is not good.
pub fn known_device(services: &Services, token: &str, now: Micros) -> Result<Device, Problem> {
    let device = token::verify::<Device>(&services.secret, token, now);
    device.ok_or_else(|| bad_token("this device token is not good (any more): join without one"))
}

/// Whether a key reads this show's screens and feeds.
pub fn reads_screens(services: &Services, desk: &Desk, key: &str, now: Micros) -> bool {
    token::verify::<ScreenKey>(&services.secret, key, now).is_some_and(|key| key.show == desk.show)
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
        entry: None,
        problem: None,
        mine: Vec::new(),
    }
}

/// What a viewer has in the runs that are on the board; in the one on program also what other nodes took.
async fn mine(services: &Services, desk: &Desk, voter: VoterId) -> Vec<Receipt> {
    let (board, document) = (desk.board(), desk.document());
    let program = document.program.as_ref().map(|placed| placed.run);
    let mut mine = Vec::new();
    for run in board.runs().iter().map(|run| run.definition.run) {
        mine.extend(match Some(run) == program {
            true => services.intake.mine_everywhere(run, voter).await,
            false => services.intake.mine(run, voter),
        });
    }
    mine
}
