//! Revisions whose history other nodes share: what was proposed and not confirmed yet, and the hashes by which a revision
//! proves what it descends from.

use rusqlite::params;

use super::{
    SqliteStore, StoreError, StoredShow,
    sqlite::{signed, write_log},
};
use crate::{
    base::{ids::ShowId, limits},
    wire::server::AsRunEntry,
};

pub(super) fn propose(store: &SqliteStore, show: &ShowId, next: &StoredShow) -> Result<(), StoreError> {
    let put = "INSERT OR REPLACE INTO proposed (show, revision, json) VALUES (?1, ?2, ?3)";
    store.lock().prepare_cached(put)?.execute(params![show.as_str(), signed(next.revision), next.json])?;
    Ok(())
}

/// `links` are revisions and their hashes that the stored one descends from and that were not told before, itself last.
pub(super) fn confirm(
    store: &SqliteStore,
    show: &ShowId,
    next: &StoredShow,
    links: &[(u64, String)],
    log: &[AsRunEntry],
) -> Result<Vec<AsRunEntry>, StoreError> {
    let mut connection = store.lock();
    let transaction = connection.transaction()?;
    let (id, revision) = (show.as_str(), signed(next.revision));
    let put = "INSERT INTO shows (id, revision, json) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET revision = ?2, json = ?3";
    transaction.prepare_cached(put)?.execute(params![id, revision, next.json])?;
    // A branch that was left is no ancestor.
    let from = links.first().map_or(next.revision, |(revision, _)| *revision);
    let forget = "DELETE FROM history WHERE show = ?1 AND (revision >= ?2 OR revision <= ?3)";
    let old = next.revision.saturating_sub(limits::HISTORY_KEPT);
    transaction.prepare_cached(forget)?.execute(params![id, signed(from), signed(old)])?;
    for (revision, hash) in links {
        let put = "INSERT OR REPLACE INTO history (show, revision, hash) VALUES (?1, ?2, ?3)";
        transaction.prepare_cached(put)?.execute(params![id, signed(*revision), hash])?;
    }
    transaction.prepare_cached("DELETE FROM proposed WHERE show = ?1")?.execute([id])?;
    let fresh = write_log(&transaction, show, log)?;
    transaction.commit()?;
    Ok(fresh)
}

pub(super) fn of(store: &SqliteStore, show: &ShowId) -> Result<Vec<(u64, String)>, StoreError> {
    let connection = store.lock();
    let mut select =
        connection.prepare_cached("SELECT revision, hash FROM history WHERE show = ?1 ORDER BY revision")?;
    let rows = select.query_map([show.as_str()], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::store::Store as _;

    #[test]
    fn a_history_follows_the_branch_that_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("documents.db")).unwrap();
        let show: ShowId = "finale".parse().unwrap();
        let stored = |revision: u64| StoredShow { revision, json: format!("{{\"r\":{revision}}}") };
        let link = |revision: u64, hash: &str| (revision, hash.to_owned());
        store.propose(&show, &stored(1)).unwrap();
        store.confirm(&show, &stored(1), &[link(1, "a")], &[]).unwrap();
        store.confirm(&show, &stored(3), &[link(2, "b"), link(3, "c")], &[]).unwrap();
        assert_eq!(store.history(&show).unwrap(), [link(1, "a"), link(2, "b"), link(3, "c")]);
        store.confirm(&show, &stored(2), &[link(2, "x")], &[]).unwrap();
        assert_eq!(store.history(&show).unwrap(), [link(1, "a"), link(2, "x")]);
        assert_eq!(store.show(&show).unwrap(), Some(stored(2)));
        let far = 2 + limits::HISTORY_KEPT;
        store.confirm(&show, &stored(far), &[link(far, "z")], &[]).unwrap();
        assert_eq!(store.history(&show).unwrap(), [link(far, "z")]);
        assert_eq!(store.note("clock").unwrap(), None);
        store.put_note("clock", "1").unwrap();
        store.put_note("clock", "2").unwrap();
        assert_eq!(store.note("clock").unwrap().as_deref(), Some("2"));
    }
}
