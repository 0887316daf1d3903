/**
 * The types of `tallylight.v1`, as docs/WIRE.md and src/wire/ say them. Types only: this file does nothing when it runs.
 *
 * @typedef {'viewer'|'screen'|'observer'|'moderator'|'operator'|'producer'|'adjudicator'} Role
 * @typedef {'poll'|'head_to_head'|'tug_of_war'|'reactions'|'applause'|'questions'|'texts'|{ rating: Scale }|{ quiz: Answers }|{ prediction: Answers }} Kind
 * @typedef {{ right?: number[], corrected?: boolean }} Answers
 * @typedef {{ from: number, to: number, step?: number, decimals?: number, unit?: string, low?: string, high?: string }} Scale in whole numbers of the smallest decimal
 * @typedef {'standby'|'open'|'closing'|'locked'|'sealed'|'verified'|'revealed'|'void'} Phase
 * @typedef {'hidden'|'live'|'frozen'|'rebuilding'|'provisional'|'final'} ResultState
 * @typedef {'counted'|'held'|'refused'|'unknown'} Answer
 * @typedef {'invalid'|'not_eligible'|'void'|'late'|'budget'|'id_reused'|'displaced'|'not_open'|'busy'|'after_seal'} Reason
 * @typedef {'reveal'|'resolve'|'void'|'go_live'|'write_off'|'confirm'|'exclude'|'override'} Armable
 *
 * @typedef {{ n: number, label: string, language?: string }} OptionView
 * @typedef {{ question: string, options?: string[], low?: string, high?: string, unit?: string, segment?: string }} Wording
 * @typedef {{ id: string, cue: string, kind?: Kind, question: string, writing?: WritingView, options: OptionView[], texts?: Record<string, Wording>, language?: string, votes: number, phase: Phase, hold: boolean, per_option?: number, changeable?: boolean, pools?: string[], not_from?: Record<string, number[]>, after_vote?: boolean, confirm?: boolean, prepare_ms?: number, replaces?: string,
 *   opens_at?: number, closes_at?: number, locks_at?: number, behind?: { delay_ms: number, jitter_ms: number }, own_window?: boolean }} RunView
 * `language`, of a show, a run and an option: what its title, its question and its label are in; said by this client, not by the server.
 *
 * @typedef {{ state: 'on_air'|'cleared'|'panic', step: number, frozen: boolean }} GraphicView
 * @typedef {{ t?: 'show', id: string, title: string, languages?: string[], titles?: Record<string, string>, language?: string, epoch: number, rev: number,
 *   now: number, rehearsal: boolean, run?: RunView, next?: RunView, item?: AirView, bracket?: Bracket, graphic: GraphicView }} ShowView
 * @typedef {{ matches: BracketMatch[] }} Bracket cues that lead to one another, in the order of the rundown
 * @typedef {{ cue: string, name: string, names?: Record<string, string>, segment?: string, segments?: Record<string, string>, round: number, sides: { label?: string, labels?: Record<string, string>, from?: string, place?: number }[], winner?: number }} BracketMatch
 *
 * @typedef {{ n: number, votes: number, share: number }} OptionResult
 * @typedef {{ t?: 'results', run: string, state: ResultState, epoch: number, version: number, as_of: number, total: number,
 *   options: OptionResult[], outcome?: Outcome, rated?: Rated, pace?: Pace, carried?: boolean, excluded?: boolean, declared?: boolean }} Results
 * `carried`: with the votes of an earlier run; `excluded`: without a part of what was counted; `declared`: not counted at all.
 * @typedef {{ mean: number, exact: string, median: number }} Rated
 * @typedef {{ now: number, highest: number }} Pace taps per second
 * @typedef {{ polarity: 'save'|'evict', unit: 'votes'|'percent'|'points', places: Place[], pools?: PoolOutcome[] }} Outcome
 * @typedef {{ n: number, rank: number, points: number, exact?: string, reached?: boolean }} Place `exact`: once it is sealed
 * @typedef {{ name: string, votes: number[], points: number[], silent?: boolean }} PoolOutcome
 *
 * @typedef {{ t?: 'leaderboard', round?: string, runs: string[], players: number, top: ScoreLine[] }} Leaderboard
 * @typedef {{ t?: 'score', run: string, gained?: number, line?: ScoreLine }} Score
 * @typedef {{ rank: number, name: string, points: number, right: number, ms: number }} ScoreLine
 *
 * @typedef {{ t?: 'receipt', run: string, id: string, is: Answer, reason?: Reason, retry_ms?: number, left?: number,
 *   at?: number, picks?: number[], repeated?: boolean, change?: number, change_seen?: number, in_force?: boolean, instead?: string, excluded?: boolean }} Receipt
 * @typedef {{ t?: 'welcome', protocol: string, node: string, session: string, now: number, role: Role, device?: string,
 *   entry?: { segment?: string, pool?: string, platform?: string }, problem?: Problem, mine?: Receipt[] }} Welcome
 *
 * @typedef {{ chars_max: number, upvotes: boolean }} WritingView
 * @typedef {{ id: string, text: string, hash: string }} AirView
 * @typedef {{ t?: 'asked', run: string, questions: { id: string, text: string, upvotes: number }[], more?: boolean }} Asked
 * @typedef {{ run: string, id: string, is: 'waiting'|'approved'|'shown'|'refused'|'unknown', reason?: string, detail?: string, retry_ms?: number, text?: string }} Said
 * @typedef {'waiting'|'approved'|'rejected'|'hidden'|'picked'|'used'} ItemState
 * @typedef {{ at: number, by: string, what: string }} ItemLine
 * @typedef {{ id: string, v: number, kind: 'question'|'text', run: string, cue: string, at: number, device: string, entry?: { segment?: string, pool?: string, platform?: string },
 *   text: string, sent?: string, hash: string, state: ItemState, reason?: string, flags?: string[], upvotes?: number, log?: ItemLine[] }} ItemView
 * @typedef {{ item: string, session: string, name: string, until: number }} ClaimView
 * @typedef {{ t?: 'items', whole?: boolean, items: ItemView[], counts: Record<ItemState, number>, claims: ClaimView[],
 *   banned: { device: string, at: number, by: string }[], paused?: string, on_air?: string,
 *   refused?: Record<string, number> }} Items
 *
 * @typedef {{ session: string, name: string, role: Role }} StaffView
 * @typedef {{ number: string, segment: string, title: string, question: string, options: OptionView[], votes: number,
 *   window_s?: number, opens_on_take: boolean, adlib?: boolean, carry_from?: string }} CueView
 * @typedef {{ cue: string, run: string, edited?: boolean }} OnDesk
 * @typedef {{ revision: number, total: number, margin: number, outstanding: number, late: number,
 *   by_entry?: EntryCount[], by_part?: PartCount[], outcome?: Outcome, rated?: Rated, correction?: CorrectionView, late_would_change_order: boolean, decisive: boolean, rules_hash: string, recount_agrees?: boolean, verified_by?: string, hidden?: boolean }} SealView
 * @typedef {{ segment?: string, pool?: string, platform?: string, counted: number, votes: number[], carried?: number[], excluded?: boolean }} EntryCount
 * @typedef {{ segment?: string, pool?: string, platform?: string }} EntryName
 * @typedef {{ at: number, by: [string, string], reason: string, excluded?: EntryName[], declared?: number[], right?: number[], counted?: number[] }} CorrectionView
 * @typedef {{ of: 'segment'|'pool'|'platform', name: string, counted: number, votes: number[], carried?: number[] }} PartCount
 * @typedef {RunView & { rehearsal: boolean, extend_reopens: boolean, seal?: SealView, void_reason?: string, carried?: CarriedView, right?: number[], platforms?: PlatformView[] }} DeskRun
 * @typedef {{ cue: string, run: string, revision: number, votes?: number[], changed?: 'void'|'corrected' }} CarriedView
 * @typedef {{ platform: string, label: string, segment?: string, from_s?: number, to_s?: number, delay_ms: number, phase: Phase, opens_at?: number, closes_at?: number, locks_at?: number }} PlatformView
 * @typedef {{ what: Armable, run?: string, until: number, by: string }} ArmedView
 * @typedef {{ t?: 'desk', id: string, title: string, epoch: number, rev: number, now: number, rehearsal: boolean, cues: CueView[],
 *   standby?: OnDesk, program?: OnDesk, next_cue?: string, back_cue?: string, graphic: GraphicView, runs: DeskRun[], owner?: StaffView, requests: StaffView[],
 *   staff: StaffView[], armed: ArmedView[], proposals?: ProposalView[], roster?: string[], written_off?: WrittenOffView[], platforms?: DelayView[] }} DeskView
 * @typedef {{ platform: string, label: string, delay_ms: number, declared_ms: number }} DelayView
 * @typedef {{ id: string, what: string, run: string, reason?: string, exclude?: EntryName[], declare?: number[], right?: number[], by: string, session: string, at: number, until: number }} ProposalView
 * @typedef {{ node: string, at: number, by: string, reason: string, returned_at?: number }} WrittenOffView
 *
 * @typedef {{ run: string, counted: number, superseded: number, rate: number, late: number, late_would_change_order: boolean, outstanding: number,
 *   margin: number, decisive: boolean, by_part?: PartCount[], hidden?: boolean }} RunGauge
 * @typedef {{ name: string, host: string, graphic: string, visible: boolean, active: boolean, rev: number, fps: number,
 *   at: number, output: Output, run?: string, state: 'current'|'changing'|'behind'|'silent' }} ScreenView
 * @typedef {{ program: boolean, preview: boolean, graphic: 'off_air'|'coming'|'on_air'|'going', ok: number, stale: string[] }} ScreenTally
 * @typedef {{ node: string, journal: string, stance: string, fsync_us: number, disk_free_mb: number, clock_ok: boolean }} NodeGauge
 * @typedef {{ t?: 'gauge', now: number, viewers: number, run?: RunGauge, screens: ScreenView[], tally: ScreenTally, node: NodeGauge, nodes?: NodeLine[], redis?: RedisGauge }} Gauge
 * @typedef {{ node: string, stance: string, viewers: number, held: number, rev: number, clock_ok: boolean }} NodeLine
 * @typedef {{ ok: boolean, round_trip_us: number, down_since?: number, detail?: string, buckets_away?: number }} RedisGauge
 *
 * @typedef {{ id: string, at: number, rehearsal: boolean, by: string, what: string, cue?: string, run?: string, note?: string }} AsRunEntry
 * @typedef {{ t?: 'done', id: string, ok: boolean, rev: number, code?: string, detail?: string, proposal?: string }} Done
 * @typedef {{ t?: 'problem', code: string, detail: string, retry_ms?: number }} Problem
 *
 * @typedef {'program'|'preview'|'monitor'} Output
 * @typedef {{ host: string, graphic: string, visible: boolean, active: boolean, rev: number, fps: number, output: Output, run?: string }} Shown
 */

/** The WebSocket subprotocol of this version. */
export const SUBPROTOCOL = 'tallylight.v1';
