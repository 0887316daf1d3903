//! One-time staff links: a code in the fragment of an address, which browsers do not send and servers do not log. It is
//! exchanged once for a staff token.

use super::{
    secret::Secret,
    token::{self, StaffClaims},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{SessionId, ShowId, random_bytes},
        limits,
    },
    providers::{
        redis::RedisError,
        store::{Link, Store, StoreError, shared::SharedStore},
    },
    wire::server::Role,
};

/// Makes a link's code.
///
/// # Errors
/// The store cannot keep it.
pub fn create(store: &dyn Store, show: &ShowId, role: Role, name: &str, now: Micros) -> Result<String, StoreError> {
    let (code, link) = fresh(show, role, name, now);
    store.put_link(&hash(&code), &link)?;
    Ok(code)
}

/// Makes a link's code that is good on every node.
///
/// # Errors
/// Redis does not answer; the code is then nobody's.
pub async fn create_shared(
    shared: &SharedStore,
    show: &ShowId,
    role: Role,
    name: &str,
    now: Micros,
) -> Result<String, RedisError> {
    let (code, link) = fresh(show, role, name, now);
    shared.put_link(&hash(&code), &link, now).await?;
    Ok(code)
}

fn fresh(show: &ShowId, role: Role, name: &str, now: Micros) -> (String, Link) {
    let ttl_ms = u64::try_from(limits::LINK_TTL.as_millis()).unwrap_or(u64::MAX);
    let link = Link { show: show.clone(), role, name: name.to_owned(), expires: now.plus_ms(ttl_ms) };
    (hex::encode(&random_bytes::<16>()), link)
}

/// Uses a code up and gives the token and what it says. `None`: unknown, used or expired.
///
/// # Errors
/// The store cannot be read.
pub fn enter(
    store: &dyn Store,
    secret: &Secret,
    code: &str,
    now: Micros,
) -> Result<Option<(String, StaffClaims)>, StoreError> {
    Ok(store.use_link(&hash(code), now)?.map(|link| token(link, secret, now)))
}

/// As [`enter`], with a code that is good on every node.
///
/// # Errors
/// Redis does not answer; the code may be used up.
pub async fn enter_shared(
    shared: &SharedStore,
    secret: &Secret,
    code: &str,
    now: Micros,
) -> Result<Option<(String, StaffClaims)>, RedisError> {
    Ok(shared.use_link(&hash(code)).await?.map(|link| token(link, secret, now)))
}

fn token(link: Link, secret: &Secret, now: Micros) -> (String, StaffClaims) {
    let ttl_ms = u64::try_from(limits::STAFF_TOKEN_TTL.as_millis()).unwrap_or(u64::MAX);
    let session = SessionId::random();
    let expires = now.plus_ms(ttl_ms);
    let claims = StaffClaims { show: link.show, role: link.role, name: link.name, session, expires };
    (token::sign(secret, &claims), claims)
}

fn hash(code: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, code.as_bytes()).as_ref())
}
