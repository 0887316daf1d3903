//! Who somebody is: devices, staff and screens, all by tokens that this service signed, and the pseudonyms that stand
//! for voters everywhere else. An identity never leaves this area; only [`crate::base::ids::VoterId`] does.

pub mod link;
pub mod node;
pub mod secret;
pub mod ticket;
pub mod token;
