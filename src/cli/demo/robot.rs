//! The robot operator: plays the rundown from the top, again and again, with the same commands that people send. When
//! somebody else has control it waits until control is free.

use std::{sync::Arc, time::Duration};

use crate::{
    base::{
        hex,
        ids::{SessionId, random_bytes},
    },
    shows::{document::Staff, interaction::Interaction, kind::Kind},
    studio::{desk::Desk, services::Services},
    wire::{
        client::CommandMessage,
        codes::Code,
        command::{Armable, Command},
        server::{Done, Phase, Role},
    },
};

/// Between two moves, so that people can follow.
const PAUSE: Duration = Duration::from_millis(2500);
/// How long a winner is seen.
const APPLAUSE: Duration = Duration::from_secs(6);
/// How often it looks whether time has done its part.
const LOOK: Duration = Duration::from_millis(250);

/// Plays until the process stops.
pub async fn run(desk: Arc<Desk>, services: Arc<Services>) {
    let robot = Robot {
        staff: Staff { session: SessionId::random(), name: "Robot".to_owned(), role: Role::Producer },
        desk,
        services,
    };
    robot.desk.presence.staff_came(&robot.staff);
    let stop = robot.services.tasks.stop().clone();
    tokio::select! {
        () = robot.play() => {}
        () = stop.cancelled() => {}
    }
}

struct Robot {
    staff: Staff,
    desk: Arc<Desk>,
    services: Arc<Services>,
}

impl Robot {
    async fn play(&self) {
        if self.desk.document().rehearsal {
            self.press(Command::Arm { what: Armable::GoLive, run: None }).await;
            self.press(Command::GoLive).await;
        }
        loop {
            let cues: Vec<String> = self.desk.document().rundown.iter().map(|cue| cue.number.clone()).collect();
            for cue in cues {
                self.cue(cue).await;
            }
        }
    }

    async fn cue(&self, cue: String) {
        // What an earlier start left open ends first.
        self.over().await;
        self.press(Command::Standby { cue }).await;
        tokio::time::sleep(PAUSE).await;
        self.press(Command::Take).await;
        if self.phase() == Some(Phase::Standby) {
            tokio::time::sleep(PAUSE).await;
            self.press(Command::Open { seconds: None }).await;
        }
        tokio::time::sleep(PAUSE).await;
        self.press(Command::Step).await;
        self.over().await;
        if !self.takes_ballots() {
            tokio::time::sleep(APPLAUSE).await;
            return self.press(Command::Clear).await;
        }
        for command in [
            Command::Seal { run: None },
            Command::Verify { run: None },
            Command::Arm { what: Armable::Reveal, run: None },
            Command::Reveal { run: None },
            Command::Step,
            Command::Step,
        ] {
            self.press(command).await;
            tokio::time::sleep(PAUSE).await;
        }
        if let Some(right) = self.came_true() {
            self.press(Command::Arm { what: Armable::Resolve, run: None }).await;
            self.press(Command::Resolve { run: None, right: vec![right] }).await;
        }
        tokio::time::sleep(APPLAUSE).await;
        self.press(Command::Clear).await;
    }

    /// What came true of a prediction on program: the robot knows only what the run's number says.
    fn came_true(&self) -> Option<u16> {
        let document = self.desk.document();
        let run = document.on_program()?;
        let Interaction { kind, options, .. } = &run.definition.interaction;
        let options = u64::try_from(options.len()).ok()?;
        matches!(kind, Kind::Prediction(_)).then(|| 1 + u16::try_from(run.id().0 % options).unwrap_or(0))
    }

    fn phase(&self) -> Option<Phase> {
        let now = self.services.clock.now();
        self.desk.document().on_program().map(|run| run.phase(now))
    }

    /// Whether there is a result to lead to its end.
    fn takes_ballots(&self) -> bool {
        self.desk.document().on_program().is_none_or(|run| run.definition.interaction.takes_ballots())
    }

    /// Waits until nothing on program takes ballots any more.
    async fn over(&self) {
        while matches!(self.phase(), Some(Phase::Open | Phase::Closing)) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether somebody else has control, and is there.
    fn is_led(&self) -> bool {
        let (document, now) = (self.desk.document(), self.services.clock.now());
        let owner = document.control.owner.as_ref().map(|owner| owner.session);
        owner.is_some_and(|owner| owner != self.staff.session && self.desk.presence.is_present(owner, now))
    }

    /// Sends a command once control is free, also one that needs none. Any other refusal means that somebody was faster: on
    /// it goes.
    async fn press(&self, command: Command) {
        loop {
            while self.is_led() {
                tokio::time::sleep(PAUSE).await;
            }
            let id = hex::encode(&random_bytes::<8>());
            let message = CommandMessage { id, expect: None, command: command.clone() };
            let done: Done = self.desk.command(&self.services, message, self.staff.clone()).await;
            if done.code != Some(Code::NoControl) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
