//! How long a show keeps what is personal in it, counted from when nothing is left to do in it: until then nothing is
//! destroyed. Pure. Who destroys: `studio/keeping.rs`; why a ratchet and no empty salt: docs/decisions/0008-what-erasing-destroys.md.

use serde::{Deserialize, Serialize};

use super::{document::Document, run::Run, transition::phase_word};
use crate::{
    base::{clock::Micros, hex},
    wire::server::Phase,
};

/// That of a document that keeps something for a time only: an older release would drop it, and keep it for ever.
const FORMAT_WITH_KEEP: u32 = 3;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What the show file says of it; `None`: until somebody erases the show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Days until the voter key is destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voter_key_days: Option<u16>,
    /// Days until the show is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ballots_days: Option<u16>,
}

/// What is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The salt that pseudonyms are made with.
    VoterKey,
    /// Everything but manifests and as-run log.
    Ballots,
}

/// When a step comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    At(Micros),
    /// Something is left to do in the show, in words, and since when it could have been done.
    Waits(String, Micros),
}

impl Keep {
    /// Nothing is destroyed by itself.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Document {
    /// Raises the format where an older release would drop how long things are kept.
    pub(super) fn tell_keep(&mut self) {
        if !self.keep.is_empty() {
            self.format = self.format.max(FORMAT_WITH_KEEP);
        }
    }

    /// What is still to be destroyed, the next first.
    pub fn to_destroy(&self, now: Micros) -> Vec<(Step, When)> {
        let Keep { voter_key_days, ballots_days } = self.keep;
        let voter_key_days = voter_key_days.filter(|_| self.voter_key_gone.is_none());
        let steps = [(Step::VoterKey, voter_key_days), (Step::Ballots, ballots_days)];
        let when = |days: u16| match self.over(now) {
            Ok(over) => When::At(over.plus_ms(u64::from(days) * DAY_MS)),
            Err((why, since)) => When::Waits(why, since),
        };
        steps.into_iter().filter_map(|(step, days)| Some((step, when(days?)))).collect()
    }

    /// Whether a step is due.
    pub fn is_due(&self, step: Step, now: Micros) -> bool {
        self.to_destroy(now).iter().any(|(one, when)| *one == step && matches!(when, When::At(at) if *at <= now))
    }

    /// What will be destroyed and when, in words.
    pub fn keeps(&self, now: Micros) -> String {
        let steps = self.to_destroy(now).into_iter().map(|(step, when)| {
            let what = match step {
                Step::VoterKey => "voter key",
                Step::Ballots => "everything but manifests and log",
            };
            match when {
                When::At(at) if at <= now => format!("{what}: now"),
                When::At(at) => format!("{what}: in {}", span(at.since_ms(now))),
                When::Waits(why, _) => format!("{what}: waits, for {why}"),
            }
        });
        let gone = self.voter_key_gone.map(|at| format!("voter key: destroyed {} ago", span(now.since_ms(at))));
        let said: Vec<_> = gone.into_iter().chain(steps).collect();
        if said.is_empty() { "nothing is destroyed by itself".to_owned() } else { said.join("; ") }
    }

    /// Since when nothing is left to do: every run is signed off, or void, or takes no ballots and is over. What only stood
    /// by has no ballots. If something is left: what, and since when it could have been done.
    fn over(&self, now: Micros) -> Result<Micros, (String, Micros)> {
        if self.rehearsal {
            return Err(("the show is in rehearsal".to_owned(), now));
        }
        let (mut over, mut left) = (Micros(0), None);
        for run in &self.runs {
            match ended(run, now) {
                Ok(at) => over = over.max(at),
                Err(since) => left = left.or_else(|| Some((left_of(run, now), since))),
            }
        }
        match left {
            Some(left) => Err(left),
            None if over == Micros(0) => Err(("nothing was on air yet".to_owned(), now)),
            None => Ok(over),
        }
    }

    /// The revision after this one, without the voter key: the salt becomes a hash of itself, which leads nowhere back and
    /// still tells this show from another one.
    #[must_use]
    pub fn without_voter_key(&self, now: Micros) -> Self {
        let mut next = self.succeed();
        next.salt = after(&self.salt);
        next.voter_key_gone = Some(now);
        next
    }

    /// Whether both are revisions of one show, though the voter key of one may be destroyed.
    pub fn is_same_show(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.salt, &other.salt);
        ours == theirs || after(ours) == *theirs || *ours == after(theirs)
    }

    /// What one branch has destroyed stays so.
    pub(super) fn merge_voter_key(&mut self, other: &Self) {
        if self.voter_key_gone.is_none() && other.voter_key_gone.is_some() {
            self.salt.clone_from(&other.salt);
            self.voter_key_gone = other.voter_key_gone;
        }
    }
}

/// What comes after a salt, as long as it is.
fn after(salt: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("after {salt}").as_bytes());
    hex::encode(&digest.as_ref()[..salt.len() / 2])
}

/// When the last was done to a run that is done with; else since when it could have been.
fn ended(run: &Run, now: Micros) -> Result<Micros, Micros> {
    let closed = run.windows.spans.last().map(|span| span.closes.unwrap_or(now).min(now));
    if let Some(void) = &run.void {
        return Ok(void.at);
    }
    let Some(closed) = closed else { return Ok(Micros(0)) };
    let signed = run.seal.as_ref().and_then(|seal| seal.verified.as_ref()).map(|verified| verified.at);
    let revealed = run.revealed_at.max(run.resolved.as_ref().map(|resolved| resolved.at));
    match signed {
        Some(signed) => Ok(signed.max(revealed.unwrap_or_default())),
        None if !run.definition.interaction.takes_ballots() && run.phase(now) == Phase::Locked => Ok(closed),
        None => Err(closed),
    }
}

fn left_of(run: &Run, now: Micros) -> String {
    let (cue, phase) = (&run.definition.cue, phase_word(run.phase(now)));
    let todo = if run.definition.interaction.takes_ballots() { "seal and verify it, or void it" } else { "close it" };
    format!("cue {cue} is {phase}: {todo}")
}

/// Days, and of less than two hours and minutes.
fn span(ms: u64) -> String {
    match ms {
        0..HOUR_MS => format!("{} min", ms.div_ceil(60_000)),
        HOUR_MS..172_800_000 => format!("{} h", ms.div_ceil(HOUR_MS)),
        _ => format!("{} days", ms.div_ceil(DAY_MS)),
    }
}

#[cfg(test)]
mod tests;
