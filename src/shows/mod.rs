//! A show as a pure value: its rundown, its runs and their windows, and what a command makes of them.
//! Nothing here waits, stores or counts; ballots never pass through.

mod arming;
pub mod board;
pub mod bracket;
pub mod carry;
pub mod catch_up;
mod control;
pub mod correction;
pub mod counting;
pub mod document;
pub mod edits;
pub mod end;
pub mod entries;
pub mod file;
pub mod interaction;
pub mod keep;
pub mod keys;
pub mod kind;
pub mod languages;
pub mod marker;
pub mod merge;
pub mod platforms;
mod rerun;
pub mod roster;
pub mod round;
pub mod run;
pub mod rundown;
pub mod segments;
pub mod sites;
pub mod transition;
pub mod two_people;
pub mod windows;
