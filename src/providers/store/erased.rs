//! That a show was erased: a note that outlives it, so that no copy brings it back. It is written before anything is
//! destroyed, with what the later steps need, and says at the end that all of them are done.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{SqliteStore, Store, StoreError, sqlite::write_log};
use crate::{
    base::{
        clock::Micros,
        ids::{RunId, ShowId},
    },
    wire::server::AsRunEntry,
};

/// When a show was erased and by whom, and what there was of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub at: Micros,
    pub by: String,
    /// The runs of the show, with the number of their buckets.
    pub runs: Vec<(RunId, u16)>,
    /// Their seals.
    pub seals: Vec<(RunId, u32)>,
    /// The show ran over Redis.
    pub shared: bool,
    /// Whoever wrote this has nothing left to destroy.
    pub done: bool,
    /// The show file said so, and no person has to finish it.
    #[serde(default)]
    pub by_clock: bool,
}

fn note(show: &ShowId) -> String {
    format!("erased.{show}")
}

/// Whether a show was erased, here or as another node has told.
///
/// # Errors
/// The store cannot be read.
pub fn of(store: &dyn Store, show: &ShowId) -> Result<Option<Erased>, StoreError> {
    let text = store.note(&note(show))?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

/// All shows that were erased.
///
/// # Errors
/// The store cannot be read.
pub fn all(store: &SqliteStore) -> Result<Vec<(ShowId, Erased)>, StoreError> {
    let connection = store.lock();
    let mut select = connection.prepare("SELECT substr(name, 8), text FROM notes WHERE name GLOB 'erased.*'")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let known = rows.iter().filter_map(|(show, text)| Some((show.parse().ok()?, text)));
    known.map(|(show, text)| Ok((show, serde_json::from_str(text)?))).collect()
}

/// Writes down that a show was erased, or is to be.
///
/// # Errors
/// The store cannot be written.
pub fn put(store: &dyn Store, show: &ShowId, erased: &Erased) -> Result<(), StoreError> {
    store.put_note(&note(show), &serde_json::to_string(erased)?)
}

/// Takes back what was written down, where nothing was destroyed.
///
/// # Errors
/// The store cannot be written.
pub fn take_back(store: &SqliteStore, show: &ShowId) -> Result<(), StoreError> {
    store.lock().execute("DELETE FROM notes WHERE name = ?1", params![note(show)])?;
    Ok(())
}

impl SqliteStore {
    /// See [`Store::erase`].
    pub(super) fn erase_show(&self, show: &ShowId, entry: &AsRunEntry) -> Result<(), StoreError> {
        let mut connection = self.lock();
        connection.pragma_update(None, "secure_delete", "ON")?;
        let transaction = connection.transaction()?;
        for delete in [
            "DELETE FROM shows WHERE id = ?1",
            "DELETE FROM proposed WHERE show = ?1",
            "DELETE FROM history WHERE show = ?1",
            "DELETE FROM links WHERE show = ?1",
            "DELETE FROM item_events WHERE show = ?1",
            "DELETE FROM upvotes WHERE show = ?1",
            "DELETE FROM notes WHERE name IN ('pulled.' || ?1, 'pulled_items.' || ?1)",
        ] {
            transaction.execute(delete, params![show.as_str()])?;
        }
        write_log(&transaction, show, std::slice::from_ref(entry))?;
        transaction.commit()?;
        drop(connection);
        self.rewrite()
    }

    /// See [`Store::scrub`].
    pub(super) fn rewrite(&self) -> Result<(), StoreError> {
        self.lock().execute_batch("VACUUM")?;
        self.checkpoint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::ids::{ItemId, VoterId},
        providers::store::{StoredItems, StoredShow},
    };

    #[test]
    fn what_is_erased_is_in_no_page_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("documents.db")).unwrap();
        let (show, other): (ShowId, ShowId) = ("finale".parse().unwrap(), "other".parse().unwrap());
        let (salt, kept) = ("5a17".repeat(8), "0e4e".repeat(8));
        // Revisions of many lengths leave old copies in pages that are free or half used.
        for revision in 1..50_u64 {
            let json = |salt: &str| {
                format!(
                    "{{\"salt\":\"{salt}\",\"x\":\"{}\"}}",
                    "y".repeat(97 * usize::try_from(revision).unwrap() % 5000)
                )
            };
            for (show, salt) in [(&show, &salt), (&other, &kept)] {
                let stored = StoredShow { revision, json: json(salt) };
                store.propose(show, &stored).unwrap();
                store.confirm(show, &stored, &[(revision, "h".to_owned())], &[]).unwrap();
            }
        }
        store.propose(&show, &StoredShow { revision: 60, json: salt.clone() }).unwrap();
        store.put_manifest(&show, RunId(1), 1, "{}").unwrap();
        for (show, text) in [(&show, &salt), (&other, &kept)] {
            let events = (0..50).map(|n| (format!("s.{n}"), format!("{{\"text\":\"{text}{n}\"}}"))).collect();
            let upvotes = vec![(ItemId(1), VoterId(1))];
            store.put_items(show, &StoredItems { events, upvotes }, &[]).unwrap();
        }
        let has = |salt: &str| {
            let files =
                std::fs::read_dir(directory.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
            files.into_iter().any(|bytes| bytes.windows(salt.len()).any(|window| window == salt.as_bytes()))
        };
        assert!(has(&salt));
        let (by, what) = ("Op".to_owned(), "erased".to_owned());
        let entry =
            AsRunEntry { id: "e".into(), at: 1, rehearsal: false, by, what, cue: None, run: None, note: String::new() };
        for _ in 0..2 {
            store.erase(&show, &entry).unwrap();
            assert!(!has(&salt) && has(&kept));
            assert_eq!(store.items(&show).unwrap(), StoredItems::default());
            assert_eq!(store.items(&other).unwrap().events.len(), 50);
        }
        assert_eq!((store.show(&show).unwrap(), store.show(&other).unwrap().map(|one| one.revision)), (None, Some(49)));
        assert_eq!((store.manifests(&show).unwrap().len(), store.as_run(&show, 9).unwrap()), (1, vec![entry]));
    }
}
