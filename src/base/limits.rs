//! Every cap of the service, each with the reason for its value. "Full" is always an answer with a retry time.

use std::time::Duration;

// ---- messages

/// Largest message from an audience client, in bytes. A ballot is about 100.
pub const AUDIENCE_MESSAGE_BYTES_MAX: usize = 4 * 1024;
/// Largest message from staff, in bytes. The largest command carries a reason of a few hundred characters.
pub const STAFF_MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Largest show file, in bytes: 500 cues with long texts.
pub const SHOW_FILE_BYTES_MAX: usize = 1024 * 1024;

// ---- WebSocket buffers, per connection

/// tungstenite zero-fills this on every read attempt, and a session tries one at every snapshot: 128 KiB (the default) costs
/// 134 KiB a connection and half the CPU. This holds a join, or five ballots; what is longer takes some reads more.
pub const WS_READ_BUFFER_BYTES: usize = 512;
/// Receipts of one wake-up are gathered up to this many bytes and go out in one write.
pub const WS_WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// A message larger than this cannot be sent at all, so it is more than the desk of the largest show: a show file of
/// 1 MiB and 40 runs of 80 KB. Nothing piles up to it: what waits is sent before more is taken (`Socket::feed`).
pub const WS_WRITE_BUFFER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Messages from the server that wait for one staff session; above it the session is closed as too slow.
pub const SESSION_INBOX_MAX: usize = 256;

// ---- connections

/// A connection must have sent its request headers within this time (against slow headers); so must a proxy its own.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(5);
/// A request's body must be there within this time: 16 KiB of a message, and for staff 1 MiB of a show file.
pub const BODY_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of one request's headers; browsers send about 500.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a proxy's header before a connection (PROXY protocol); with all that load balancers add about 300.
pub const PROXY_HEADER_BYTES_MAX: usize = 1024;
/// Addresses of one `X-Forwarded-For` that are looked at, from the right: no chain of proxies is longer.
pub const FORWARDED_HOPS_MAX: usize = 16;
/// The system ends a connection that takes no data for this long: event streams and slow downloads, too.
pub const SEND_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that the system keeps for one connection beyond what is on the network. Its own limit is megabytes, which a
/// client that does not read would fill; what waits there also makes snapshots old.
pub const UNSENT_BYTES_MAX: u32 = 64 * 1024;
/// The accept loop rests this long when the process is out of files.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A session must have joined within this time after the upgrade.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The server pings a silent session this often (spread by ± 20 %).
pub const PING_INTERVAL: Duration = Duration::from_secs(25);
/// A session from which nothing came for this long is gone (two pings missed).
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(70);
/// A write that makes no progress for this long ends the session.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// After a close the client has this long to agree.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Who is told that the node goes away has this long to agree: with the time to settle less than a drain may take.
pub const STEER_TIMEOUT: Duration = Duration::from_secs(6);
/// A ballot that came by POST is answered within this time, or `unknown`.
pub const POST_RECEIPT_TIMEOUT: Duration = Duration::from_secs(8);
/// Clients of a node that goes away come back spread over this time.
pub const RECONNECT_SPREAD_MS: u32 = 3000;
/// Connections of one process, unless configured. The default of most systems' file limit is lower: `tallylight check`
/// compares.
pub const CONNECTIONS_MAX: usize = 100_000;
/// A session of a node that drains waits this long for receipts that are on their way.
pub const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);
/// One in this many places is kept for staff and screens: with fewer left, no viewer may join.
pub const RESERVED_ONE_IN: usize = 20;
/// One in this many places may be taken by connections that have not said yet what they want: no complete request, or a
/// WebSocket that has not joined. An honest one is that for a few round trips.
pub const STRANGERS_ONE_IN: usize = 5;
/// Connections of one network (/24 of IPv4, /56 of IPv6), unless configured. A stadium's Wi-Fi or a provider's NAT is one
/// network, so it is generous: it only stops one network from taking most places. Venues and this machine are lifted.
pub const CONNECTIONS_PER_PREFIX_MAX: u32 = 5000;
/// Refusals that are being told at once; beyond that a connection is just ended.
pub const REFUSALS_MAX: usize = 256;
/// A connection that has asked for nothing when the node goes away may still do so for this long.
pub const LAST_WORD_TIMEOUT: Duration = Duration::from_secs(1);
/// Telling a connection that there is no place for it takes no longer.
pub const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Messages that a connection may get wrong before it has joined.
pub const JOIN_TRIES_MAX: usize = 3;
/// After a message that cannot even be read to its end, the close frame has this long to arrive: what was not read makes
/// the system cut the connection.
pub const LINGER: Duration = Duration::from_millis(200);
/// How long a drain may take before the process ends anyway.
pub const DRAIN_GRACE: Duration = Duration::from_secs(10);

/// A node whose journal has ended says why for so long, to load balancers and to whoever looks; then it drains and ends.
pub const FAILED_LINGER: Duration = Duration::from_secs(5);
/// How often it is looked at whether the journal has ended.
pub const FAILED_LOOK: Duration = Duration::from_millis(250);

// ---- rates, per session

/// Audience messages a session may send at once before it has to slow down.
pub const MESSAGES_BURST: u32 = 64;
/// Audience messages per second a session may send in the long run.
pub const MESSAGES_PER_SECOND: u32 = 20;

/// New voters of one network per second, in the long run: its limit of connections divided by this. That many may come
/// at once after a rest. Only new identities are slowed down, never a voter who has one.
pub const NEW_VOTERS_PART: u32 = 100;
/// Networks whose new voters are counted; those that rest are forgotten first.
pub const NETWORKS_REMEMBERED: usize = 65_536;
/// Sessions of one device in one show. Above it the oldest ends: a phone whose dead sockets are not noticed yet must
/// always get in.
pub const SESSIONS_PER_DEVICE_MAX: usize = 8;
/// Voters whose ballots by POST are counted; those that rest are forgotten first.
pub const POSTING_VOTERS_REMEMBERED: usize = 65_536;
/// A ticket is good this long: it is used at once.
pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Used tickets that are remembered until they expire; above it the answer is `busy`.
pub const TICKETS_REMEMBERED: usize = 200_000;

// ---- ballots

/// Buckets of a run. Enough that 2 to 64 cores never wait for one another, few enough that a seal reads them at once.
pub const BUCKETS: u16 = 64;
/// Ballots of one session that may wait for their receipts; honest clients have one.
pub const BALLOTS_ON_THE_WAY_MAX: u32 = 64;
/// Ballots that wait for one group, all runs together; above it the answer is `busy`.
pub const STAGED_MAX: usize = 200_000;
/// Ballots in one group commit: about a third of a megabyte, some milliseconds of work.
pub const GROUP_MAX: usize = 4096;
/// Ballots of one voter that a bucket remembers for one run (counted or not); above it the verdict is `budget`.
pub const BALLOTS_PER_VOTER_MAX: usize = 256;
/// How often a bucket of a run that is not sealed is looked at: live totals of other nodes are this old, and a tail that a
/// ledger has lost is found without traffic.
pub const LEDGER_POLL: Duration = Duration::from_millis(250);
/// … while it rebuilds after a change of its epoch.
pub const LEDGER_REBUILDING: Duration = Duration::from_millis(50);
/// A leaderboard whose ballots are not all there is tried again at most this seldom.
pub const SCORES_RETRY_MAX: Duration = Duration::from_secs(10);
/// … of a run that is over.
pub const LEDGER_IDLE: Duration = Duration::from_secs(60);
/// A call that had no answer is made again after this, doubled each time …
pub const LEDGER_RETRY_MIN: Duration = Duration::from_millis(50);
/// … up to this.
pub const LEDGER_RETRY_MAX: Duration = Duration::from_secs(1);
/// How often a node looks whether a seal waits for what its journals say.
pub const WITNESS_EVERY: Duration = Duration::from_millis(500);
/// Whoever verifies waits so long for the witness of every node that is there.
pub const WITNESS_TIMEOUT: Duration = Duration::from_secs(8);
/// A node whose witness does not agree reads again after this time, then after twice that, and so on: verdicts may still
/// be on their way to it.
pub const WITNESS_AGAIN: Duration = Duration::from_secs(2);
/// Before a run is sealed its nodes may finish what they hold of it, at most so long.
pub const SEAL_SETTLE_TIMEOUT: Duration = Duration::from_secs(3);
/// Seals made in a row, if the ledger fails over during each.
pub const SEAL_TRIES_MAX: u32 = 3;
/// How often a seal is written into a show that moves on meanwhile.
pub const SEAL_SWAPS_MAX: u32 = 5;
/// What a node says of itself is at most this old.
pub const STATUS_AGE_MS: u64 = 1500;
/// Somebody who joins waits no longer for what another node took of his; his page offers it again by its id.
pub const LEDGER_LOOK_UP_TIMEOUT: Duration = Duration::from_millis(500);
/// At most so many at once are told everything that is kept of them: each asks the ledger once for every run of the show,
/// and ballots come first.
pub const LOOKING_UP_MAX: usize = 8;
/// Closing all buckets of a run at a ledger of several nodes takes no longer, nor does reading them.
pub const SEAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Copies of ballots that a seal names one by one, because the ledger has lost their numbers and knows them from another
/// node: 2 MB of the manifest, and 8 KB of a bucket's call.
pub const SEAL_BEYOND_MAX: usize = 32_768;
/// Copies that a seal names as kept apart from it, one by one, though their numbers are below its own: those of the moments
/// between mark and seal.
pub const SEAL_APART_MAX: usize = 32_768;
/// Ballots of one run that a node may hold without a verdict; above it the answer is `busy`. A node that is silent at a
/// seal counts with as many, so that the gap that is published is never below the truth.
pub const HELD_MAX: u64 = 100_000;
/// Data directories that were written off and are named in a show's document: so many disks are not lost in one show.
pub const WRITTEN_OFF_MAX: usize = 64;
/// Options of one question, but for the steps of a scale.
pub const OPTIONS_MAX: usize = 64;
/// Steps of a scale: 0 to 100 in ones are 101.
pub const RATING_STEPS_MAX: usize = 128;
/// Votes of one voter in one run.
pub const VOTES_PER_VOTER_MAX: u16 = 100;

/// Places of a leaderboard that are published; everybody has a rank.
pub const LEADERS_MAX: usize = 100;
/// Of these so many are sent to everybody: a hundred would be more bytes than all results of a show. The rest is asked for.
pub const LEADERS_SENT_MAX: usize = 10;
/// Characters of the name of a round of quizzes and predictions: it stands above a leaderboard.
pub const ROUND_CHARS_MAX: usize = 40;

/// Runs that a show keeps on its desk; above it those that are revealed or void are archived, oldest first.
pub const RUNS_ON_DESK_MAX: usize = 40;
/// Options of all cues of a show that come from results: everybody gets the bracket with every change of the show.
pub const BRACKET_OPTIONS_MAX: usize = 128;
/// Cues of a show that carry votes over: what they carry stays on the desk.
pub const CARRYING_CUES_MAX: usize = 16;

// ---- what the audience writes

/// Characters of an item when a cue does not say.
pub const ITEM_CHARS_DEFAULT: u16 = 200;
/// The most that a cue may allow: what a screen can show, and four bytes a character fit into a message.
pub const ITEM_CHARS_MAX: u16 = 500;
/// Words of its own that a cue may have, each of at most so many characters.
pub const ITEM_WORDS_MAX: usize = 200;
/// Characters of one of them.
pub const ITEM_WORD_CHARS_MAX: usize = 40;
/// Items that a show keeps: 30 MB of memory. Above it the answer is `busy`: the show is over for writing.
pub const ITEMS_MAX: usize = 50_000;
/// Items that wait for a moderator: more than are ever read. Above it the answer is `busy`.
pub const ITEMS_WAITING_MAX: usize = 10_000;
/// Items of one device that wait; above it the next is refused until one of them is decided.
pub const ITEMS_WAITING_PER_DEVICE_MAX: usize = 5;
/// Items of one device within [`ITEM_RATE_MS`].
pub const ITEMS_PER_RATE: usize = 6;
/// The time in which they are counted.
pub const ITEM_RATE_MS: u64 = 60_000;
/// Items of one network: at once after a rest, and per second. A stadium is a venue and is lifted, as everywhere.
pub const ITEMS_PER_PREFIX_BURST: u32 = 200;
/// … and in the long run.
pub const ITEMS_PER_PREFIX_PER_SECOND: u32 = 20;
/// Marks on one letter. Vietnamese needs two, Hebrew with all its signs four.
pub const MARKS_IN_A_ROW_MAX: usize = 4;
/// Digits that are taken for the number of a telephone.
pub const PHONE_DIGITS_MIN: usize = 9;
/// Digits that a moderator should look at.
pub const NUMBER_DIGITS_FLAGGED: usize = 6;
/// What an item remembers of who did what with it.
pub const ITEM_LINES_KEPT: usize = 16;
/// Decisions that can be taken back, of all moderators together.
pub const DECISIONS_REMEMBERED: usize = 1024;
/// Items that one action may name: what a person selects, and what a message of staff takes.
pub const ITEMS_AT_ONCE_MAX: usize = 250;
/// Decisions about items that a show keeps; above it only what takes something off the screens is taken.
pub const DECISIONS_MAX: usize = 500_000;
/// An item is somebody's for so long after his page last said so; pages say it every few seconds.
pub const CLAIM_LEASE_MS: u64 = 15_000;
/// Devices of which nothing more is taken.
pub const BANNED_MAX: usize = 10_000;
/// Upvotes that a show keeps: 40 MB of memory.
pub const UPVOTES_MAX: usize = 500_000;
/// Approved questions that viewers see: nobody scrolls further on a phone, and every change goes to everybody.
pub const ASKED_SHOWN: usize = 20;
/// The list of approved questions goes to viewers at most this often, for its counts move all the time.
pub const ASKED_EVERY_MS: u64 = 2000;
/// What moderators and audiences want of a show's items and is not done yet; above it the answer is `busy`.
pub const ITEM_REQUESTS_WAITING_MAX: usize = 1024;
/// Of these one write to the documents file takes so many.
pub const ITEM_GROUP_MAX: usize = 256;
/// Items in one message to staff.
pub const ITEMS_PER_MESSAGE: usize = 250;
/// Items that were decided and are sent to a moderator who joins, newest first; all that wait or may be shown come anyway.
pub const ITEMS_DECIDED_SENT: usize = 1000;
/// Texts that a service of somebody else looks at, at once: it may be small.
pub const CHECKS_AT_ONCE: usize = 16;
/// … and with those that wait for it; above it a text waits for a moderator instead.
pub const CHECKS_WAITING_MAX: usize = 256;
/// Failures of it in a row after which it is left alone …
pub const CHECK_FAILURES: u32 = 5;
/// … for so long: who writes does not wait for what does not come.
pub const CHECK_REST: Duration = Duration::from_secs(5);
/// More than a service of somebody else has to say.
pub const SERVICE_ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// It may take so long when the settings do not say.
pub const CHECK_TIMEOUT_MS: u64 = 2000;
/// The longest that may be set: less than what a post is waited for.
pub const CHECK_TIMEOUT_MS_MAX: u64 = 5000;
/// There is no room for an item: queues are worked off within this time.
pub const RETRY_ITEMS_MS: u32 = 15_000;

// ---- reactions

/// Emoji of one run: buttons that a thumb reaches on a phone.
pub const EMOJI_MAX: usize = 8;
/// Characters of one: the longest of Unicode, a family with joiners, has ten.
pub const EMOJI_CHARS_MAX: usize = 16;
/// Taps of one device per second that count, in the long run: two thumbs of somebody who likes it very much.
pub const TAPS_PER_SECOND: u32 = 15;
/// … and at once, after a rest: what a page could not send for two seconds.
pub const TAPS_BURST: u32 = 30;
/// Sessions of one device that count side by side: its open pages, and the connection before this one.
pub const TAPPING_SESSIONS_MAX: usize = 4;
/// Devices whose running counts are remembered in a run; above it those that are silent longest are forgotten, and their
/// next count adds nothing. 20 MB, on a node of 100,000 connections.
pub const TAPPING_DEVICES_REMEMBERED: usize = 131_072;
/// Over how long the pace of reactions is measured.
pub const PACE_WINDOW_MS: u64 = 2000;
/// Nodes tell one another this often what they have counted, while a run of reactions is on program.
pub const REACTIONS_EVERY: Duration = Duration::from_millis(250);
/// What nodes counted is forgotten by Redis this long after the last of them said something.
pub const REACTIONS_TTL: Duration = Duration::from_secs(24 * 3600);

// ---- windows

/// Changes of a window take effect at least this far ahead, so that every node and every phone can know before.
pub const WINDOW_LEAD_MS: u64 = 1500;
/// Ballots that were prepared before the opening are sent within so many milliseconds from it, each at a moment of its own:
/// a full audience's at once would be the largest peak of the show.
pub const PREPARED_SPREAD_MS: u64 = 5000;
/// Extra acceptance after the close when a cue does not say: slow networks need a few seconds.
pub const GRACE_MS_DEFAULT: u64 = 3000;
/// Longest grace a cue may ask for.
pub const GRACE_MS_MAX: u64 = 120_000;
/// Longest window, in seconds (a day).
pub const WINDOW_S_MAX: u32 = 86_400;

/// Longest time that a show file may keep something before it is destroyed, in days.
pub const KEEP_DAYS_MAX: u16 = 3650;
/// Whether something is to be destroyed is looked at this often.
pub const KEEP_LOOK: Duration = Duration::from_secs(1);
/// A start that finds the clock further ahead of all that was done here has yet to see that its date is right...
pub const KEEP_LEAP_MS: u64 = 86_400_000;
/// ...and destroys nothing until the clock was sure for so long.
pub const KEEP_SURE: Duration = Duration::from_secs(3600);
/// Nothing is destroyed while a run is open, unless that was opened longer ago, and forgotten.
pub const KEEP_ASIDE_MS: u64 = 86_400_000;

// ---- staff

/// Commands that wait for a desk; people do not press faster than this is worked off.
pub const COMMANDS_WAITING_MAX: usize = 64;
/// Longest name a screen may give itself, in characters.
pub const SCREEN_NAME_CHARS_MAX: usize = 60;
/// A screen that has painted something older than this is behind.
pub const SCREEN_BEHIND_MS: u64 = 1000;
/// A screen that was silent for this long is not believed any more: three of its reports.
pub const SCREEN_SILENT_MS: u64 = 3500;
/// The same command again within this time is a double press and refused kindly.
pub const DEBOUNCE_MS: u64 = 1000;
/// An armed action stays armed this long.
pub const ARMED_MS: u64 = 5000;
/// What one member of staff has proposed can be confirmed by another one within this time: a call to the gallery next door,
/// and no decision of an hour ago.
pub const PROPOSAL_MS: u64 = 300_000;
/// Proposals that wait in one show.
pub const PROPOSALS_MAX: usize = 16;
/// What could not be stored is offered to the disk again this often.
pub const STORE_RETRY: Duration = Duration::from_secs(1);
/// The control owner's lease; a session renews it with every ping it answers.
pub const CONTROL_LEASE_MS: u64 = 15_000;
/// Staff sessions and screens of one show on one node.
pub const DESK_SESSIONS_MAX: usize = 200;
/// Answers to commands that are remembered for repeats, per show.
pub const COMMANDS_REMEMBERED: usize = 256;
/// A one-time staff link can be used this long.
pub const LINK_TTL: Duration = Duration::from_secs(12 * 3600);
/// A staff token is good this long: a production day.
pub const STAFF_TOKEN_TTL: Duration = Duration::from_secs(16 * 3600);
/// A device token is good this long: a season.
pub const DEVICE_TOKEN_TTL: Duration = Duration::from_secs(180 * 24 * 3600);

/// Keys of one show that fire triggers: a desk full of surfaces.
pub const KEYS_MAX: usize = 64;
/// Characters of a key's name.
pub const KEY_NAME_CHARS_MAX: usize = 40;
/// Triggers of one key per second, in the long run: a surface that is held down.
pub const TRIGGERS_PER_SECOND: u32 = 10;
/// … and at once, after a rest: a macro of a whole page of buttons.
pub const TRIGGERS_BURST: u32 = 30;
/// Keys that open nothing, of one network per second: a button with an old address, and no more.
pub const WRONG_KEYS_PER_SECOND: u32 = 1;
/// … and at once.
pub const WRONG_KEYS_BURST: u32 = 30;

/// As-run entries that a studio page gets when it joins.
pub const AS_RUN_TAIL: usize = 100;

// ---- many nodes

/// Every node looks at each show this often, so that what one operator does is seen on all nodes within half a second.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Where the audience cannot write, nodes look at what it wrote with one in so many of these: once a second.
pub const LOOKS_WHERE_NOTHING_IS_WRITTEN: u32 = 10;
/// A look, or a command's swap, that takes longer than this has failed: Redis answers in well under a millisecond.
pub const SHARED_TIMEOUT: Duration = Duration::from_millis(500);
/// A board that was not refreshed for this long is not trusted to judge ballots: they are held.
pub const BOARD_FRESH_MS: u64 = 1000;
/// Revisions whose hashes are kept to prove descent: an evening's commands in two or three branches that diverge by a few.
pub const HISTORY_KEPT: u64 = 256;
/// A new revision must be in Redis this soon after it was decided, or never: window changes are announced 1.5 s ahead, and
/// other nodes need the rest to see it.
pub const SWAP_WITHIN_MS: u64 = 1000;
/// A command waits at most this long for the nodes to offer what they have after Redis changed (2 s), and for others.
pub const COMMAND_WAIT: Duration = Duration::from_millis(3500);
/// What a node said of itself is forgotten after this time.
pub const STATUS_TTL_MS: u64 = 3000;
/// Entries of the as-run log in one call to Redis.
pub const LOG_BATCH: usize = 200;
/// As-run entries that wait for Redis in memory; above it they are read from the documents file again.
pub const LOG_WAITING_MAX: usize = 1000;
/// Nodes look at the installation's clock, and for new shows, this often.
pub const CLOCK_EVERY: Duration = Duration::from_millis(200);
/// An answer to a command that must not be lost waits this long for a replica to have it. Replicas say how far they are
/// once a second.
pub const REPLICA_WAIT: Duration = Duration::from_millis(2500);
/// A command that Redis has to agree to is worth another try after this time.
pub const RETRY_SHARED_MS: u32 = 2000;

// ---- live

/// Results go out at most this often; waiting results are merged, the newest wins.
pub const TICK: Duration = Duration::from_millis(250);
/// Messages that wait for a slow staff session before it loses some; the desk itself is a snapshot and cannot be lost.
pub const STAFF_LOG_WAITING_MAX: usize = 64;

// ---- shows

/// Cues of one show.
pub const CUES_MAX: usize = 500;
/// Pools of one question that count apart.
pub const POOLS_MAX: usize = 8;
/// Numbers by pool that each bucket of a run counts while it is open: 14 KB in every answer of a ledger of several nodes. A
/// part of the audience has one per option, and one more; 60 segments of 33 options fit.
pub const POOL_NUMBERS_MAX: usize = 2048;
/// Thousandths of a vote or a point that an option may be declared to have: more than there are people, and exact in every
/// program that reads JSON.
pub const DECLARED_MAX: u64 = 1_000_000_000_000_000;
/// Points that a pool gives at most.
pub const POINTS_MAX: u32 = 1_000_000;
/// Other sites that a show lets vote, and as many that may frame its page: a header of every answer names the latter.
pub const SITES_MAX: usize = 32;
/// Characters of the unit of a rating: it stands behind every number.
pub const UNIT_CHARS_MAX: usize = 12;
/// Languages of a show's own texts: viewers get a question in all of them, in one message for everybody.
pub const LANGUAGES_MAX: usize = 16;
/// Bytes of a question and its options in all other languages together, and of a bracket in them: a definition must fit into a
/// record of the journal. Ten options of 40 letters in ten languages are 5 KB.
pub const WORDINGS_BYTES_MAX: usize = 64 * 1024;
/// Entries that a show declares: parts of the audience, juries and platforms that results tell apart.
pub const ENTRIES_MAX: usize = 64;
/// Entries that a show ever declared: a ballot has one byte for their numbers, and 0 is none.
pub const ENTRY_NUMBERS_MAX: usize = 255;
/// Characters of an entry's segment, pool or platform: they stand in links, which people scan from a screen.
pub const ENTRY_NAME_CHARS_MAX: usize = 24;
/// Platforms with a delay: viewers of each get a snapshot of their own.
pub const PLATFORMS_MAX: usize = 16;
/// The most that a platform is behind, milliseconds: nothing else goes on before its viewers have voted.
pub const DELAY_MS_MAX: u64 = 180_000;
/// Timed metadata of a show that is kept: more than its runs reach while an encoder is away.
pub const TIMED_KEPT: usize = 64;
/// Who waits for it gets an answer by then, whatever it is: proxies end what is silent for longer.
pub const TIMED_WAIT_S_MAX: u64 = 25;
/// An event that is older is put into no stream any more.
pub const TIMED_OLD_MS: u64 = 30_000;
/// The most by which viewers of one platform differ, milliseconds.
pub const JITTER_MS_MAX: u64 = 60_000;
/// Characters of a title, a question or an option's label.
pub const TEXT_CHARS_MAX: usize = 300;

// ---- storage

/// Bytes of one journal segment file.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Largest payload of one journal record, in bytes: a run's definition with all its texts, entries and rules, 200 KiB at
/// most. One that did not fit would hold up the committer for ever.
pub const JOURNAL_RECORD_BYTES_MAX: usize = 256 * 1024;
/// Largest group of one journal commit, in bytes; bounds what waits in memory. A full group of ballots is under 1 MiB.
pub const JOURNAL_GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A journal segment is filled with zeros this far ahead of the records (measured, see providers/journal/segment.rs).
pub const JOURNAL_AHEAD_BYTES: u64 = 1024 * 1024;
/// Intake stops when the disk has less than this left: documents, as-run and seal still need room.
pub const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;

// ---- Redis

/// A connection to Redis is there within this time, its handshake included, or it is tried again.
pub const REDIS_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A call of Redis is answered within this time, its wait for a place included, or its outcome is unknown. The longest
/// script takes some milliseconds.
pub const REDIS_RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection that was asked and has said nothing for this long is made anew: a network may have swallowed it.
pub const REDIS_SILENT: Duration = Duration::from_secs(2);
/// Calls on their way on one connection; more wait for a place. Four shows of all their buckets.
pub const REDIS_IN_FLIGHT_MAX: usize = 256;
/// Rest after the first connection that failed; it doubles.
pub const REDIS_RECONNECT_MIN: Duration = Duration::from_millis(20);
/// Longest rest between two tries to connect: Redis is found again this soon after it is back.
pub const REDIS_RECONNECT_MAX: Duration = Duration::from_millis(500);
/// Servers of a cluster that one call is sent to, in turn: two redirections happen while a slot moves, more are a circle.
pub const REDIS_REDIRECTS_MAX: usize = 4;
/// The map of a cluster is asked for at most this often.
pub const REDIS_MAP_INTERVAL: Duration = Duration::from_millis(100);
/// Ballots of one call of the ledger: some milliseconds during which Redis does nothing else.
pub const LEDGER_BATCH_MAX: usize = 256;
/// Sub-hashes of a bucket that one call reads: about 200 KB of a full one.
pub const LEDGER_SUB_HASHES_READ: usize = 8;
/// After a change of its epoch a bucket waits at most this long for all directories to tell again what they know.
pub const LEDGER_BARRIER_MS: u64 = 2000;

// ---- retry times that a refusal for now tells

/// While a node drains, another one should be reached within this time.
pub const RETRY_DRAIN_MS: u32 = 1000;
/// Storage trouble takes a person or a restart.
pub const RETRY_STORAGE_MS: u32 = 5000;
/// A ballot is held until the ledger is back, and its receipt comes by itself: asking only helps after a reconnect.
pub const RETRY_HELD_MS: u32 = 2000;
/// A run that is not open here yet, or not known: most clients come right at the opening.
pub const RETRY_NOT_OPEN_MS: u32 = 500;
/// Clients that find no place come back spread from here to three times this.
pub const RETRY_CROWD_MS: u32 = 2000;
/// Too many ballots wait for a group: the backlog clears within this time.
pub const RETRY_FULL_MS: u32 = 500;
