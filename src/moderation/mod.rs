//! What the audience writes, and what moderators decide about it. An item is a fold over events: it was sent, it was
//! decided. Pure: the time is an argument, an event is a value; `studio/` stores events and tells what they made.
//! Pictures are not here.

pub mod event;
pub mod item;
pub mod queue;
pub mod rules;
pub mod say;
pub mod view;
mod words;
