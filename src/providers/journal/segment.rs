//! The journal that is being written, as segment files.

use super::{Committed, Frame, Journal, JournalError};
use crate::base::ids::JournalId;

/// The journal of this process start.
#[derive(Debug)]
pub struct SegmentJournal {}

impl Journal for SegmentJournal {
    fn id(&self) -> JournalId {
        unimplemented!("comes with the next commit")
    }
    fn append(&mut self, _frame: Frame<'_>) -> Result<(), JournalError> {
        unimplemented!("comes with the next commit")
    }
    fn commit(&mut self) -> Result<Committed, JournalError> {
        unimplemented!("comes with the next commit")
    }
    fn free_bytes(&self) -> u64 {
        unimplemented!("comes with the next commit")
    }
}
