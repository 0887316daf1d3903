//! What the audience of a show wrote and what became of it, in the documents file: events that are only added to, and
//! upvotes beside them.

use rusqlite::params;

use super::{SqliteStore, StoreError, StoredItems, sqlite::write_log};
use crate::{base::ids::ShowId, wire::server::AsRunEntry};

pub(super) fn of(store: &SqliteStore, show: &ShowId) -> Result<StoredItems, StoreError> {
    let connection = store.lock();
    let mut select = connection.prepare_cached("SELECT id, json FROM item_events WHERE show = ?1 ORDER BY n")?;
    let events = select.query_map([show.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut select = connection.prepare_cached("SELECT item, voter FROM upvotes WHERE show = ?1")?;
    let rows = select.query_map([show.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let upvotes = rows.iter().filter_map(|(item, voter)| Some((item.parse().ok()?, voter.parse().ok()?))).collect();
    Ok(StoredItems { events, upvotes })
}

pub(super) fn put(
    store: &SqliteStore,
    show: &ShowId,
    fresh: &StoredItems,
    log: &[AsRunEntry],
) -> Result<Vec<AsRunEntry>, StoreError> {
    let mut connection = store.lock();
    let transaction = connection.transaction()?;
    for (id, json) in &fresh.events {
        let insert = "INSERT OR IGNORE INTO item_events (show, id, json) VALUES (?1, ?2, ?3)";
        transaction.prepare_cached(insert)?.execute(params![show.as_str(), id, json])?;
    }
    for (item, voter) in &fresh.upvotes {
        let insert = "INSERT OR IGNORE INTO upvotes (show, item, voter) VALUES (?1, ?2, ?3)";
        transaction.prepare_cached(insert)?.execute(params![show.as_str(), item.to_string(), voter.to_string()])?;
    }
    let entries = write_log(&transaction, show, log)?;
    transaction.commit()?;
    Ok(entries)
}

pub(super) fn order(store: &SqliteStore, show: &ShowId, ids: &[String]) -> Result<(), StoreError> {
    let mut connection = store.lock();
    let transaction = connection.transaction()?;
    let last: i64 = transaction.query_row("SELECT ifnull(max(n), 0) FROM item_events", [], |row| row.get(0))?;
    for (place, id) in (last + 1..).zip(ids) {
        let update = "UPDATE item_events SET n = ?3 WHERE show = ?1 AND id = ?2";
        transaction.prepare_cached(update)?.execute(params![show.as_str(), id, place])?;
    }
    transaction.commit()?;
    Ok(())
}
