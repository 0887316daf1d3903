//! Documents: shows, the as-run log, what the audience wrote, manifests and staff links. Contract here, SQLite beside it. Ballots are not here:
//! they are in the journal.

pub mod erased;
mod history;
mod items;
pub mod shared;
mod sqlite;

pub use sqlite::SqliteStore;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Micros,
        ids::{ItemId, RunId, ShowId, VoterId},
    },
    wire::server::{AsRunEntry, Role},
};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database says no.
    #[error("the documents file: {0}")]
    Database(#[from] rusqlite::Error),
    /// What is stored cannot be read.
    #[error("the documents file holds something unreadable: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The file could not be opened.
    #[error("the documents file {path}: {reason}")]
    Open {
        /// Where.
        path: String,
        /// Why.
        reason: String,
    },
}

/// A show as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredShow {
    /// The revision, for the compare-and-swap.
    pub revision: u64,
    /// The document.
    pub json: String,
}

/// What the audience wrote and what became of it, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredItems {
    /// Events with their ids, in order.
    pub events: Vec<(String, String)>,
    /// Who upvoted what.
    pub upvotes: Vec<(ItemId, VoterId)>,
}

/// A one-time link for a member of staff. Only the hash of its code is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub show: ShowId,
    pub role: Role,
    pub name: String,
    pub expires: Micros,
}

/// Where documents live. Every call is on disk when it returns; all of them block.
pub trait Store: Send + Sync {
    /// The ids of all shows.
    fn shows(&self) -> Result<Vec<ShowId>, StoreError>;
    /// One show.
    fn show(&self, show: &ShowId) -> Result<Option<StoredShow>, StoreError>;
    /// Replaces revision `expected` (0: the show is new) and writes the entries of the as-run log with it, all or
    /// nothing. `false`: another revision is stored.
    fn replace(&self, show: &ShowId, expected: u64, next: &StoredShow, log: &[AsRunEntry]) -> Result<bool, StoreError>;
    /// Adds entries to the as-run log; one whose id is there already is passed over.
    fn log(&self, show: &ShowId, entries: &[AsRunEntry]) -> Result<(), StoreError>;
    /// As [`Store::log`]; gives back those that were not there.
    fn merge_log(&self, show: &ShowId, entries: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError>;
    /// Writes down a revision whose outcome is not known yet.
    fn propose(&self, show: &ShowId, next: &StoredShow) -> Result<(), StoreError>;
    /// Puts a confirmed revision in the place of whatever is stored, with its entries and its place in the history; what
    /// was proposed is settled. Gives back the entries that were not there.
    fn confirm(
        &self,
        show: &ShowId,
        next: &StoredShow,
        links: &[(u64, String)],
        log: &[AsRunEntry],
    ) -> Result<Vec<AsRunEntry>, StoreError>;
    /// The hashes of the newest revisions that the stored one descends from, itself included, oldest first.
    fn history(&self, show: &ShowId) -> Result<Vec<(u64, String)>, StoreError>;
    /// A note that this node keeps for its next start.
    fn note(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Keeps a note.
    fn put_note(&self, name: &str, text: &str) -> Result<(), StoreError>;
    /// The newest entries of the as-run log, oldest first.
    fn as_run(&self, show: &ShowId, most: usize) -> Result<Vec<AsRunEntry>, StoreError>;
    /// What the audience of a show wrote, and what became of it.
    fn items(&self, show: &ShowId) -> Result<StoredItems, StoreError>;
    /// Adds to it, with the entries of the as-run log, all or nothing; what is there already is passed over. Gives back the
    /// entries that were not there.
    fn put_items(&self, show: &ShowId, fresh: &StoredItems, log: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError>;
    /// Puts events of it into the order of these ids, after all that are not named.
    fn order_items(&self, show: &ShowId, ids: &[String]) -> Result<(), StoreError>;
    /// Keeps a manifest. A manifest that is there is never changed.
    fn put_manifest(&self, show: &ShowId, run: RunId, revision: u32, json: &str) -> Result<(), StoreError>;
    /// The manifests of a show, by run and revision.
    fn manifests(&self, show: &ShowId) -> Result<Vec<(RunId, u32, String)>, StoreError>;
    /// Keeps a link under the hash of its code.
    fn put_link(&self, code_hash: &str, link: &Link) -> Result<(), StoreError>;
    /// Uses a link up. `None`: unknown, used or expired.
    fn use_link(&self, code_hash: &str, now: Micros) -> Result<Option<Link>, StoreError>;
    /// Destroys a show's document with its salt, whatever was proposed for it, its history, its links and what its audience
    /// wrote, all or nothing. Manifests and as-run log stay. Then as [`Store::scrub`]. The same may be done again.
    fn erase(&self, show: &ShowId, entry: &AsRunEntry) -> Result<(), StoreError>;
    /// Writes the file anew, so that what was deleted or replaced is not in its free pages.
    fn scrub(&self) -> Result<(), StoreError>;
    /// Moves the write-ahead log into the file, so that it does not grow.
    fn checkpoint(&self) -> Result<(), StoreError>;
}
