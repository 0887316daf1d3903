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
    wire::server::Role,
};

/// What a device token says: a device, for any show of this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// 16 random bytes in hexadecimal.
    pub device: String,
    /// Good before this moment.
    pub expires: Micros,
}

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

impl Device {
    /// A device that was never seen.
    pub fn fresh(now: Micros) -> Self {
        let device = hex::encode(&random_bytes::<16>());
        let ttl_ms = u64::try_from(limits::DEVICE_TOKEN_TTL.as_millis()).unwrap_or(u64::MAX);
        Self { device, expires: now.plus_ms(ttl_ms) }
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
