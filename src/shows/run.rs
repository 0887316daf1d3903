//! A run: one immutable instance of a cue's interaction, made at standby. What is frozen is the definition; what moves
//! is its windows and the marks of its end.

use serde::{Deserialize, Serialize};

use super::{
    carry::{Carried, Pinned, Withheld},
    correction::{self, Correction},
    entries::Entries,
    interaction::Interaction,
    kind::Kind,
    platforms::{Delay, tracks},
    two_people::Policy,
    windows::{ClockPhase, Track, Windows},
};
use crate::{
    base::{
        clock::Micros,
        hex,
        ids::{RunId, ShowId, VoterId},
    },
    wire::server::Phase,
};

/// How voters are spread over buckets: the first two bytes of the voter, which is itself a keyed hash, modulo the
/// number of buckets.
pub const BUCKET_HASH: &str = "voter-prefix/1";
/// The layout of a final ballot's record in the journal.
const RECORD_FORMAT: u16 = 2;
/// The layout of a ballot's record that carries a change number.
const RECORD_FORMAT_CHANGEABLE: u16 = 3;

/// The layouts that this program knows, in words.
pub const RECORD_FORMATS: &str = "2, and 3 of changeable runs";

/// The layout of the records of an interaction's ballots.
pub fn record_format(interaction: &Interaction) -> u16 {
    if interaction.changeable { RECORD_FORMAT_CHANGEABLE } else { RECORD_FORMAT }
}

/// What is frozen at standby and carried with every batch of ballots.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Definition {
    /// The run.
    pub run: RunId,
    /// Its show.
    pub show: ShowId,
    /// The number of its cue when it was made.
    pub cue: String,
    /// Rehearsal ballots never mix with live ones.
    pub rehearsal: bool,
    /// The question and its rules.
    pub interaction: Interaction,
    /// Number of buckets.
    pub buckets: u16,
    /// How voters are spread over them.
    pub bucket_hash: String,
    /// Layout of the journalled ballots.
    pub record_format: u16,
    /// Where the audience may come in: ballots carry their numbers.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub entries: Entries,
    /// How much later the viewers of a platform see what is on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<Delay>,
    /// The result whose votes it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carries: Option<Pinned>,
}

impl Definition {
    /// The bucket of a voter, by [`BUCKET_HASH`].
    pub fn bucket_of(&self, voter: VoterId) -> u16 {
        (voter.0 >> 112) as u16 % self.buckets
    }

    /// Whether this program knows the layout of its ballots. One of an older program is kept and not touched.
    pub fn is_readable(&self) -> bool {
        self.record_format == record_format(&self.interaction)
    }

    /// Whether voters that came by an entry may choose these options. Where pools count apart, those of no such pool may
    /// choose none: their votes would count for nothing.
    pub fn allows(&self, entry: u8, picks: &[u16]) -> bool {
        let Interaction { counting, not_from, .. } = &self.interaction;
        if counting.pools.is_empty() && not_from.is_empty() {
            return true;
        }
        let (pool, segment) =
            self.entries.get(entry).map_or((None, None), |one| (one.pool.as_deref(), one.segment.as_deref()));
        let counts = counting.pools.is_empty() || counting.pools.iter().any(|one| one.name == pool.unwrap_or_default());
        let closed = segment.and_then(|segment| not_from.get(segment));
        counts && !closed.is_some_and(|closed| picks.iter().any(|pick| closed.contains(pick)))
    }

    /// Who has other windows than the programme, as the rules have it.
    pub fn tracks(&self) -> Vec<Track> {
        tracks(&self.platforms, &self.entries, &self.interaction.windows)
    }

    /// Whether these windows cut for each segment what the rules say. Two branches that were opened apart are one with longer ones.
    pub fn cuts(&self, windows: &Windows) -> bool {
        let cut = |all: &[Track]| all.iter().filter(|one| one.window.is_some()).cloned().collect::<Vec<_>>();
        let (ruled, found) = (cut(&self.tracks()), cut(&windows.tracks));
        let is_ruled = |(found, ruled): (&Track, &Track)| {
            let of = |track: &Track| (track.platform.clone(), track.segment.clone(), track.entries.clone());
            let [(from, to), (from_ruled, to_ruled)] =
                [found, ruled].map(|track| track.window.map_or((0, None), |window| (window.from_s, window.to_s)));
            of(found) == of(ruled)
                && from <= from_ruled
                && (to == to_ruled || to.zip(to_ruled).is_some_and(|(to, ruled)| to > ruled))
        };
        ruled.len() == found.len() && found.iter().zip(&ruled).all(is_ruled)
    }

    /// SHA-256 of the definition's JSON, in hexadecimal: names the rules in every result.
    pub fn rules_hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a definition is plain data");
        hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json).as_ref())
    }
}

/// A run in the show's document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// What is frozen.
    #[serde(flatten)]
    pub definition: Definition,
    /// When ballots are accepted.
    pub windows: Windows,
    /// In hold: milliseconds of the window that were left (`None`: it had no close).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The seal that is being made or was made last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealState>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed_at: Option<Micros>,
    /// Of a prediction: what came true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// Declared void, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
    /// It is held in place of one of the same cue that was declared void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
    /// The votes that it begins with, of the result that its definition names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// Who may not see these.
    #[serde(default, skip_serializing_if = "Withheld::is_none")]
    pub withheld: Withheld,
    /// What the show asked of its staff when this was made.
    #[serde(default, skip_serializing_if = "Policy::is_empty")]
    pub policy: Policy,
}

/// What was left of a window when it was put on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hold {
    /// Milliseconds left; `None`: the window had no close.
    pub left_ms: Option<u64>,
}

/// A seal on its way or done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SealState {
    /// Counts the seals of this run from 1.
    pub revision: u32,
    /// What it says, once all buckets are marked. The manifest beside it has every detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<SealSummary>,
    /// Who signed it off, after the recount agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// What the document keeps of a seal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SealSummary {
    /// When the buckets were summed.
    pub at: Micros,
    /// Votes per option, without those that are left out.
    pub totals: Vec<u64>,
    /// Ballots that came outside the window, and their votes per option.
    pub late: u64,
    pub late_totals: Vec<u64>,
    /// The counted ballots by the entries of the definition, where it has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_entry: Vec<ByEntry>,
    /// Ballots that may still be missing.
    pub outstanding: u64,
    /// SHA-256 of the signed manifest.
    pub manifest_hash: String,
    /// It was made of another seal, without counting again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

/// The counted ballots that came by one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByEntry {
    /// Its number in the definition; 0: by none.
    pub entry: u8,
    /// How many.
    pub counted: u64,
    /// Votes per option.
    pub votes: Vec<u64>,
    /// Votes of late ballots per option; empty: none came late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_votes: Vec<u64>,
}

/// Who signed a seal off.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verified {
    pub at: Micros,
    pub by: String,
}

/// What came true of a prediction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resolved {
    pub at: Micros,
    pub by: String,
    /// The options that came true.
    pub right: Vec<u16>,
}

/// Why a run does not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Void {
    pub at: Micros,
    pub by: String,
    pub reason: String,
}

/// The void run in whose place another one is held, and why it is void.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replaced {
    pub run: RunId,
    #[serde(flatten)]
    pub void: Void,
}

impl SealState {
    /// The revision whose seal counted: ballots and buckets know this one.
    pub fn counted(&self) -> u32 {
        let correction = self.summary.as_ref().and_then(|summary| summary.correction.as_ref());
        correction.map_or(self.revision, |correction| correction.counted)
    }
}

impl Run {
    /// A run that was not opened yet.
    pub fn new(definition: Definition, windows: Windows) -> Self {
        Self {
            definition,
            windows,
            hold: None,
            seal: None,
            revealed_at: None,
            resolved: None,
            void: None,
            replaces: None,
            carried: None,
            withheld: Withheld::default(),
            policy: Policy::default(),
        }
    }

    /// Takes it off hold; the clock of its segments goes on from this moment.
    pub(super) fn end_hold(&mut self, at: Micros) -> Option<Hold> {
        self.windows.go_on(at);
        self.hold.take()
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        self.definition.run
    }

    /// Where the run is in its life at a moment. Open, closing and locked need nobody to execute them.
    pub fn phase(&self, now: Micros) -> Phase {
        self.phase_by(&self.windows, now)
    }

    /// As [`Self::phase`], for those who have other windows than the whole run.
    pub fn phase_by(&self, windows: &Windows, now: Micros) -> Phase {
        if self.void.is_some() {
            return Phase::Void;
        }
        if self.revealed_at.is_some() {
            return Phase::Revealed;
        }
        if let Some(SealState { summary: Some(_), verified, .. }) = &self.seal {
            return if verified.is_some() { Phase::Verified } else { Phase::Sealed };
        }
        match windows.phase(now) {
            ClockPhase::Before => Phase::Standby,
            ClockPhase::Open => Phase::Open,
            ClockPhase::Closing => Phase::Closing,
            ClockPhase::Locked => Phase::Locked,
        }
    }

    /// The phase for those on a track: locked, where their part was still to come when the run was closed.
    pub fn phase_on(&self, track: &Track, now: Micros) -> Phase {
        let windows = &self.windows;
        let whole = windows.whole_on(Some(track)).last();
        let is_over = whole.and_then(|span| windows.end_on(span, Some(track))).is_some_and(|end| end <= now);
        match self.phase_by(&windows.on(Some(track)), now) {
            Phase::Standby if is_over => Phase::Locked,
            phase => phase,
        }
    }

    /// Whether operators and observers may see all numbers from the start.
    pub fn is_open_to_operators(&self) -> bool {
        self.definition.interaction.is_open_to_operators() && !self.withheld.operators
    }

    /// The right options, and since when everybody may know them. `None`: they may not, or there are none.
    pub fn answered(&self) -> Option<(Micros, &[u16])> {
        let revealed = self.revealed_at.filter(|_| self.void.is_none())?;
        match &self.definition.interaction.kind {
            Kind::Quiz(quiz) => Some((revealed, correction::right(quiz, self.correction()))),
            Kind::Prediction(_) => self.resolved.as_ref().map(|resolved| (resolved.at, &*resolved.right)),
            _ => None,
        }
    }

    /// Whether ballots are taken now, or will be again without anybody doing anything.
    pub fn is_live(&self, now: Micros) -> bool {
        match self.phase(now) {
            Phase::Open | Phase::Closing => true,
            Phase::Locked => self.windows.next_change(now).is_some(),
            _ => false,
        }
    }

    /// How its newest seal was corrected.
    pub fn correction(&self) -> Option<&Correction> {
        self.sealed()?.correction.as_ref()
    }

    /// The summary of the newest seal.
    pub fn sealed(&self) -> Option<&SealSummary> {
        self.seal.as_ref()?.summary.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits,
        shows::{
            counting::{Counting, Gives, Pool},
            interaction::Visibility,
            segments::SegmentWindow,
            transition::tests::Desk,
        },
        wire::{entry::Entry, kind::Scale, outcome::Polarity, server::Wording},
    };

    #[test]
    fn the_largest_definition_fits_into_a_record_of_the_journal() {
        // Four bytes a character: the most that a show file lets through.
        let text = "🎤".repeat(limits::TEXT_CHARS_MAX);
        let named = |number: usize| format!("{number:0>width$}", width = limits::ENTRY_NAME_CHARS_MAX);
        let options = 1..=u16::try_from(limits::OPTIONS_MAX).expect("a small number");
        let gives = Gives::Ranks(vec![limits::POINTS_MAX; limits::OPTIONS_MAX]);
        let pool = |number| Pool { name: named(number), gives: gives.clone(), each_segment: true };
        let interaction = Interaction {
            kind: Kind::Rating(Scale {
                from: 0,
                to: i32::MAX,
                step: 1,
                decimals: 3,
                unit: "🎤".repeat(limits::UNIT_CHARS_MAX),
                low: text.clone(),
                high: text.clone(),
            }),
            // A byte for each that the limit lets through, less the JSON around it.
            texts: [(
                "nl".to_owned(),
                Wording { question: "x".repeat(limits::WORDINGS_BYTES_MAX - 22), ..Wording::default() },
            )]
            .into(),
            question: text.clone(),
            options: vec![text; limits::OPTIONS_MAX],
            votes: limits::VOTES_PER_VOTER_MAX,
            per_option: Some(limits::VOTES_PER_VOTER_MAX),
            changeable: true,
            window_s: Some(limits::WINDOW_S_MAX),
            grace_ms: limits::GRACE_MS_MAX,
            opens_on_take: false,
            confirm: true,
            prepare: true,
            viewers_see: Visibility::AfterClose,
            screens_see: Visibility::AfterClose,
            operators_see: Visibility::AfterClose,
            not_from: (0..limits::ENTRIES_MAX).map(|segment| (named(segment), options.clone().collect())).collect(),
            windows: (0..limits::ENTRIES_MAX)
                .map(|segment| (named(segment), SegmentWindow { from_s: 86_398, to_s: Some(limits::WINDOW_S_MAX) }))
                .collect(),
            counting: Counting {
                pools: (0..limits::POOLS_MAX).map(pool).collect(),
                polarity: Polarity::Evict,
                tie_pool: Some(named(0)),
                threshold: Some(100),
            },
        };
        let texts = serde_json::to_vec(&interaction.texts).expect("texts are plain data").len();
        assert_eq!(texts, limits::WORDINGS_BYTES_MAX);
        let name = |number| Some(named(number));
        let entries: Vec<_> = (0..limits::ENTRY_NUMBERS_MAX)
            .map(|number| Entry { segment: name(number), pool: name(number), platform: name(number) })
            .collect();
        let definition = Definition {
            run: RunId(u64::MAX),
            show: "s".repeat(40).parse().expect("a show id"),
            cue: "12345678".into(),
            rehearsal: false,
            record_format: record_format(&interaction),
            interaction,
            buckets: limits::BUCKETS,
            bucket_hash: BUCKET_HASH.into(),
            entries: Entries::default().declaring(&entries).expect("there are numbers for all"),
            platforms: (0..limits::PLATFORMS_MAX)
                .map(|platform| Delay {
                    platform: named(platform),
                    delay_ms: limits::DELAY_MS_MAX,
                    jitter_ms: limits::JITTER_MS_MAX,
                })
                .collect(),
            carries: Some(Pinned {
                cue: "12345678".into(),
                run: RunId(u64::MAX),
                revision: u32::MAX,
                manifest: "f".repeat(64),
                options: options.collect(),
            }),
        };
        let bytes = serde_json::to_vec(&definition).expect("a definition is plain data").len();
        assert!(bytes <= limits::JOURNAL_RECORD_BYTES_MAX, "{bytes} bytes: no ballot of this run would be taken");
    }

    #[test]
    fn a_part_that_was_to_come_when_the_run_was_closed_is_over_with_it() {
        let mut run = Desk::open_for(60).document.runs.remove(0);
        let window = Some(SegmentWindow { from_s: 90, to_s: None });
        let west = Track { segment: "west".into(), window, entries: vec![1], ..Track::default() };
        run.windows.tracks = vec![west.clone()];
        let end = 60_000 + run.windows.grace_ms;
        let phases = [end - 1, end].map(|ms| run.phase_on(&west, Micros::from_ms(ms)));
        assert_eq!(phases, [Phase::Standby, Phase::Locked]);
    }

    #[test]
    fn the_log_tells_no_number_that_is_withheld_from_some_who_read_it() {
        let mut run = Desk::open_for(60).document.runs.remove(0);
        assert!(run.is_open_to_operators());
        run.withheld.operators = true;
        assert!(!run.is_open_to_operators());
    }
}
