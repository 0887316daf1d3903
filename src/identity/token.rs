//! Tokens: who somebody is, signed by this service, so that any node believes it without asking anybody. A token is
//! `kind.claims.mac`: claims are JSON, mac is HMAC-SHA256 cut to 16 bytes, both in hexadecimal.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::secret::Secret;
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{SessionId, ShowId, random_bytes},
        limits,
    },
    wire::{entry::Entry, server::Role},
};

/// What a device token says: a device, for any show of this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// 16 random bytes in hexadecimal.
    pub device: String,
    /// Where it came in last, by a link that was good then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<EntryLink>,
    /// Good before this moment.
    pub expires: Micros,
}

/// What an entry link says: one entry of one show, for as long as the show declares it. An array, so that the link stays
/// short enough for a code that is scanned from a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLink(ShowId, Option<String>, Option<String>, Option<String>);

/// What a staff token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffClaims {
    pub show: ShowId,
    pub role: Role,
    pub name: String,
    /// The same for all connections of one person's browser, so that control survives a reconnect.
    pub session: SessionId,
    pub expires: Micros,
}

/// What a key says: it reads one show's screens and feeds, and can do nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenKey {
    pub show: ShowId,
}

/// Something that is signed as a token.
pub trait Claims: Serialize + DeserializeOwned {
    /// The token's first letter: one kind is never taken for another.
    const KIND: &'static str;
    /// Whether it is still good.
    fn good(&self, now: Micros) -> bool;
}

impl Claims for Device {
    const KIND: &'static str = "d1";
    fn good(&self, now: Micros) -> bool {
        now < self.expires
    }
}

impl Claims for StaffClaims {
    const KIND: &'static str = "s1";
    fn good(&self, now: Micros) -> bool {
        now < self.expires
    }
}

impl Claims for ScreenKey {
    const KIND: &'static str = "k1";
    fn good(&self, _: Micros) -> bool {
        true
    }
}

impl Claims for EntryLink {
    const KIND: &'static str = "e1";
    fn good(&self, _: Micros) -> bool {
        true
    }
}

impl EntryLink {
    /// The link of an entry.
    pub fn new(show: ShowId, entry: &Entry) -> Self {
        let Entry { segment, pool, platform } = entry.clone();
        Self(show, segment, pool, platform)
    }

    /// The entry, if it is one of this show.
    pub fn of(&self, of: &ShowId) -> Option<Entry> {
        let Self(show, segment, pool, platform) = self.clone();
        (show == *of).then_some(Entry { segment, pool, platform })
    }
}

impl Device {
    /// A device that was never seen.
    pub fn fresh(now: Micros) -> Self {
        let device = hex::encode(&random_bytes::<16>());
        let ttl_ms = u64::try_from(limits::DEVICE_TOKEN_TTL.as_millis()).unwrap_or(u64::MAX);
        Self { device, came: None, expires: now.plus_ms(ttl_ms) }
    }

    /// The device as bytes.
    pub fn bytes(&self) -> Option<[u8; 16]> {
        hex::decode(&self.device)
    }
}

/// Signs claims.
pub fn sign<T: Claims>(secret: &Secret, claims: &T) -> String {
    let json = serde_json::to_vec(claims).expect("claims are plain data");
    let body = format!("{}.{}", T::KIND, hex::encode(&json));
    let tag = hmac::sign(secret.tokens(), body.as_bytes());
    format!("{body}.{}", hex::encode(&tag.as_ref()[..16]))
}

/// Reads a token. `None`: not ours, of another kind, or not good any more.
pub fn verify<T: Claims>(secret: &Secret, token: &str, now: Micros) -> Option<T> {
    let (body, mac) = token.rsplit_once('.')?;
    let (kind, json) = body.split_once('.')?;
    if kind != T::KIND || json.len() > limits::AUDIENCE_MESSAGE_BYTES_MAX {
        return None;
    }
    let expected = hmac::sign(secret.tokens(), body.as_bytes());
    let mac = hex::decode::<16>(mac)?;
    aws_lc_rs::constant_time::verify_slices_are_equal(&mac, &expected.as_ref()[..16]).ok()?;
    let json: Vec<u8> = json
        .as_bytes()
        .chunks(2)
        .map(|pair| Some(hex::decode::<1>(std::str::from_utf8(pair).ok()?)?[0]))
        .collect::<Option<_>>()?;
    let claims: T = serde_json::from_slice(&json).ok()?;
    claims.good(now).then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_link_is_believed_only_whole_and_for_its_show() {
        let secret = Secret::of(&[1; 32]);
        let (show, other): (ShowId, ShowId) = ("finale".parse().unwrap(), "other".parse().unwrap());
        let entry = Entry { segment: Some("hall".into()), pool: None, platform: Some("stream-2".into()) };
        let link = EntryLink::new(show.clone(), &entry);
        let code = sign(&secret, &link);
        assert!(code.len() < 120, "{} characters", code.len());
        assert_eq!(code, sign(&secret, &link), "the same link at every start");
        let told = verify::<EntryLink>(&secret, &code, Micros(u64::MAX)).unwrap();
        assert_eq!((told.of(&show), told.of(&other)), (Some(entry.clone()), None));
        assert_eq!(verify::<EntryLink>(&Secret::of(&[2; 32]), &code, Micros(1)), None);
        for at in 0..code.len() {
            let mut bytes = code.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(verify::<EntryLink>(&secret, &String::from_utf8(bytes).unwrap(), Micros(1)), None, "{at}");
            assert_eq!(verify::<EntryLink>(&secret, &code[..at], Micros(1)), None, "{at}");
        }
        // Another entry under the signature of this one, and other signed claims in its place.
        let forged = sign(&Secret::of(&[2; 32]), &EntryLink::new(show, &Entry::default()));
        let mac = |code: &str| code.rsplit_once('.').unwrap().1.to_owned();
        let spliced = forged.replace(&mac(&forged), &mac(&code));
        assert_eq!(verify::<EntryLink>(&secret, &spliced, Micros(1)), None);
        let device = Device { came: Some(link), ..Device::fresh(Micros(0)) };
        let token = sign(&secret, &device);
        assert_eq!(verify::<EntryLink>(&secret, &token, Micros(1)), None);
        assert_eq!(verify::<Device>(&secret, &code, Micros(1)), None);
        assert_eq!(verify::<Device>(&secret, &token, Micros(1)), Some(device));
    }

    #[test]
    fn a_device_token_of_before_there_were_entries_is_good() {
        let secret = Secret::of(&[1; 32]);
        let device = Device { device: "ab".repeat(16), came: None, expires: Micros(9) };
        let token = sign(&secret, &device);
        let json: String = token.split('.').nth(1).unwrap().to_owned();
        assert_eq!(json, hex::encode(format!(r#"{{"device":"{}","expires":9}}"#, device.device).as_bytes()));
    }

    #[test]
    fn a_token_is_believed_only_whole_of_its_kind_and_in_time() {
        let secret = Secret::of(&[1; 32]);
        let device = Device::fresh(Micros(0));
        let token = sign(&secret, &device);
        assert_eq!(verify::<Device>(&secret, &token, Micros(1)), Some(device.clone()));
        assert_eq!(verify::<Device>(&secret, &token, device.expires), None);
        assert_eq!(verify::<Device>(&Secret::of(&[2; 32]), &token, Micros(1)), None);
        assert_eq!(verify::<StaffClaims>(&secret, &token, Micros(1)), None);
        assert_eq!(verify::<StaffClaims>(&secret, &token.replacen("d1", "s1", 1), Micros(1)), None);
        for cut in 0..token.len() {
            assert_eq!(verify::<Device>(&secret, &token[..cut], Micros(1)), None);
        }
        let mut changed = token.into_bytes();
        changed[10] ^= 1;
        assert_eq!(verify::<Device>(&secret, &String::from_utf8(changed).unwrap(), Micros(1)), None);
    }
}
