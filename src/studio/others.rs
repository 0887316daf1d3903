//! What the nodes of an installation say of themselves, for one show: who is connected where, what is held. Each node
//! tells its own with its looks, and knows the others' for as long as they tell it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

use super::{desk::Desk, services::Services};
use crate::{
    base::{
        clock::Micros,
        ids::{JournalId, NodeId, RunId, SessionId},
        limits,
    },
    shows::document::Document,
    wire::{
        gauge::{ScreenState, ScreenView},
        server::StaffView,
    },
};

/// One node, as it sees itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    pub journal: Option<JournalId>,
    pub stance: String,
    pub viewers: u64,
    pub staff: Vec<StaffView>,
    pub screens: Vec<ScreenView>,
    /// Ballots that it holds and that are not decided, by run; runs without any are left out.
    pub held: BTreeMap<RunId, u64>,
    /// The revision of its board.
    pub rev: u64,
    pub clock_ok: bool,
    pub fsync_us: u64,
    pub disk_free_mb: u64,
    /// What the rules for texts refused there, by reason.
    #[serde(default)]
    pub refused: BTreeMap<String, u32>,
}

/// All nodes that tell something, this one too.
#[derive(Debug, Default)]
pub struct Others {
    nodes: ArcSwap<Vec<(NodeId, NodeStatus)>>,
    /// When a member of staff was last seen on another node.
    seen: Mutex<HashMap<SessionId, Micros>>,
}

impl Others {
    /// What a look brought. `true`: staff sees something else now.
    pub(super) fn update(&self, own: NodeId, told: Vec<(NodeId, String)>, now: Micros) -> bool {
        let parse = |(node, status): (NodeId, String)| Some((node, serde_json::from_str(&status).ok()?));
        let mut nodes: Vec<(NodeId, NodeStatus)> = told.into_iter().filter_map(parse).collect();
        nodes.sort_by_key(|(node, _)| *node);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, at| now.since_ms(*at) < limits::CONTROL_LEASE_MS);
        for (_, status) in nodes.iter().filter(|(node, _)| *node != own) {
            seen.extend(status.staff.iter().map(|staff| (staff.session, now)));
        }
        drop(seen);
        let staff = |nodes: &[(NodeId, NodeStatus)]| {
            let others = nodes.iter().filter(|(node, _)| *node != own);
            others.flat_map(|(_, status)| status.staff.clone()).collect::<Vec<_>>()
        };
        let changed = staff(&self.nodes.load()) != staff(&nodes);
        self.nodes.store(Arc::new(nodes));
        changed
    }

    /// All nodes that told something within the last seconds, by name; empty where a node works alone.
    pub fn nodes(&self) -> Arc<Vec<(NodeId, NodeStatus)>> {
        self.nodes.load_full()
    }

    /// Whether a member of staff is connected to another node, or was until a moment ago.
    pub fn is_present(&self, session: SessionId, now: Micros) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&session).is_some_and(|at| now.since_ms(*at) < limits::CONTROL_LEASE_MS)
    }

    /// Staff of all nodes, given who is here.
    pub fn with_staff(&self, own: NodeId, mut here: Vec<StaffView>) -> Vec<StaffView> {
        for (_, status) in self.nodes.load().iter().filter(|(node, _)| *node != own) {
            for staff in &status.staff {
                if !here.contains(staff) {
                    here.push(staff.clone());
                }
            }
        }
        here.sort_by(|a, b| (&a.name, a.session).cmp(&(&b.name, b.session)));
        here
    }

    /// Screens of all nodes, given those that are here. Those of a node that has not heard yet of what `document` says are
    /// not up to it.
    pub fn with_screens(&self, own: NodeId, mut here: Vec<ScreenView>, document: &Document) -> Vec<ScreenView> {
        let nodes = self.nodes.load();
        for (_, status) in nodes.iter().filter(|(node, _)| *node != own) {
            let knows = status.rev >= document.revision || document.is_seen_at(status.rev);
            here.extend(status.screens.iter().map(|screen| match screen.state {
                ScreenState::Current if !knows => ScreenView { state: ScreenState::Changing, ..screen.clone() },
                _ => screen.clone(),
            }));
        }
        here.sort_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
        here
    }

    /// What the rules refused on all nodes, given what they did here.
    pub fn with_refused(&self, own: NodeId, mut here: BTreeMap<String, u32>) -> BTreeMap<String, u32> {
        for (_, status) in self.nodes.load().iter().filter(|(node, _)| *node != own) {
            for (reason, times) in &status.refused {
                *here.entry(reason.clone()).or_default() += times;
            }
        }
        here
    }

    /// Viewers of the other nodes.
    pub fn viewers(&self, own: NodeId) -> u64 {
        self.nodes.load().iter().filter(|(node, _)| *node != own).map(|(_, status)| status.viewers).sum()
    }
}

/// What this node tells the others of one show.
pub(super) fn own(desk: &Desk, services: &Services) -> NodeStatus {
    let now = services.clock.now();
    let (figures, document) = (super::runner::own_figures(services), desk.document());
    let held = document.runs.iter().map(|run| {
        let outstanding = services.intake.run(run.id()).map_or(0, |intake| intake.outstanding());
        (run.id(), outstanding)
    });
    NodeStatus {
        journal: Some(figures.journal),
        stance: figures.stance,
        viewers: desk.presence.viewers(),
        staff: desk.presence.staff(now),
        screens: desk.screens_here(now),
        held: held.filter(|(_, held)| *held > 0).collect(),
        rev: document.revision,
        clock_ok: figures.clock_ok,
        fsync_us: figures.fsync_us,
        disk_free_mb: figures.disk_free_mb,
        refused: desk.moderation.refused(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::server::Role;

    #[test]
    fn who_is_on_another_node_keeps_control_for_a_while() {
        let who = |session| StaffView { session: SessionId(session), name: "Op".into(), role: Role::Operator };
        let told = |staff| {
            let status = NodeStatus { staff, viewers: 3, ..NodeStatus::default() };
            vec![(NodeId(2), serde_json::to_string(&status).unwrap()), (NodeId(3), "unreadable".to_owned())]
        };
        let (others, at) = (Others::default(), Micros::from_ms);
        assert!(others.update(NodeId(1), told(vec![who(7)]), at(1000)));
        assert!(!others.update(NodeId(1), told(vec![who(7)]), at(2000)));
        assert_eq!((others.viewers(NodeId(1)), others.viewers(NodeId(2))), (3, 0));
        assert_eq!(others.with_staff(NodeId(1), vec![who(8)]), [who(7), who(8)]);
        others.update(NodeId(1), Vec::new(), at(3000));
        assert!(others.is_present(SessionId(7), at(16_999)) && !others.is_present(SessionId(7), at(17_001)));
        assert_eq!(others.with_staff(NodeId(1), Vec::new()), []);
    }
}
