//! The client's side of the wire: join, offer ballots, keep them until a receipt settles them, come back. The demo's
//! audience, the load tool and the tests are made of it. `standing`, `book`, `backoff`, `behaviour` and `state` decide
//! and know neither socket nor clock; `connection` and `viewer` are the rim. Staff and screens have no place here.

pub mod backoff;
pub mod behaviour;
pub mod book;
pub mod connection;
pub mod standing;
pub mod state;
#[expect(clippy::module_inception, reason = "the area is named after what it holds")]
pub mod viewer;
