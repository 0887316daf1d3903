//! The store in one SQLite file: write-ahead log, every commit fsynced, checkpoints only when asked for, because one in
//! the middle of a window costs tens of milliseconds.

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{Link, Store, StoreError, StoredItems, StoredShow, history, items};
use crate::{
    base::{
        clock::Micros,
        ids::{RunId, ShowId},
    },
    wire::server::AsRunEntry,
};

const SCHEMA_VERSION: i64 = 3;
const SCHEMA: &str = "
    CREATE TABLE shows (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
    CREATE TABLE as_run (n INTEGER PRIMARY KEY, show TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL,
                         UNIQUE (show, id)) STRICT;
    CREATE TABLE manifests (show TEXT NOT NULL, run TEXT NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL,
                            PRIMARY KEY (show, run, revision)) STRICT;
    CREATE TABLE links (code_hash TEXT PRIMARY KEY, show TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL,
                        expires INTEGER NOT NULL, used INTEGER) STRICT;
";

/// What the second version has beside the first.
const SCHEMA_2: &str = "
    CREATE TABLE proposed (show TEXT PRIMARY KEY, revision INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
    CREATE TABLE history (show TEXT NOT NULL, revision INTEGER NOT NULL, hash TEXT NOT NULL,
                          PRIMARY KEY (show, revision)) STRICT;
    CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
";

/// What the third version has beside the second.
const SCHEMA_3: &str = "
    CREATE TABLE item_events (n INTEGER PRIMARY KEY, show TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL,
                              UNIQUE (show, id)) STRICT;
    CREATE TABLE upvotes (show TEXT NOT NULL, item TEXT NOT NULL, voter TEXT NOT NULL,
                          PRIMARY KEY (show, item, voter)) STRICT, WITHOUT ROWID;
";

/// The store of one data directory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened, or a newer release of this program wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives the files beside it the permissions that this one has.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        made.map_err(|error| StoreError::Open { path: path.display().to_string(), reason: error.to_string() })?;
        Self::with(path, OpenFlags::default())
    }

    /// Opens a file that is there, beside a running node.
    ///
    /// # Errors
    /// The file is not there or cannot be read.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens a file that is there to read it, beside a running node. That may be an older release's, which must find its
    /// file as it left it.
    ///
    /// # Errors
    /// As [`SqliteStore::open_existing`].
    pub fn look_at(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn with(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        let connection = Connection::open_with_flags(path, flags).map_err(|error| failed(error.to_string()))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            SCHEMA_VERSION => {}
            0..SCHEMA_VERSION if flags == OpenFlags::SQLITE_OPEN_READ_ONLY => {}
            found @ 0..SCHEMA_VERSION => {
                let steps = [SCHEMA, SCHEMA_2, SCHEMA_3];
                let missing = steps[usize::try_from(found).unwrap_or(0)..].concat();
                let make = format!("BEGIN; {missing} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT");
                connection.execute_batch(&make)?;
            }
            newer => return Err(failed(format!("a newer release wrote it (schema {newer}): use that one"))),
        }
        Ok(Self { connection: Mutex::new(connection) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives back the entries that were not there.
pub(super) fn write_log(
    connection: &Connection,
    show: &ShowId,
    entries: &[AsRunEntry],
) -> Result<Vec<AsRunEntry>, StoreError> {
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO as_run (show, id, json) VALUES (?1, ?2, ?3)")?;
    let mut fresh = Vec::new();
    for entry in entries {
        if insert.execute(params![show.as_str(), entry.id, serde_json::to_string(entry)?])? > 0 {
            fresh.push(entry.clone());
        }
    }
    Ok(fresh)
}

/// SQLite's integers are signed; revisions and times of this millennium fit.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn shows(&self) -> Result<Vec<ShowId>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT id FROM shows ORDER BY id")?;
        let ids = select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    fn show(&self, show: &ShowId) -> Result<Option<StoredShow>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT revision, json FROM shows WHERE id = ?1")?;
        let row = select.query_row([show.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        Ok(row.map(|(revision, json)| StoredShow { revision: revision.unsigned_abs(), json }))
    }

    fn replace(&self, show: &ShowId, expected: u64, next: &StoredShow, log: &[AsRunEntry]) -> Result<bool, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let (id, revision) = (show.as_str(), signed(next.revision));
        let changed = if expected == 0 {
            let insert = "INSERT OR IGNORE INTO shows (id, revision, json) VALUES (?1, ?2, ?3)";
            transaction.prepare_cached(insert)?.execute(params![id, revision, next.json])?
        } else {
            let update = "UPDATE shows SET revision = ?2, json = ?3 WHERE id = ?1 AND revision = ?4";
            transaction.prepare_cached(update)?.execute(params![id, revision, next.json, signed(expected)])?
        };
        if changed == 0 {
            return Ok(false);
        }
        write_log(&transaction, show, log)?;
        transaction.commit()?;
        Ok(true)
    }

    fn log(&self, show: &ShowId, entries: &[AsRunEntry]) -> Result<(), StoreError> {
        self.merge_log(show, entries).map(|_| ())
    }

    fn merge_log(&self, show: &ShowId, entries: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let fresh = write_log(&transaction, show, entries)?;
        transaction.commit()?;
        Ok(fresh)
    }

    fn propose(&self, show: &ShowId, next: &StoredShow) -> Result<(), StoreError> {
        history::propose(self, show, next)
    }

    fn confirm(
        &self,
        show: &ShowId,
        next: &StoredShow,
        links: &[(u64, String)],
        log: &[AsRunEntry],
    ) -> Result<Vec<AsRunEntry>, StoreError> {
        history::confirm(self, show, next, links, log)
    }

    fn history(&self, show: &ShowId) -> Result<Vec<(u64, String)>, StoreError> {
        history::of(self, show)
    }

    fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT text FROM notes WHERE name = ?1")?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    fn put_note(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let put = "INSERT INTO notes (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = ?2";
        self.lock().prepare_cached(put)?.execute([name, text])?;
        Ok(())
    }

    fn as_run(&self, show: &ShowId, most: usize) -> Result<Vec<AsRunEntry>, StoreError> {
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT json FROM as_run WHERE show = ?1 ORDER BY n DESC LIMIT ?2")?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = select.query_map(params![show.as_str(), most], |row| row.get::<_, String>(0))?;
        let mut entries = Vec::new();
        for json in rows {
            entries.push(serde_json::from_str(&json?)?);
        }
        entries.reverse();
        Ok(entries)
    }

    fn items(&self, show: &ShowId) -> Result<StoredItems, StoreError> {
        items::of(self, show)
    }

    fn put_items(&self, show: &ShowId, fresh: &StoredItems, log: &[AsRunEntry]) -> Result<Vec<AsRunEntry>, StoreError> {
        items::put(self, show, fresh, log)
    }

    fn order_items(&self, show: &ShowId, ids: &[String]) -> Result<(), StoreError> {
        items::order(self, show, ids)
    }

    fn put_manifest(&self, show: &ShowId, run: RunId, revision: u32, json: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO manifests (show, run, revision, json) VALUES (?1, ?2, ?3, ?4)";
        let connection = self.lock();
        connection.prepare_cached(insert)?.execute(params![show.as_str(), run.to_string(), revision, json])?;
        Ok(())
    }

    fn manifests(&self, show: &ShowId) -> Result<Vec<(RunId, u32, String)>, StoreError> {
        let connection = self.lock();
        let mut select = connection
            .prepare_cached("SELECT run, revision, json FROM manifests WHERE show = ?1 ORDER BY run, revision")?;
        let rows = select.query_map([show.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
        let rows = rows.collect::<Result<Vec<(String, u32, String)>, _>>()?;
        Ok(rows.into_iter().filter_map(|(run, revision, json)| Some((run.parse().ok()?, revision, json))).collect())
    }

    fn put_link(&self, code_hash: &str, link: &Link) -> Result<(), StoreError> {
        let insert = "INSERT INTO links (code_hash, show, role, name, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
        let role = serde_json::to_string(&link.role)?;
        let values = params![code_hash, link.show.as_str(), role, link.name, signed(link.expires.0)];
        self.lock().prepare_cached(insert)?.execute(values)?;
        Ok(())
    }

    fn use_link(&self, code_hash: &str, now: Micros) -> Result<Option<Link>, StoreError> {
        let update = "UPDATE links SET used = ?2 WHERE code_hash = ?1 AND used IS NULL AND expires > ?2
                      RETURNING show, role, name, expires";
        let connection = self.lock();
        let mut update = connection.prepare_cached(update)?;
        let row = update.query_row(params![code_hash, signed(now.0)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get::<_, i64>(3)?))
        });
        let Some((show, role, name, expires)) = row.optional()? else { return Ok(None) };
        let Ok(show) = show.parse() else { return Ok(None) };
        Ok(Some(Link { show, role: serde_json::from_str(&role)?, name, expires: Micros(expires.unsigned_abs()) }))
    }

    fn erase(&self, show: &ShowId, entry: &AsRunEntry) -> Result<(), StoreError> {
        self.erase_show(show, entry)
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.rewrite()
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        let connection = self.lock();
        // The first column says whether a reader was in the way; the next checkpoint then takes the rest.
        let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            tracing::warn!("a reader held up the checkpoint of the documents file");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::server::Role;

    fn entry(id: &str) -> AsRunEntry {
        let (by, what) = ("Op".to_owned(), "take".to_owned());
        AsRunEntry { id: id.into(), at: 1, rehearsal: true, by, what, cue: None, run: None, note: String::new() }
    }

    #[test]
    fn a_show_is_replaced_only_at_the_revision_that_was_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("documents.db");
        let show: ShowId = "finale".parse().unwrap();
        let stored = |revision: u64| StoredShow { revision, json: format!("{{\"r\":{revision}}}") };
        {
            let store = SqliteStore::open(&path).unwrap();
            assert!(store.replace(&show, 0, &stored(1), &[entry("a")]).unwrap());
            assert!(!store.replace(&show, 0, &stored(1), &[entry("b")]).unwrap(), "it is there already");
            assert!(store.replace(&show, 1, &stored(2), &[entry("c"), entry("a")]).unwrap());
            assert!(!store.replace(&show, 1, &stored(2), &[entry("d")]).unwrap(), "somebody was faster");
            store.checkpoint().unwrap();
        }
        let store = SqliteStore::open(&path).unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt as _;
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
        assert_eq!(store.show(&show).unwrap(), Some(stored(2)));
        assert_eq!(store.shows().unwrap(), std::slice::from_ref(&show));
        let ids: Vec<_> = store.as_run(&show, 10).unwrap().into_iter().map(|entry| entry.id).collect();
        assert_eq!(ids, ["a", "c"], "an entry is written once, and only with the revision it belongs to");
    }

    #[test]
    fn a_file_of_the_first_version_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("documents.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!("{SCHEMA} PRAGMA user_version = 1")).unwrap();
        old.execute("INSERT INTO shows VALUES ('s', 3, '{}')", []).unwrap();
        drop(old);
        for _ in 0..2 {
            let store = SqliteStore::open(&path).unwrap();
            assert_eq!(store.show(&"s".parse().unwrap()).unwrap().unwrap().revision, 3);
            store.put_note("a", "b").unwrap();
        }
    }

    #[test]
    fn a_link_can_be_used_once_and_not_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("documents.db")).unwrap();
        let link = Link { show: "s".parse().unwrap(), role: Role::Operator, name: "Kim".into(), expires: Micros(100) };
        store.put_link("h1", &link).unwrap();
        store.put_link("h2", &link).unwrap();
        assert_eq!(store.use_link("h1", Micros(50)).unwrap(), Some(link));
        assert_eq!(store.use_link("h1", Micros(51)).unwrap(), None);
        assert_eq!(store.use_link("h2", Micros(100)).unwrap(), None);
        assert_eq!(store.use_link("h3", Micros(1)).unwrap(), None);
    }

    #[test]
    fn a_manifest_is_never_changed() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("documents.db")).unwrap();
        let show: ShowId = "s".parse().unwrap();
        store.put_manifest(&show, RunId(1), 1, "{}").unwrap();
        assert!(store.put_manifest(&show, RunId(1), 1, "{\"other\":1}").is_err());
        assert_eq!(store.manifests(&show).unwrap(), [(RunId(1), 1, "{}".to_owned())]);
    }
}
