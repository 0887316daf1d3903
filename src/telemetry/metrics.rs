//! The metrics of this process, in the OpenMetrics text format.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::sync::atomic::AtomicU64;

use super::names;
use crate::{
    base::stance::Stance,
    wire::{
        codes::Code,
        moderation::{Checked, Said, WhyNot},
        server::{Answer, Reason, Receipt, Role},
    },
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiptLabel {
    answer: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabel {
    command: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StanceLabel {
    stance: &'static str,
}

/// All metrics. Counting is a few atomic operations; labels are only ever words of this program.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    sessions: Family<RoleLabel, Gauge>,
    connections: Gauge,
    receipts: Family<ReceiptLabel, Counter>,
    /// Of these the one that nearly all are, without a look at its labels.
    counted: Counter,
    said: Family<ReceiptLabel, Counter>,
    text_checks: Family<OutcomeLabel, Counter>,
    timed: Family<OutcomeLabel, Counter>,
    receipt_seconds: Histogram,
    fsync_seconds: Gauge<f64, AtomicU64>,
    disk_free_bytes: Gauge,
    stance: Family<StanceLabel, Gauge>,
    problems: Family<CodeLabel, Counter>,
    commands: Family<CommandLabel, Counter>,
    incidents: Counter,
    ledger_seconds: Histogram,
    ledger_unreached: Counter,
    reactions: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        // From a local fsync (0.1 ms) to what nobody waits for.
        let buckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
        let mut metrics = Self {
            registry: Registry::default(),
            sessions: Family::default(),
            connections: Gauge::default(),
            receipts: Family::default(),
            counted: Counter::default(),
            said: Family::default(),
            text_checks: Family::default(),
            timed: Family::default(),
            receipt_seconds: Histogram::new(buckets),
            fsync_seconds: Gauge::default(),
            disk_free_bytes: Gauge::default(),
            stance: Family::default(),
            problems: Family::default(),
            commands: Family::default(),
            incidents: Counter::default(),
            ledger_seconds: Histogram::new(buckets),
            ledger_unreached: Counter::default(),
            reactions: Counter::default(),
        };
        metrics.counted = metrics.receipts.get_or_create(&ReceiptLabel { answer: "counted", reason: "none" }).clone();
        let registry = &mut metrics.registry;
        registry.register(names::SESSIONS.0, names::SESSIONS.1, metrics.sessions.clone());
        registry.register(names::CONNECTIONS.0, names::CONNECTIONS.1, metrics.connections.clone());
        registry.register(names::RECEIPTS.0, names::RECEIPTS.1, metrics.receipts.clone());
        registry.register(names::SAID.0, names::SAID.1, metrics.said.clone());
        registry.register(names::TEXT_CHECKS.0, names::TEXT_CHECKS.1, metrics.text_checks.clone());
        registry.register(names::TIMED.0, names::TIMED.1, metrics.timed.clone());
        registry.register_with_unit(
            names::RECEIPT_SECONDS.0,
            names::RECEIPT_SECONDS.1,
            Unit::Seconds,
            metrics.receipt_seconds.clone(),
        );
        registry.register_with_unit(
            names::FSYNC_SECONDS.0,
            names::FSYNC_SECONDS.1,
            Unit::Seconds,
            metrics.fsync_seconds.clone(),
        );
        registry.register_with_unit(
            names::DISK_FREE_BYTES.0,
            names::DISK_FREE_BYTES.1,
            Unit::Bytes,
            metrics.disk_free_bytes.clone(),
        );
        registry.register(names::STANCE.0, names::STANCE.1, metrics.stance.clone());
        registry.register(names::PROBLEMS.0, names::PROBLEMS.1, metrics.problems.clone());
        registry.register(names::COMMANDS.0, names::COMMANDS.1, metrics.commands.clone());
        registry.register(names::INCIDENTS.0, names::INCIDENTS.1, metrics.incidents.clone());
        registry.register_with_unit(
            names::LEDGER_SECONDS.0,
            names::LEDGER_SECONDS.1,
            Unit::Seconds,
            metrics.ledger_seconds.clone(),
        );
        registry.register(names::LEDGER_UNREACHED.0, names::LEDGER_UNREACHED.1, metrics.ledger_unreached.clone());
        registry.register(names::REACTIONS.0, names::REACTIONS.1, metrics.reactions.clone());
        metrics
    }
}

impl Metrics {
    /// A connection was opened (1) or closed (-1).
    pub fn connections(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// A question or a text was answered.
    pub fn said(&self, said: &Said) {
        let label = ReceiptLabel { answer: said.is.word(), reason: said.reason.map_or("none", WhyNot::word) };
        self.said.get_or_create(&label).inc();
    }

    /// Somebody else's check was asked.
    pub fn text_check(&self, checked: Checked) {
        self.text_checks.get_or_create(&OutcomeLabel { outcome: checked.word() }).inc();
    }

    /// The encoder's service was told an event: `sent`, `failed`, or at last `lost`.
    pub fn timed(&self, outcome: &'static str) {
        self.timed.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// A session joined (1) or left (-1).
    pub fn sessions(&self, role: Role, change: i64) {
        let role = match role {
            Role::Viewer => "viewer",
            Role::Screen => "screen",
            Role::Observer | Role::Moderator | Role::Operator | Role::Producer | Role::Adjudicator => "staff",
        };
        self.sessions.get_or_create(&RoleLabel { role }).inc_by(change);
    }

    /// A receipt goes out.
    pub fn receipt(&self, receipt: &Receipt) {
        if receipt.is == Answer::Counted {
            self.counted.inc();
            return;
        }
        let answer = receipt.is.word();
        let reason = receipt.reason.map_or("none", Reason::word);
        self.receipts.get_or_create(&ReceiptLabel { answer, reason }).inc();
    }

    /// How long a ballot waited for its receipt.
    pub fn receipt_time(&self, waited: Duration) {
        self.receipt_seconds.observe(waited.as_secs_f64());
    }

    /// Something was not done.
    pub fn problem(&self, code: Code) {
        self.problems.get_or_create(&CodeLabel { code: code.word() }).inc();
    }

    /// A command was answered.
    pub fn command(&self, command: &'static str, code: Option<Code>) {
        self.commands.get_or_create(&CommandLabel { command, code: code.map_or("ok", Code::word) }).inc();
    }

    /// A call to the ledger ended.
    pub fn ledger_call(&self, took: Duration, answered: bool) {
        self.ledger_seconds.observe(took.as_secs_f64());
        if !answered {
            self.ledger_unreached.inc();
        }
    }

    /// Taps were counted.
    pub fn reactions(&self, added: u64) {
        self.reactions.inc_by(added);
    }

    /// Somebody has to look.
    pub fn incident(&self) {
        self.incidents.inc();
    }

    /// Takes the figures that are looked at now and then, and writes everything.
    pub fn render(&self, stance: Stance, fsync: Duration, disk_free_bytes: u64) -> String {
        self.fsync_seconds.set(fsync.as_secs_f64());
        self.disk_free_bytes.set(i64::try_from(disk_free_bytes).unwrap_or(i64::MAX));
        for one in [Stance::Open, Stance::Holding, Stance::Draining, Stance::DiskFull, Stance::JournalFailed] {
            self.stance.get_or_create(&StanceLabel { stance: one.word() }).set(i64::from(one == stance));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing into a string does not fail");
        text
    }
}
