//! Keys that fire triggers of a show: kept in its document, as a hash only, so that every node knows them and none can tell
//! them. One that was revoked stays so, whatever becomes of the branch in which it was.

use serde::{Deserialize, Serialize};

use super::{
    document::Document,
    transition::{Refusal, refuse},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{KeyId, SessionId},
        limits,
    },
    wire::{
        codes::Code,
        server::Role,
        trigger::{Group, KeyRequest, KeyView},
    },
};

/// The format of a document that has keys: an older release would drop them, and what was revoked with them.
const FORMAT_WITH_KEYS: u32 = 2;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    /// SHA-256 of what opens, in hexadecimal.
    pub hash: String,
    pub may: Vec<Group>,
    /// It may fire by GET.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub get: bool,
    pub made_at: Micros,
    pub made_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Micros>,
}

/// A change of a show's keys.
#[derive(Debug, Clone)]
pub enum KeyChange {
    /// Adds one.
    Make { id: KeyId, hash: String, request: KeyRequest },
    /// Takes one away.
    Revoke(KeyId),
}

/// The hash under which a key is kept.
pub fn hash(secret: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes()).as_ref())
}

impl Key {
    /// As which session it acts.
    pub fn session(&self) -> SessionId {
        SessionId(self.id.0)
    }

    /// Who the as-run log says it was.
    pub fn signature(&self) -> String {
        format!("key {}", self.name)
    }

    /// What staff may see of it.
    pub fn view(&self) -> KeyView {
        KeyView {
            id: self.id,
            name: self.name.clone(),
            may: self.may.clone(),
            get: self.get,
            made_at: self.made_at.as_ms(),
            made_by: self.made_by.clone(),
            revoked_at: self.revoked_at.map(Micros::as_ms),
        }
    }
}

/// As what a key does what its groups let it: no more than each needs.
pub const fn role_for(group: Group) -> Role {
    match group {
        Group::Rundown | Group::Window | Group::Screens => Role::Operator,
        Group::Result => Role::Adjudicator,
        Group::Show => Role::Producer,
    }
}

impl Document {
    /// The key that a secret opens, if it was not revoked.
    pub fn key(&self, secret: &str) -> Option<&Key> {
        let hash = hash(secret);
        self.keys.iter().find(|key| key.hash == hash && key.revoked_at.is_none())
    }

    /// The key that acts as a session.
    pub(super) fn key_of(&self, session: SessionId) -> Option<&Key> {
        self.keys.iter().find(|key| key.session() == session)
    }

    /// The document with other keys. What staff saw of the show is still so.
    ///
    /// # Errors
    /// The role may not, there is no such key, or there are too many.
    pub fn with_keys(&self, change: &KeyChange, by: &str, role: Role, now: Micros) -> Result<Self, Refusal> {
        if role != Role::Producer {
            return refuse(Code::Forbidden, "keys are for producers: ask one for it");
        }
        let mut next = self.succeed();
        match change {
            KeyChange::Make { id, hash, request } => {
                let KeyRequest { name, may, get } = request;
                let name = name.as_str();
                if name.trim() != name
                    || !(1..=limits::KEY_NAME_CHARS_MAX).contains(&name.chars().count())
                    || name.chars().any(char::is_control)
                {
                    let most = limits::KEY_NAME_CHARS_MAX;
                    return refuse(
                        Code::BadMessage,
                        format!("name: 1 to {most} characters, no space around them; the as-run log shows it"),
                    );
                }
                if self.keys.iter().any(|key| key.name == name && key.revoked_at.is_none()) {
                    return refuse(
                        Code::NotNow,
                        format!("there is a key {name} already: revoke it, or take another name"),
                    );
                }
                let mut may = may.clone();
                may.sort_unstable();
                may.dedup();
                if may.is_empty() {
                    return refuse(Code::BadMessage, "may: name one group at least, like window");
                }
                if *get && !may.iter().all(|group| group.by_get()) {
                    return refuse(Code::Forbidden, "get: only rundown, window and screens may be fired by GET");
                }
                if next.keys.len() >= limits::KEYS_MAX {
                    let Some(oldest) = next.keys.iter().position(|key| key.revoked_at.is_some()) else {
                        return refuse(Code::NotNow, format!("this show has {} keys: revoke one", limits::KEYS_MAX));
                    };
                    next.keys.remove(oldest);
                }
                next.keys.push(Key {
                    id: *id,
                    name: name.to_owned(),
                    hash: hash.clone(),
                    may,
                    get: *get,
                    made_at: now,
                    made_by: by.to_owned(),
                    revoked_at: None,
                });
            }
            KeyChange::Revoke(id) => match next.keys.iter_mut().find(|key| key.id == *id && key.revoked_at.is_none()) {
                Some(key) => key.revoked_at = Some(now),
                None => return refuse(Code::NotFound, "this show has no such key (any more)"),
            },
        }
        next.format = next.format.max(FORMAT_WITH_KEYS);
        next.quiet_since = self.quiet_since.or(Some(self.revision));
        Ok(next)
    }

    /// Takes the keys of another branch in. What either revoked is revoked.
    pub(super) fn merge_keys(&mut self, other: &Self) {
        for theirs in &other.keys {
            let is_full = self.keys.len() >= limits::KEYS_MAX;
            match self.keys.iter_mut().find(|key| key.id == theirs.id) {
                Some(ours) => ours.revoked_at = ours.revoked_at.or(theirs.revoked_at),
                None if is_full => {}
                None => self.keys.push(theirs.clone()),
            }
        }
        self.format = self.format.max(other.format);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shows::{merge::merge, transition::tests::Desk};
    use crate::wire::command::Command;

    fn make(id: u64, name: &str, may: &[Group]) -> KeyChange {
        let request = KeyRequest { name: name.into(), may: may.to_vec(), get: false };
        KeyChange::Make { id: KeyId(id), hash: hash(&format!("secret {id}")), request }
    }

    fn changed(document: &Document, change: &KeyChange) -> Result<Document, Code> {
        document.with_keys(change, "P", Role::Producer, Micros(7)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_key_is_known_by_what_opens_it_until_it_is_revoked() {
        let before = Desk::open_for(60).document;
        assert_eq!(
            before.with_keys(&make(1, "deck", &[Group::Window]), "O", Role::Operator, Micros(1)).unwrap_err().code,
            Code::Forbidden
        );
        let with = changed(&before, &make(1, "deck", &[Group::Window, Group::Rundown, Group::Window])).unwrap();
        assert_eq!(with.key("secret 1").map(|key| key.may.as_slice()), Some(&[Group::Rundown, Group::Window][..]));
        assert!(with.is_seen_at(before.revision), "nobody's page is out of date for it");
        assert!(!with.to_json().contains("secret"), "only its hash is kept");
        assert_eq!(Document::read(&with.to_json()).unwrap(), with);
        assert!(!before.to_json().contains("keys") && !before.to_json().starts_with("{\"format\""));
        assert_eq!(changed(&with, &make(2, "deck", &[Group::Window])), Err(Code::NotNow));
        assert_eq!(changed(&with, &make(2, " ", &[Group::Window])), Err(Code::BadMessage));
        assert_eq!(changed(&with, &make(2, "x", &[])), Err(Code::BadMessage));
        let without = changed(&with, &KeyChange::Revoke(KeyId(1))).unwrap();
        assert_eq!(without.key("secret 1"), None);
        assert_eq!(changed(&without, &KeyChange::Revoke(KeyId(1))), Err(Code::NotFound));
        assert!(changed(&without, &make(2, "deck", &[Group::Window])).is_ok());
    }

    #[test]
    fn there_are_never_more_than_there_may_be() {
        let mut document = Desk::open_for(60).document;
        for id in 0..limits::KEYS_MAX as u64 {
            document = changed(&document, &make(id, &format!("{id}"), &[Group::Screens])).unwrap();
        }
        assert_eq!(changed(&document, &make(999, "more", &[Group::Screens])), Err(Code::NotNow));
        let document = changed(&document, &KeyChange::Revoke(KeyId(5))).unwrap();
        let document = changed(&document, &make(999, "more", &[Group::Screens])).unwrap();
        assert_eq!(document.keys.len(), limits::KEYS_MAX);
    }

    #[test]
    fn what_one_branch_revoked_stays_revoked() {
        let both = changed(&Desk::open_for(60).document, &make(1, "deck", &[Group::Window])).unwrap();
        let revoked = changed(&both, &KeyChange::Revoke(KeyId(1))).unwrap();
        let more = changed(&both, &make(2, "other", &[Group::Window])).unwrap();
        for (held, other) in [(&revoked, &more), (&more, &revoked)] {
            let joined = merge(held, other, &[], Micros(9)).document;
            assert_eq!((joined.key("secret 1"), joined.keys.len(), joined.format), (None, 2, FORMAT_WITH_KEYS));
            assert!(joined.key("secret 2").is_some());
        }
    }

    #[test]
    fn a_key_acts_beside_who_has_control_and_takes_it_from_nobody() {
        let mut desk = Desk::open_for(60);
        desk.document = changed(&desk.document, &make(77, "deck", &[Group::Window])).unwrap();
        let owner = desk.document.control.owner.clone();
        assert!(owner.is_some());
        desk.by(77, Role::Operator).send(Command::Hold);
        assert_eq!(desk.document.control.owner, owner);
        desk.by(78, Role::Operator).refuses(Command::Release, Code::NoControl);
        desk.document = changed(&desk.document, &KeyChange::Revoke(KeyId(77))).unwrap();
        desk.by(77, Role::Operator).refuses(Command::Release, Code::BadToken);
    }
}
