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
    providers::store::{Link, Store, StoreError},
    wire::server::Role,
};

/// Makes a link's code.
///
/// # Errors
/// The store cannot keep it.
pub fn create(store: &dyn Store, show: &ShowId, role: Role, name: &str, now: Micros) -> Result<String, StoreError> {
    let code = hex::encode(&random_bytes::<16>());
    let ttl_ms = u64::try_from(limits::LINK_TTL.as_millis()).unwrap_or(u64::MAX);
    let link = Link { show: show.clone(), role, name: name.to_owned(), expires: now.plus_ms(ttl_ms) };
    store.put_link(&hash(&code), &link)?;
    Ok(code)
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
    let Some(link) = store.use_link(&hash(code), now)? else { return Ok(None) };
    let ttl_ms = u64::try_from(limits::STAFF_TOKEN_TTL.as_millis()).unwrap_or(u64::MAX);
    let session = SessionId::random();
    let expires = now.plus_ms(ttl_ms);
    let claims = StaffClaims { show: link.show, role: link.role, name: link.name, session, expires };
    Ok(Some((token::sign(secret, &claims), claims)))
}

fn hash(code: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, code.as_bytes()).as_ref())
}
