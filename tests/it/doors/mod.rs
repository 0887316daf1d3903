//! The doors of the real server: who gets in, who is believed, what is refused and how, and that those who are honest
//! notice nothing of those who are not.

mod addresses;
mod after_vote;
mod answers;
mod changes;
mod clocks;
mod corrections;
mod certificate;
mod edits;
mod entries;
pub mod erase;
mod health;
mod hidden;
pub mod keep;
mod leaving;
mod limits;
mod messages;
mod mine;
mod operators;
mod origins;
mod outcome;
mod platforms;
mod pools;
mod quiz;
mod rating;
mod raw;
mod reactions;
mod rerun;
mod screens;
mod siege;
mod stage;
mod tally;
mod text_check;
mod tickets;
mod triggers;
mod two_people;
mod writing;
