//! Many nodes over one Redis: what one operator does is so on every node, and stays so whatever Redis loses. Real servers
//! throughout.

mod away;
mod carry;
mod commands;
mod corrections;
mod erase;
mod events;
mod faults;
mod items;
mod keep;
mod lost;
mod mine;
mod pools;
mod quiz;
mod reactions;
mod rerun;
mod releases;
mod shared;
mod stage;
mod tally;
mod writers;
