//! The offline check of an export: signatures, and a recount of every ballot against every manifest. Needs the file and,
//! to know who signed, a key that came another way.

use std::{collections::HashMap, io::BufRead};

use anyhow::Context as _;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::file::{BallotLine, FORMAT, Line};
use crate::{
    ballots::{
        manifest::{self, Manifest, Signed},
        recount::Recount,
    },
    base::{hex, ids::RunId},
    shows::run::{BUCKET_HASH, RECORD_FORMAT},
};

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// One per manifest, in the order of the file.
    pub results: Vec<Checked>,
    /// Whether a pinned key was given.
    pub pinned: bool,
}

/// One manifest's check.
#[derive(Debug)]
pub struct Checked {
    pub run: RunId,
    pub cue: String,
    pub revision: u32,
    pub rehearsal: bool,
    /// The result in words: `Ada 2 (66.7 %)`.
    pub result: Vec<String>,
    pub ballots: u64,
    /// Ballots that were lost before the seal, as the manifest itself says.
    pub missing: u64,
    /// What is wrong; empty: nothing.
    pub findings: Vec<String>,
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Consistent, and signed by the pinned key.
    Verified,
    /// Consistent, signer unknown.
    SignerUnknown,
    /// Something is wrong.
    Failed,
}

impl Report {
    /// The answer over all manifests.
    pub fn outcome(&self) -> Outcome {
        if self.results.iter().any(|checked| !checked.findings.is_empty()) {
            Outcome::Failed
        } else if self.pinned {
            Outcome::Verified
        } else {
            Outcome::SignerUnknown
        }
    }
}

/// Checks an export. `key`: the pinned public key, 64 hexadecimal digits.
///
/// # Errors
/// The file is no export, or the key is no key.
pub fn verify(file: &mut dyn BufRead, key: Option<&str>) -> anyhow::Result<Report> {
    if let Some(key) = key {
        hex::decode::<32>(key).context("the key: give the 64 hexadecimal digits of the public key")?;
    }
    let mut manifests: Vec<(Signed, Manifest)> = Vec::new();
    let mut ballots: HashMap<RunId, Vec<BallotLine>> = HashMap::new();
    let mut head = None;
    for (number, text) in (1_u64..).zip(file.lines()) {
        let text = text?;
        let line: Line =
            serde_json::from_str(&text).with_context(|| format!("line {number} is no line of an export"))?;
        match line {
            Line { tallylight: Some(format), show: Some(show), .. } if number == 1 => {
                anyhow::ensure!(format == FORMAT, "line {number}: the format {format:?} is not {FORMAT:?}");
                head = Some(show);
            }
            Line { manifest: Some(manifest), signature: Some(signature), public_key: Some(public_key), .. } => {
                let signed = Signed { manifest, signature, public_key };
                let manifest: Manifest = serde_json::from_str(signed.manifest.get())
                    .with_context(|| format!("the manifest in line {number}"))?;
                manifests.push((signed, manifest));
            }
            Line { ballot: Some(ballot), .. } => ballots.entry(ballot.run).or_default().push(ballot),
            _ => anyhow::bail!("line {number} is neither a manifest with its signature nor a ballot"),
        }
    }
    let show = head.context("the first line does not say that this is an export of Tallylight")?;
    anyhow::ensure!(!manifests.is_empty(), "the file has no manifest: there is nothing to verify");
    for (_, Manifest { definition, .. }) in &manifests {
        let (run, other) = (definition.run, &definition.show);
        anyhow::ensure!(*other == show, "run {run} is of show {other}, and the file says that it is of show {show}");
    }
    let sealed = |run: &RunId| manifests.iter().any(|(_, manifest)| manifest.definition.run == *run);
    if let Some(run) = ballots.keys().find(|run| !sealed(run)) {
        anyhow::bail!("the file has ballots of run {run} and no manifest of it: a part of the file is gone");
    }
    let results = manifests.iter().map(|(signed, manifest)| {
        let ballots = ballots.get(&manifest.definition.run).map_or(&[][..], Vec::as_slice);
        check(signed, manifest, ballots, key)
    });
    Ok(Report { results: results.collect(), pinned: key.is_some() })
}

fn check(signed: &Signed, manifest: &Manifest, ballots: &[BallotLine], key: Option<&str>) -> Checked {
    let definition = &manifest.definition;
    let mut findings = signature(signed, key);
    if manifest.format != manifest::FORMAT {
        findings.push(format!("the manifest's format {:?} is not {:?}", manifest.format, manifest::FORMAT));
    }
    if definition.buckets == 0 || definition.bucket_hash != BUCKET_HASH {
        findings
            .push(format!("its voters are spread by {:?}, which this program cannot check", definition.bucket_hash));
    } else if !definition.is_readable() {
        let format = definition.record_format;
        findings.push(format!("its ballots are of format {format}; this program checks format {RECORD_FORMAT}"));
    } else {
        let mut recount = Recount::new(manifest);
        for ballot in ballots {
            let (bucket, place, ballot, decided) = ballot.clone().into_parts();
            recount.take(bucket, place, &ballot, decided);
        }
        findings.extend(recount.finish());
    }
    let lines = definition.poll.options.iter().zip(manifest.totals.iter().zip(&manifest.shares));
    Checked {
        run: definition.run,
        cue: definition.cue.clone(),
        revision: manifest.revision,
        rehearsal: definition.rehearsal,
        result: lines
            .map(|(label, (votes, share))| format!("{label} {votes} ({}.{} %)", share / 10, share % 10))
            .collect(),
        ballots: manifest.counted,
        missing: manifest.outstanding,
        findings,
    }
}

fn signature(signed: &Signed, key: Option<&str>) -> Vec<String> {
    if key.is_some_and(|key| key != signed.public_key) {
        return vec![format!("signed by {}, which is not the key that you gave", signed.public_key)];
    }
    let (Some(key), Some(signature)) = (hex::decode::<32>(&signed.public_key), hex::decode::<64>(&signed.signature))
    else {
        return vec!["the signature or its key is no hexadecimal of the right length".to_owned()];
    };
    match UnparsedPublicKey::new(&ED25519, key).verify(signed.manifest.get().as_bytes(), &signature) {
        Ok(()) => Vec::new(),
        Err(_) => vec!["the signature does not belong to this manifest: it was changed".to_owned()],
    }
}
