//! Every metric of the service, with its help text. The exporter adds the unit and, for counters, `_total`.

/// A metric's name and help.
pub type Name = (&'static str, &'static str);

/// Gauge, by `role`.
pub const SESSIONS: Name = ("tallylight_sessions", "Sessions that have joined");
/// Gauge.
pub const CONNECTIONS: Name = ("tallylight_connections", "Open connections");
/// Counter, by `answer` and `reason`.
pub const RECEIPTS: Name = ("tallylight_receipts", "Receipts sent");
/// Histogram.
pub const RECEIPT_SECONDS: Name = ("tallylight_receipt", "Time from a ballot's arrival to its receipt");
/// Gauge.
pub const FSYNC_SECONDS: Name = ("tallylight_journal_fsync", "Duration of the last group's fsync");
/// Gauge.
pub const DISK_FREE_BYTES: Name = ("tallylight_journal_disk_free", "Disk space left above the reserve");
/// Gauge, 1 for the state that holds, by `stance`.
pub const STANCE: Name = ("tallylight_stance", "Whether ballots are taken, and if not why");
/// Histogram.
pub const LEDGER_SECONDS: Name = ("tallylight_ledger_call", "Time of a call to the ledger of several nodes");
/// Counter.
pub const LEDGER_UNREACHED: Name = ("tallylight_ledger_unreached", "Calls to the ledger that had no answer");
/// Counter.
pub const REACTIONS: Name = ("tallylight_reactions", "Taps of viewers that were counted");
/// Counter, by `code`.
pub const PROBLEMS: Name = ("tallylight_problems", "Requests and messages that were not done, by code");
/// Counter, by `command` and `code` (`ok` if done).
pub const COMMANDS: Name = ("tallylight_commands", "Commands of staff");
/// Counter, by `answer` and `reason`.
pub const SAID: Name = ("tallylight_said", "Answers to questions and texts of the audience");
/// Counter, by `outcome`.
pub const TEXT_CHECKS: Name = ("tallylight_text_checks", "Texts that the check of somebody else was asked about");
/// Counter, by `outcome`.
pub const TIMED: Name =
    ("tallylight_timed_metadata", "Tries to tell the encoder's service an event, and events lost for it");
/// Counter.
pub const INCIDENTS: Name = ("tallylight_incidents", "Differences and damages that somebody has to look at");
