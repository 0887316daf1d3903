//! Numbers as one audience may see them: pure, from a run, its totals and the time.

use crate::{
    ballots::{bucket::Totals, tally},
    base::clock::Micros,
    shows::{run::Run, rundown::Visibility},
    wire::{
        results::{OptionResult, ResultState, Results},
        server::Phase,
    },
};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Viewers,
    Screens,
    Staff,
}

/// All audiences; the hub keeps one snapshot for each.
pub const AUDIENCES: [Audience; 3] = [Audience::Viewers, Audience::Screens, Audience::Staff];

/// The numbers of a run.
pub fn results(run: &Run, totals: &Totals, epoch: u32, audience: Audience, now: Micros) -> Results {
    let phase = run.phase(now);
    let state = state(phase, audience, run);
    // A sealed run shows its seal, whatever comes later.
    let votes = run.sealed().map_or(&totals.votes, |seal| &seal.totals);
    let hidden = vec![0; votes.len()];
    let votes = if state == ResultState::Hidden { &hidden } else { votes };
    let options = (1..).zip(votes.iter().zip(tally::shares(votes)));
    Results {
        run: run.id(),
        state,
        epoch,
        // A hidden result must not tell by its version how many ballots there are.
        version: if state == ResultState::Hidden { 0 } else { totals.version },
        as_of: now.as_ms(),
        total: votes.iter().sum(),
        options: options
            .map(|(n, (votes, share))| OptionResult { n, votes: *votes, share: f64::from(share) / 10.0 })
            .collect(),
    }
}

fn state(phase: Phase, audience: Audience, run: &Run) -> ResultState {
    let poll = &run.definition.poll;
    let over = matches!(phase, Phase::Locked | Phase::Sealed | Phase::Verified | Phase::Revealed);
    let visibility = match audience {
        Audience::Viewers => poll.viewers_see,
        Audience::Screens => poll.screens_see,
        Audience::Staff => Visibility::Always,
    };
    let visible = match visibility {
        Visibility::Always => true,
        Visibility::AfterClose => over,
        Visibility::OnReveal => phase == Phase::Revealed,
        Visibility::Never => false,
    };
    match phase {
        _ if !visible => ResultState::Hidden,
        // What was counted in a void run is nobody's result; staff sees it on the desk.
        Phase::Void if audience != Audience::Staff => ResultState::Hidden,
        Phase::Revealed => ResultState::Final,
        _ if over => ResultState::Provisional,
        _ => ResultState::Live,
    }
}
