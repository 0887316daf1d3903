//! The desks of this node: which shows there are, and how one comes to be.

use std::sync::Arc;

use dashmap::DashMap;

use super::{desk::Desk, installation, services::Services};
use crate::{
    base::{
        clock::{Micros, Stopwatch},
        hex,
        ids::{SessionId, ShowId, random_bytes},
        limits,
    },
    providers::store::{
        StoreError, StoredShow, erased,
        shared::{self, Known, Replacement, SharedStore, Swap},
    },
    shows::{
        document::{Document, Staff},
        entries::Entries,
        file::ShowFile,
    },
    wire::server::{AsRunEntry, Role},
};

/// All shows of this node.
#[derive(Debug, Default)]
pub struct Desks {
    desks: DashMap<ShowId, Arc<Desk>>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The show is new.
    Created,
    /// The show was there with this rundown.
    Unchanged,
    /// The show was there, changed at the desk since this very file was brought in: it is kept as it is.
    Edited,
    /// The show was there in rehearsal, and has the rundown of the file now.
    Replaced,
    /// The show was there, on air with another rundown: it is kept as it is.
    Kept,
    /// Redis, or this disk, does not agree to it now: it is tried again.
    Waits,
    /// A show of this id was erased: none is made again, for its manifests and its log would be taken for this one's.
    Erased,
}

impl Desks {
    /// A show's desk.
    pub fn get(&self, show: &ShowId) -> Option<Arc<Desk>> {
        self.desks.get(show).map(|desk| desk.clone()).filter(|desk| !desk.is_erased())
    }

    /// All desks, by the id of their show.
    pub fn all(&self) -> Vec<Arc<Desk>> {
        let mut desks: Vec<_> = self.desks.iter().map(|desk| desk.clone()).filter(|desk| !desk.is_erased()).collect();
        desks.sort_by(|a, b| a.show.cmp(&b.show));
        desks
    }

    /// Opens the desk of a document that is stored.
    pub fn open(&self, services: &Arc<Services>, document: Document) {
        self.desks.entry(document.id.clone()).or_insert_with(|| Desk::start(services, document));
    }

    /// Stores the show of a file, if it is new, and opens its desk. Of a show that is there in rehearsal the rundown is
    /// replaced; one that is on air is never changed by a start.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn import(&self, services: &Arc<Services>, file: ShowFile) -> Result<Imported, StoreError> {
        let (store, show) = (services.store.clone(), file.id.clone());
        if services.tasks.blocking(move || erased::of(&*store, &show)).await?.is_some() {
            return Ok(Imported::Erased);
        }
        if let (None, Some(shared)) = (self.get(&file.id), &services.shared)
            && !installation::open(services, shared, self, &file.id).await
        {
            return self.create_shared(services, shared, file).await;
        }
        if let Some(desk) = self.get(&file.id) {
            let document = desk.document();
            return Ok(if is_as_in(&document, &file) {
                Imported::Unchanged
            } else if document.changed_from.as_ref() == Some(&file.hash()) {
                Imported::Edited
            } else if document.rehearsal {
                let by = Staff { session: SessionId::random(), name: "node".to_owned(), role: Role::Producer };
                match desk.replace_rundown(file, true, by).await {
                    Ok(()) => Imported::Replaced,
                    Err(refusal) if refusal.code.retry() => Imported::Waits,
                    Err(_) => Imported::Kept,
                }
            } else {
                Imported::Kept
            });
        }
        let document = fresh(file);
        let stored = StoredShow { revision: document.revision, json: document.to_json() };
        let entry = created(services, &document);
        let (store, show) = (services.store.clone(), document.id.clone());
        services.tasks.blocking(move || store.replace(&show, 0, &stored, &[entry])).await?;
        self.open(services, document);
        Ok(Imported::Created)
    }

    /// Makes a show for all nodes. Whoever is first makes it; the others take it over.
    async fn create_shared(
        &self,
        services: &Arc<Services>,
        shared: &SharedStore,
        file: ShowFile,
    ) -> Result<Imported, StoreError> {
        let watch = Stopwatch::start();
        let (mut document, mut known) = (fresh(file), Known::default());
        while watch.elapsed() < limits::COMMAND_WAIT {
            document.epoch = known.epoch.max(1);
            let next = StoredShow { revision: document.revision, json: document.to_json() };
            let (hash, entry) = (document.hash(), created(services, &document));
            let log = std::slice::from_ref(&entry);
            let (roster, merged) = (&[][..], None);
            let replacement = Replacement {
                known: &known,
                next: &next,
                hash: &hash,
                until: Micros(u64::MAX >> 12),
                roster,
                log,
                merged,
            };
            match shared.replace(&document.id, replacement).await {
                Ok(Swap::Done | Swap::Moved) => {
                    if installation::open(services, shared, self, &document.id).await {
                        return Ok(Imported::Created);
                    }
                }
                Ok(Swap::Epoch(epoch)) => known.epoch = epoch,
                Err(error) if shared::erased_by(&error).is_some() => return Ok(Imported::Erased),
                // Another node may know a show of this name: it has two seconds to say so.
                Ok(Swap::Wait(_) | Swap::Late) | Err(_) => {}
            }
            tokio::time::sleep(limits::LOOK_EVERY).await;
        }
        Ok(Imported::Waits)
    }
}

/// The first revision of a show.
fn fresh(file: ShowFile) -> Document {
    let salt = hex::encode(&random_bytes::<16>());
    let entries = Entries::default().declaring(&file.entries).unwrap_or_default();
    let ShowFile { id, title, languages, sites, policy, keep, rundown, platforms, .. } = file;
    let mut fresh =
        Document { entries, platforms, languages, sites, policy, keep, ..Document::new(id, title, rundown, salt) };
    fresh.tell_format();
    fresh
}

fn is_as_in(document: &Document, file: &ShowFile) -> bool {
    document.rundown == file.rundown
        && document.title == file.title
        && document.languages == file.languages
        && document.sites == file.sites
        && document.policy == file.policy
        && document.keep == file.keep
        && document.entries.are(&file.entries)
        && document.platforms == file.platforms
}

fn created(services: &Services, document: &Document) -> AsRunEntry {
    AsRunEntry {
        id: format!("{}.{}", document.epoch, document.revision),
        at: services.clock.now().as_ms(),
        rehearsal: true,
        by: "node".to_owned(),
        what: "created".to_owned(),
        cue: None,
        run: None,
        note: match document.rundown.len() {
            1 => "1 cue, in rehearsal".to_owned(),
            cues => format!("{cues} cues, in rehearsal"),
        },
    }
}
