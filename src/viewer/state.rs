//! One viewer as a state machine without input or output: messages and time go in, what to send comes out.

use fastrand::Rng;

use super::{
    backoff::{Backoff, Closing, Next},
    behaviour::{Act, Agenda, Behaviour, Event},
    book::Book,
};
use crate::{
    base::{clock::Micros, ids::RunId},
    wire::{
        client::{ClientMessage, Join, React, Vote},
        results::Results,
        server::{Receipt, ServerMessage, ShowView, Welcome},
    },
};

/// What the rim has to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this.
    Send(ClientMessage),
    /// Close the connection, and report this closing.
    Close(Closing),
}

/// A viewer: the voter's token and ballots, which node it is at and what it plans.
#[derive(Debug)]
pub struct State<B> {
    behaviour: B,
    book: Book,
    agenda: Agenda,
    backoff: Backoff,
    rng: Rng,
    device: Option<String>,
    /// How many nodes there are, and the one to be at.
    nodes: usize,
    node: usize,
    joined: bool,
    /// The server said `reconnect`: leave at this time.
    leave_at: Option<Micros>,
    /// The server said that it gets too much: offer nothing until then.
    quiet_until: Micros,
    /// The newest show and results seen.
    show: (u32, u64),
    results: Option<(RunId, u32, u64)>,
    /// How often it has tapped each option of a run, and whether this session has said so.
    taps: Option<(React, bool)>,
}

impl<B: Behaviour> State<B> {
    /// A viewer at `node` (an index below `nodes`), with its device token if it has one. All its chance comes from `rng`.
    pub fn new(behaviour: B, device: Option<String>, node: usize, nodes: usize, rng: Rng) -> Self {
        Self {
            behaviour,
            book: Book::default(),
            agenda: Agenda::default(),
            backoff: Backoff::default(),
            rng,
            device,
            nodes: nodes.max(1),
            node,
            joined: false,
            leave_at: None,
            quiet_until: Micros(0),
            show: (0, 0),
            results: None,
            taps: None,
        }
    }

    /// The index of the node to connect to.
    pub const fn node(&self) -> usize {
        self.node
    }

    /// Whether the session has its welcome.
    pub const fn joined(&self) -> bool {
        self.joined
    }

    /// The viewer's ballots.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Gives the behaviour back, with all that it noted.
    pub fn into_behaviour(self) -> B {
        self.behaviour
    }

    /// The first message of a session.
    pub fn join(&self) -> ClientMessage {
        ClientMessage::Join(Join { device: self.device.clone(), ..Join::default() })
    }

    /// What to do now. Ask until there is nothing.
    pub fn due(&mut self, now: Micros) -> Option<Step> {
        if self.leave_at.is_some_and(|at| at <= now) {
            self.leave_at = None;
            return Some(Step::Close(Closing::Told { wait_ms: 0 }));
        }
        while let Some(act) = self.agenda.due(now) {
            match act {
                Act::Cast(vote) => self.book.add(vote, now),
                Act::Again { run, id } => {
                    if let Some(vote) = self.book.find(run, id).filter(|_| self.joined).cloned() {
                        return Some(self.send(vote, now));
                    }
                }
                Act::Tap { run, more } if self.joined => return Some(self.tap(run, more, now)),
                Act::Tap { .. } => {}
                Act::Move { node } => {
                    self.node = node % self.nodes;
                    return Some(Step::Close(Closing::Moved));
                }
                Act::Leave => return Some(Step::Close(Closing::Left)),
            }
        }
        if !self.joined || now < self.quiet_until {
            return None;
        }
        self.book.offer(now).map(|vote| self.send(vote, now))
    }

    /// When there will be something to do, if no message comes before.
    pub fn wake_at(&self) -> Option<Micros> {
        let offer = self.book.wake_at().filter(|_| self.joined).map(|at| at.max(self.quiet_until));
        [offer, self.agenda.wake_at(), self.leave_at].into_iter().flatten().min()
    }

    /// Takes a message of the server.
    pub fn hear(&mut self, message: &ServerMessage, now: Micros) {
        match message {
            ServerMessage::Welcome(welcome) => self.hear_welcome(welcome, now),
            ServerMessage::Show(show) => self.hear_show(show, now),
            ServerMessage::Results(results) => self.hear_results(results, now),
            ServerMessage::Receipt(receipt) => self.hear_receipt(receipt, now),
            ServerMessage::Problem(problem) => {
                if let Some(ms) = problem.retry_ms {
                    self.quiet_until = now.plus_ms(u64::from(ms));
                }
                self.tell(&Event::Problem(problem), now);
            }
            ServerMessage::Reconnect { after_ms } => self.leave_at = Some(now.plus_ms(u64::from(*after_ms))),
            // What people look at or write; and staff's messages, of which a viewer gets none.
            ServerMessage::Asked(_)
            | ServerMessage::Said(_)
            | ServerMessage::Upvoted(_)
            | ServerMessage::Leaderboard(_)
            | ServerMessage::Score(_)
            | ServerMessage::Items(_)
            | ServerMessage::Desk(_)
            | ServerMessage::Gauge(_)
            | ServerMessage::Log { .. }
            | ServerMessage::Done(_) => {}
        }
    }

    /// The session ended; says what to do next. After anything but a planned close another node is tried.
    pub fn closed(&mut self, closing: Closing, now: Micros) -> Next {
        let was_joined = std::mem::take(&mut self.joined);
        if let Some((_, is_said)) = &mut self.taps {
            *is_said = false;
        }
        let own = matches!(closing, Closing::Moved | Closing::Left);
        let closing = match self.leave_at.take() {
            Some(at) if !own => Closing::Told { wait_ms: at.since_ms(now) },
            _ => closing,
        };
        self.tell(&Event::Closed { node: self.node, closing }, now);
        let next = self.backoff.after(closing, &mut self.rng);
        if matches!(next, Next::NewToken(_)) {
            self.lose_voter(now);
            self.device = None;
        }
        let stay = own || (was_joined && closing == Closing::Code(4001));
        if !stay {
            self.node = self.next_node();
        }
        next
    }

    fn hear_welcome(&mut self, welcome: &Welcome, now: Micros) {
        if let Some(device) = &welcome.device {
            if self.device.as_ref().is_some_and(|had| had != device) {
                self.lose_voter(now);
            }
            self.device = Some(device.clone());
        }
        self.joined = true;
        self.backoff.joined();
        self.quiet_until = Micros(0);
        self.tell(&Event::Joined { node: self.node, welcome }, now);
        self.book.resume(now);
        for receipt in &welcome.mine {
            self.hear_receipt(receipt, now);
        }
    }

    fn hear_show(&mut self, show: &ShowView, now: Micros) {
        // The same revision may come again: the phase moves with the clock.
        if (show.epoch, show.rev) < self.show {
            return;
        }
        self.show = (show.epoch, show.rev);
        if let Some(run) = &show.run {
            self.book.forget_settled_but(run.id);
        }
        self.tell(&Event::Show(show), now);
    }

    fn hear_results(&mut self, results: &Results, now: Micros) {
        let key = (results.run, results.epoch, results.version);
        if self.results.is_some_and(|(run, epoch, version)| run == key.0 && (key.1, key.2) < (epoch, version)) {
            return;
        }
        self.results = Some(key);
        self.tell(&Event::Results(results), now);
    }

    fn hear_receipt(&mut self, receipt: &Receipt, now: Micros) {
        let news = self.book.hear(receipt, now, &mut self.rng);
        self.tell(&Event::Receipt { node: self.node, receipt, news }, now);
    }

    fn send(&mut self, vote: Vote, now: Micros) -> Step {
        self.tell(&Event::Offered { node: self.node, vote: &vote }, now);
        Step::Send(ClientMessage::Vote(vote))
    }

    /// Says a running count. The first of a session adds nothing, so it is the one before the taps.
    fn tap(&mut self, run: RunId, more: Vec<u32>, now: Micros) -> Step {
        let (react, is_said) = match self.taps.take().filter(|(react, _)| react.run == run) {
            Some(known) => known,
            None => (React { run, counts: vec![0; more.len()] }, false),
        };
        let counts = if is_said {
            react.counts.iter().zip(more).map(|(had, more)| had.saturating_add(more)).collect()
        } else {
            self.agenda.at(now, Act::Tap { run, more });
            react.counts
        };
        let react = React { run, counts };
        self.taps = Some((react.clone(), true));
        Step::Send(ClientMessage::React(react))
    }

    /// Nobody can settle the ballots of a voter whose token is gone.
    fn lose_voter(&mut self, now: Micros) {
        self.book.clear();
        self.tell(&Event::NewVoter, now);
    }

    fn next_node(&self) -> usize {
        (self.node + 1) % self.nodes
    }

    fn tell(&mut self, event: &Event<'_>, now: Micros) {
        self.behaviour.on(event, now, &mut self.rng, &mut self.agenda);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::ids::{BallotId, NodeId, SessionId},
        viewer::{
            behaviour::Once,
            standing::{Standing, tests::receipt},
        },
        wire::server::{Answer, GraphicState, GraphicView, OptionView, Phase, Problem, Role, RunView},
        wire::{SUBPROTOCOL, codes::Code, kind::KindView},
    };

    const T0: Micros = Micros::from_ms(1_000_000);

    fn welcome(device: Option<&str>) -> ServerMessage {
        ServerMessage::Welcome(Welcome {
            protocol: SUBPROTOCOL.to_owned(),
            node: NodeId(1),
            session: SessionId(2),
            now: T0.as_ms(),
            role: Role::Viewer,
            device: device.map(str::to_owned),
            entry: None,
            problem: None,
            mine: Vec::new(),
        })
    }

    fn show(rev: u64, phase: Phase) -> ServerMessage {
        let run = RunView {
            id: RunId(1),
            cue: "1A".to_owned(),
            kind: KindView::Poll,
            question: "Who?".to_owned(),
            writing: None,
            options: vec![OptionView { n: 1, label: "Ada".to_owned() }],
            texts: std::collections::BTreeMap::new(),
            votes: 1,
            per_option: None,
            changeable: false,
            pools: Vec::new(),
            not_from: std::collections::BTreeMap::new(),
            after_vote: false,
            confirm: false,
            prepare_ms: None,
            replaces: None,
            phase,
            hold: false,
            opens_at: None,
            closes_at: None,
            locks_at: None,
            behind: None,
            own_window: false,
        };
        ServerMessage::Show(Box::new(ShowView {
            id: "finale".to_owned(),
            title: "The Final".to_owned(),
            languages: Vec::new(),
            titles: std::collections::BTreeMap::new(),
            epoch: 1,
            rev,
            now: T0.as_ms(),
            rehearsal: false,
            run: Some(run),
            next: None,
            bracket: None,
            item: None,
            graphic: GraphicView { state: GraphicState::Cleared, step: 0, frozen: false },
        }))
    }

    fn state() -> State<impl Behaviour> {
        State::new(Once::new(|_, _| Some((100, vec![1]))), None, 0, 2, Rng::with_seed(5))
    }

    fn sent(state: &mut State<impl Behaviour>, now: Micros) -> Option<BallotId> {
        match state.due(now) {
            Some(Step::Send(ClientMessage::Vote(vote))) => Some(vote.id),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn a_ballot_survives_the_connection_and_keeps_its_id() {
        let mut state = state();
        assert_eq!(state.join(), ClientMessage::Join(Join::default()));
        state.hear(&welcome(Some("token")), T0);
        state.hear(&show(1, Phase::Standby), T0);
        assert_eq!(state.wake_at(), None);
        state.hear(&show(1, Phase::Open), T0);
        assert_eq!(state.wake_at(), Some(T0.plus_ms(100)));
        assert_eq!(sent(&mut state, T0), None);
        let id = sent(&mut state, T0.plus_ms(100)).unwrap();
        assert!(matches!(state.closed(Closing::Broken, T0.plus_ms(101)), Next::After(0..=1000)));
        assert_eq!((state.node(), state.wake_at()), (1, None));
        assert_eq!(state.join(), ClientMessage::Join(Join { device: Some("token".to_owned()), ..Join::default() }));
        state.hear(&welcome(None), T0.plus_ms(900));
        assert_eq!(sent(&mut state, T0.plus_ms(900)), Some(id));
        state.hear(&ServerMessage::Receipt(receipt(id.0, Answer::Counted, None, None)), T0.plus_ms(901));
        state.hear(&show(1, Phase::Open), T0.plus_ms(902));
        assert_eq!((state.book().standing(RunId(1), id), state.wake_at()), (Some(Standing::Counted), None));
    }

    #[test]
    fn an_announced_close_is_waited_for_wherever_it_comes_from() {
        let mut state = state();
        state.hear(&welcome(Some("token")), T0);
        state.hear(&ServerMessage::Reconnect { after_ms: 700 }, T0);
        assert_eq!(state.due(T0.plus_ms(699)), None);
        assert_eq!(state.wake_at(), Some(T0.plus_ms(700)));
        // The server closes first: what is left of the wait.
        assert_eq!(state.closed(Closing::Code(1001), T0.plus_ms(200)), Next::After(500));
        assert_eq!(state.node(), 1);
        // It does not: the viewer leaves.
        state.hear(&welcome(None), T0);
        state.hear(&ServerMessage::Reconnect { after_ms: 700 }, T0);
        let told = Closing::Told { wait_ms: 0 };
        assert_eq!(state.due(T0.plus_ms(700)), Some(Step::Close(told)));
        assert_eq!(state.closed(told, T0.plus_ms(700)), Next::After(0));
        assert_eq!((state.node(), state.due(T0.plus_ms(800))), (0, None));
    }

    #[test]
    fn another_token_is_another_voter() {
        let mut state = state();
        state.hear(&welcome(Some("token")), T0);
        state.hear(&show(1, Phase::Open), T0);
        let id = sent(&mut state, T0.plus_ms(100)).unwrap();
        assert!(matches!(state.closed(Closing::Code(4001), T0), Next::NewToken(_)));
        assert_eq!(state.join(), ClientMessage::Join(Join::default()));
        assert_eq!((state.book().standing(RunId(1), id), state.node()), (None, 0));
    }

    #[test]
    fn too_much_makes_it_quiet() {
        let mut state = state();
        state.hear(&welcome(None), T0);
        state.hear(&show(1, Phase::Open), T0);
        let problem = Problem { code: Code::TooMany, detail: String::new(), retry_ms: Some(3000) };
        state.hear(&ServerMessage::Problem(problem), T0);
        assert_eq!(sent(&mut state, T0.plus_ms(2999)), None);
        assert_eq!(state.wake_at(), Some(T0.plus_ms(3000)));
        assert!(sent(&mut state, T0.plus_ms(3000)).is_some());
    }

    #[test]
    fn each_session_says_first_what_was_said_before() {
        let mut state = state();
        let said = |state: &mut State<_>| match state.due(T0) {
            Some(Step::Send(ClientMessage::React(React { counts, .. }))) => Some(counts),
            other => other.map(|other| panic!("{other:?}")),
        };
        let tap = |state: &mut State<_>| state.agenda.at(T0, Act::Tap { run: RunId(1), more: vec![2, 1] });
        state.hear(&welcome(Some("token")), T0);
        tap(&mut state);
        tap(&mut state);
        assert_eq!([(); 4].map(|()| said(&mut state)), [Some(vec![0, 0]), Some(vec![2, 1]), Some(vec![4, 2]), None]);
        state.closed(Closing::Broken, T0);
        tap(&mut state);
        assert_eq!(said(&mut state), None, "nobody is there to hear it");
        state.hear(&welcome(None), T0);
        tap(&mut state);
        assert_eq!([(); 3].map(|()| said(&mut state)), [Some(vec![4, 2]), Some(vec![6, 3]), None]);
    }

    #[test]
    fn an_older_show_is_ignored() {
        let mut state = state();
        state.hear(&welcome(None), T0);
        state.hear(&show(2, Phase::Locked), T0);
        state.hear(&show(1, Phase::Open), T0);
        assert_eq!(state.wake_at(), None);
    }
}
