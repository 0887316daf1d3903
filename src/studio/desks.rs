//! The desks of this node: which shows there are, and how one comes to be.

use std::sync::Arc;

use dashmap::DashMap;

use super::{desk::Desk, services::Services};
use crate::{
    base::{
        hex,
        ids::{SessionId, ShowId, random_bytes},
    },
    providers::store::{StoreError, StoredShow},
    shows::{
        document::{Document, Staff},
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
    /// The show was there in rehearsal, and has the rundown of the file now.
    Replaced,
    /// The show was there, on air with another rundown: it is kept as it is.
    Kept,
}

impl Desks {
    /// A show's desk.
    pub fn get(&self, show: &ShowId) -> Option<Arc<Desk>> {
        self.desks.get(show).map(|desk| desk.clone())
    }

    /// All desks, by the id of their show.
    pub fn all(&self) -> Vec<Arc<Desk>> {
        let mut desks: Vec<_> = self.desks.iter().map(|desk| desk.clone()).collect();
        desks.sort_by(|a, b| a.show.cmp(&b.show));
        desks
    }

    /// Opens the desk of a document that is stored.
    pub fn open(&self, services: &Arc<Services>, document: Document) {
        self.desks.insert(document.id.clone(), Desk::start(services, document));
    }

    /// Stores the show of a file, if it is new, and opens its desk. Of a show that is there in rehearsal the rundown is
    /// replaced; one that is on air is never changed by a start.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn import(&self, services: &Arc<Services>, file: ShowFile) -> Result<Imported, StoreError> {
        if let Some(desk) = self.get(&file.id) {
            let document = desk.document();
            return Ok(if document.rundown == file.rundown && document.title == file.title {
                Imported::Unchanged
            } else if document.rehearsal {
                let by = Staff { session: SessionId::random(), name: "node".to_owned(), role: Role::Producer };
                match desk.replace_rundown(file, by).await {
                    Ok(()) => Imported::Replaced,
                    Err(_) => Imported::Kept,
                }
            } else {
                Imported::Kept
            });
        }
        let salt = hex::encode(&random_bytes::<16>());
        let document = Document::new(file.id, file.title, file.rundown, salt);
        let stored = StoredShow { revision: document.revision, json: document.to_json() };
        let entry = AsRunEntry {
            id: format!("{}.{}", document.epoch, document.revision),
            at: services.clock.now().as_ms(),
            rehearsal: true,
            by: "node".to_owned(),
            what: "created".to_owned(),
            cue: None,
            run: None,
            note: format!("{} cues, in rehearsal", document.rundown.len()),
        };
        let (store, show) = (services.store.clone(), document.id.clone());
        services.tasks.blocking(move || store.replace(&show, 0, &stored, &[entry])).await?;
        self.open(services, document);
        Ok(Imported::Created)
    }
}
