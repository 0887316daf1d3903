//! What is seen of the show's graphic, as the screens say that paint it. Nothing is taken for seen because it was sent.

use crate::{
    shows::document::Document,
    wire::{
        client::Output,
        gauge::{GraphicTally, ScreenState, ScreenTally, ScreenView},
        server::GraphicState,
    },
};

/// The tally of a document that is shown, from the screens of all nodes.
pub fn tally(document: &Document, screens: &[ScreenView]) -> ScreenTally {
    let of = |output| screens.iter().filter(move |screen| screen.output == output && screen.visible);
    let current = |screen: &&ScreenView| screen.state == ScreenState::Current;
    let on = document.program.as_ref().filter(|_| document.graphic.state == GraphicState::OnAir);
    let airs = |screen: &ScreenView| screen.active && screen.run.is_some();
    let program = on.is_some_and(|on| of(Output::Program).filter(current).any(|s| s.active && s.run == Some(on.run)));
    let next = document.standby.as_ref();
    let late = |screen: &&ScreenView| matches!(screen.state, ScreenState::Behind | ScreenState::Silent);
    let stale: Vec<_> = of(Output::Program).filter(late).map(|screen| screen.name.clone()).collect();
    ScreenTally {
        program,
        preview: next.is_some_and(|next| of(Output::Preview).filter(current).any(|s| s.run == Some(next.run))),
        graphic: match () {
            () if program => GraphicTally::OnAir,
            () if on.is_some() => GraphicTally::Coming,
            () if of(Output::Program).any(airs) => GraphicTally::Going,
            () => GraphicTally::OffAir,
        },
        ok: u32::try_from(of(Output::Program).filter(|screen| !late(screen)).count()).unwrap_or(u32::MAX),
        stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            clock::Micros,
            ids::{NodeId, RunId, SessionId},
        },
        shows::transition::tests::Desk,
        studio::{
            others::{NodeStatus, Others},
            presence::Presence,
        },
        wire::{client::Shown, command::Command},
    };

    /// A screen that has painted `run` at `rev`.
    fn shown(rev: u64, run: Option<RunId>) -> Shown {
        Shown { visible: true, active: run.is_some(), rev, run, ..Shown::default() }
    }

    fn seen(presence: &Presence, document: &Document, since_ms: u64, now_ms: u64) -> (bool, GraphicTally, u32, usize) {
        let at = Micros::from_ms;
        let screens = presence.screens(Some((document.revision, at(since_ms))), at(now_ms));
        let ScreenTally { program, graphic, ok, stale, .. } = tally(document, &screens);
        (program, graphic, ok, stale.len())
    }

    #[test]
    fn program_is_what_a_screen_has_painted_and_nothing_else() {
        let mut desk = Desk::open_for(60);
        let (presence, at) = (Presence::default(), Micros::from_ms);
        let run = desk.document.program.as_ref().unwrap().run;
        let rev = desk.document.revision;
        assert_eq!(seen(&presence, &desk.document, 1000, 1000), (false, GraphicTally::Coming, 0, 0));
        // It was told, and has painted something older yet.
        presence.screen(SessionId(1), "wall", &shown(rev - 1, None), at(1000));
        assert_eq!(seen(&presence, &desk.document, 1000, 2000), (false, GraphicTally::Coming, 1, 0));
        assert_eq!(seen(&presence, &desk.document, 1000, 2001), (false, GraphicTally::Coming, 0, 1), "behind");
        // The graphic of another run is none of this one; nor is one that is painted where nobody sees it.
        presence.screen(SessionId(1), "wall", &shown(rev, Some(RunId(99))), at(2000));
        assert_eq!(seen(&presence, &desk.document, 1000, 2000), (false, GraphicTally::Coming, 1, 0));
        presence.screen(SessionId(1), "wall", &Shown { visible: false, ..shown(rev, Some(run)) }, at(2000));
        assert_eq!(seen(&presence, &desk.document, 1000, 2000), (false, GraphicTally::Coming, 0, 0));
        for output in [Output::Preview, Output::Monitor] {
            presence.screen(SessionId(1), "pane", &Shown { output, ..shown(rev, Some(run)) }, at(2000));
            assert_eq!(seen(&presence, &desk.document, 1000, 2000), (false, GraphicTally::Coming, 0, 0), "{output:?}");
        }
        presence.screen(SessionId(1), "wall", &shown(rev, Some(run)), at(2000));
        assert_eq!(seen(&presence, &desk.document, 1000, 5500), (true, GraphicTally::OnAir, 1, 0));
        assert_eq!(seen(&presence, &desk.document, 1000, 5501), (false, GraphicTally::Coming, 0, 1), "silent");
        // Cleared, until it says so it may be seen still.
        desk.send(Command::Clear);
        assert_eq!(seen(&presence, &desk.document, 9000, 9000), (false, GraphicTally::Going, 0, 1));
        presence.screen(SessionId(1), "wall", &shown(desk.document.revision, None), at(9100));
        assert_eq!(seen(&presence, &desk.document, 9000, 9100), (false, GraphicTally::OffAir, 1, 0));
    }

    #[test]
    fn a_preview_is_of_what_is_on_standby() {
        let mut desk = Desk::open_for(60);
        desk.send(Command::Standby { cue: "2".into() });
        let next = desk.document.standby.as_ref().unwrap().run;
        let (presence, at) = (Presence::default(), Micros::from_ms(5000));
        let preview = |run| {
            let shown = Shown { output: Output::Preview, ..shown(desk.document.revision, run) };
            presence.screen(SessionId(1), "pane", &shown, at);
            tally(&desk.document, &presence.screens(Some((desk.document.revision, at)), at)).preview
        };
        assert!(!preview(None) && !preview(Some(RunId(99))) && preview(Some(next)));
    }

    #[test]
    fn a_screen_of_a_node_that_does_not_know_yet_confirms_nothing() {
        let desk = Desk::open_for(60);
        let (run, rev, at) =
            (desk.document.program.as_ref().unwrap().run, desk.document.revision, Micros::from_ms(5000));
        let there = Presence::default();
        there.screen(SessionId(1), "wall", &shown(rev - 1, Some(run)), at);
        let others = Others::default();
        let confirmed = |node_rev| {
            // That node has told its screens what it knows, and no more.
            let screens = there.screens(Some((node_rev, at)), at);
            let status = NodeStatus { rev: node_rev, screens, ..NodeStatus::default() };
            others.update(NodeId(1), vec![(NodeId(2), serde_json::to_string(&status).unwrap())], at);
            tally(&desk.document, &others.with_screens(NodeId(1), Vec::new(), &desk.document)).program
        };
        assert!(!confirmed(rev - 1), "it is up to what its node knows, which is less");
        there.screen(SessionId(1), "wall", &shown(rev, Some(run)), at);
        assert!(confirmed(rev));
    }
}
