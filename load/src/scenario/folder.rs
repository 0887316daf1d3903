//! The folder that the processes of a rehearsal share: jobs, who is ready, the common start, progress, results. Every file
//! appears whole, under its name, by a rename; a job is taken by a rename, too, so nobody takes it twice. The folder may
//! lie on a disk that several machines see.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tallylight::base::clock::Micros;

use super::{
    metrics::Sample,
    shared::{Figures, Notes},
    studio::Done,
};
use crate::book::verdict::Account;

/// One part of an audience, for one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The scenario file, whole.
    pub scenario: String,
    /// In place of the scenario's own, if given.
    pub seed: Option<u64>,
    pub show: String,
    pub nodes: Vec<String>,
    pub origin: Option<String>,
    pub part: usize,
    pub parts: usize,
    /// Seconds to wait at the end for ballots without a final answer.
    pub settle_s: u64,
}

/// When everybody begins, on the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub at: Micros,
}

/// A sign of life, once a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub at: Micros,
    pub figures: Figures,
}

/// What a part came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartResult {
    pub part: usize,
    pub viewers: usize,
    pub notes: Notes,
}

/// What the leader learned from the server, and did in the studio.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Server {
    pub accounts: std::collections::BTreeMap<tallylight::base::ids::RunId, Account>,
    pub samples: Vec<Sample>,
    pub done: Vec<Done>,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a new one, which must be empty.
    pub fn make(path: &Path) -> Result<Self> {
        for name in ["jobs", "taken", "ready", "progress", "results"] {
            fs::create_dir_all(path.join(name)).with_context(|| format!("cannot make {}", path.display()))?;
        }
        let folder = Self(path.to_owned());
        let used = ["jobs", "taken", "results"].iter().any(|name| !folder.names(name).is_empty());
        anyhow::ensure!(!used, "{} has another rehearsal in it: give an empty folder", path.display());
        Ok(folder)
    }

    /// Opens one that is there, or will be.
    pub fn open(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a value under a name, whole or not at all.
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.0.join(name);
        let new = path.with_extension("new");
        let text = serde_json::to_vec(value)?;
        fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).with_context(|| format!("cannot write {name}"))
    }

    /// Reads a value; `None`: it is not there (yet).
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match fs::read(self.0.join(name)) {
            Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| format!("cannot read {name}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {name}")),
        }
    }

    /// Takes a job that nobody else has taken.
    pub fn take(&self) -> Result<Option<Job>> {
        for name in self.names("jobs") {
            let taken = format!("taken/{name}");
            if fs::rename(self.0.join("jobs").join(&name), self.0.join(&taken)).is_ok() {
                return self.read(&taken);
            }
        }
        Ok(None)
    }

    /// All jobs, taken or not, in the order of their parts.
    pub fn jobs(&self) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for folder in ["jobs", "taken"] {
            for name in self.names(folder) {
                jobs.extend(self.read::<Job>(&format!("{folder}/{name}"))?);
            }
        }
        jobs.sort_by_key(|job| job.part);
        Ok(jobs)
    }

    /// Whether a file is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name.ends_with(".json"));
        names.sort_unstable();
        names
    }
}

/// The name of a part's file.
pub fn of_part(folder: &str, part: usize) -> String {
    format!("{folder}/part-{part:03}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_taken_once_however_many_want_it() {
        let path = std::env::temp_dir().join(format!("tallylight-folder-{}", std::process::id()));
        let folder = Folder::make(&path).unwrap();
        for part in 0..20 {
            let job = Job {
                scenario: String::new(),
                seed: None,
                show: "s".to_owned(),
                nodes: Vec::new(),
                origin: None,
                part,
                parts: 20,
                settle_s: 1,
            };
            folder.write(&of_part("jobs", part), &job).unwrap();
        }
        assert!(Folder::make(&path).is_err(), "it is in use");
        let mut taken: Vec<usize> = std::thread::scope(|scope| {
            let take = || std::iter::from_fn(|| folder.take().unwrap()).map(|job| job.part).collect::<Vec<_>>();
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        taken.sort_unstable();
        assert_eq!(taken, (0..20).collect::<Vec<_>>());
        assert_eq!((folder.jobs().unwrap().len(), folder.take().unwrap()), (20, None));
        fs::remove_dir_all(&path).unwrap();
    }
}
