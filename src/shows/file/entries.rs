//! Where the audience of a show may come in: its `[[entry]]` tables.

use serde::Deserialize;
use toml::Spanned;

use super::{FileError, at};
use crate::{base::limits, wire::entry::Entry};

/// One `[[entry]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryTable {
    segment: Option<Spanned<String>>,
    pool: Option<Spanned<String>>,
    platform: Option<Spanned<String>>,
}

/// The entries of a show, none of them twice.
pub(super) fn entries(text: &str, tables: &[Spanned<EntryTable>]) -> Result<Vec<Entry>, FileError> {
    if tables.len() > limits::ENTRIES_MAX {
        let place = tables[limits::ENTRIES_MAX].span().start;
        return Err(at(text, place, format!("more than {} entries: leave some out", limits::ENTRIES_MAX)));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(tables.len());
    for table in tables {
        let entry = entry(text, table)?;
        if entries.contains(&entry) {
            return Err(at(text, table.span().start, format!("the entry {entry} is there twice: leave one out")));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(text: &str, table: &Spanned<EntryTable>) -> Result<Entry, FileError> {
    let EntryTable { segment, pool, platform } = table.get_ref();
    let name = |value: &Option<Spanned<String>>, what| {
        let Some(value) = value else { return Ok(None) };
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = value.get_ref();
        if (1..=limits::ENTRY_NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(good) {
            return Ok(Some(name.clone()));
        }
        let most = limits::ENTRY_NAME_CHARS_MAX;
        let detail = format!("an entry's {what} is 1 to {most} of a-z, 0-9 and -, like \"stream-2\"");
        Err(at(text, value.span().start, detail))
    };
    let entry =
        Entry { segment: name(segment, "segment")?, pool: name(pool, "pool")?, platform: name(platform, "platform")? };
    if entry == Entry::default() {
        let detail = "the entry says nothing: give it a segment, a pool or a platform".to_owned();
        return Err(at(text, table.span().start, detail));
    }
    Ok(entry)
}
