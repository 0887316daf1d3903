/**
 * The wire for programs of other sites: joins a show as a viewer, keeps and offers ballots until a receipt settles them, keeps the
 * server's time, and comes back after every loss. docs/WIRE.md says what every field means.
 *
 * These addresses and names stay as they are in version 1; fields may be added to messages.
 */

export type Phase = 'standby' | 'open' | 'closing' | 'locked' | 'sealed' | 'verified' | 'revealed' | 'void';
export type ResultState = 'hidden' | 'live' | 'frozen' | 'rebuilding' | 'provisional' | 'final';
export type Answer = 'counted' | 'held' | 'refused' | 'unknown';

export interface Option {
  /** From 1; what a ballot names. */
  n: number;
  label: string;
}

/** A question that is on. */
export interface Run {
  id: string;
  cue: string;
  /** What is asked: absent for a poll. Kinds may be added, so show what you do not know as options. */
  kind?: unknown;
  question: string;
  options: Option[];
  /** What question and options are in, if the show says. */
  language?: string;
  /** Votes of one voter. */
  votes: number;
  /** Of these at most so many for one option. */
  per_option?: number;
  phase: Phase;
  hold: boolean;
  /** Server's time, milliseconds since 1970; as `Client.now`. */
  opens_at?: number;
  closes_at?: number;
  locks_at?: number;
  /** Where the viewer's platform is behind: how much the times above are later than in the studio, and by how much its viewers differ. */
  behind?: { delay_ms: number; jitter_ms: number };
  /** Where the viewer came in has a part of the window alone: the times above are theirs, and others may vote before and after. */
  own_window?: boolean;
  /** Ask once more before a ballot is given. */
  confirm?: boolean;
  /** Ballots may be given before the opening; the client sends them then. */
  prepare_ms?: number;
  /** It is held again, in place of this run, which was declared void: everybody has their votes again. */
  replaces?: string;
}

export interface Show {
  id: string;
  title: string;
  /** What the title is in, if the show says. */
  language?: string;
  languages?: string[];
  rehearsal: boolean;
  /** Absent: nothing is on. */
  run?: Run;
}

export interface Results {
  run: string;
  state: ResultState;
  /** When these were the numbers, server's time. */
  as_of: number;
  total: number;
  /** `share` is percent; all of them add up to 100. */
  options: { n: number; votes: number; share: number }[];
}

/** A ballot of this device. */
export interface Ballot {
  run: string;
  id: string;
  picks: number[];
  question: string;
  labels: string[];
  /** When it was given, server's time. */
  given: number;
  /** `kept`: no answer yet. */
  is: 'kept' | Answer;
  reason?: string;
  /** Votes that are left. */
  left?: number;
}

export interface LinkState {
  /** `ended`: nothing more is tried; `why` says it. */
  is: 'connecting' | 'up' | 'down' | 'ended';
  kind: 'websocket' | 'sse' | 'polling';
  /** A code: `no_show`; `bad_origin` where this site is not among the show's origins. */
  why?: string;
  offline: boolean;
}

export interface Events {
  link: LinkState;
  show: Show;
  results: Results;
  ballots: Ballot[];
  problem: { code: string; detail: string };
}

export interface ClientOptions {
  /** The show's id. */
  show: string;
  /** The server's origin; this page's, if left out. */
  server?: string;
  /** The code of an entry link, from behind its `#e=`. */
  entry?: string;
}

/**
 * What a player measures: `pdt`, the programme date and time of the picture that is seen now (`EXT-X-PROGRAM-DATE-TIME`; milliseconds
 * since 1970, or a date); `latency`, seconds by which it is behind the studio's output; `offset`, the same in milliseconds.
 */
export type Measure = { mode: 'pdt'; value: number | Date } | { mode: 'latency'; value: number } | { mode: 'offset'; value: number };

export class Client extends EventTarget {
  constructor(options: ClientOptions);
  /** The newest of each. */
  readonly show: Show | undefined;
  readonly results: Results | undefined;
  readonly state: LinkState;
  /** This viewer's ballots, oldest first. */
  readonly ballots: Ballot[];
  /** Joins, and comes back by itself until `stop`. */
  start(): void;
  stop(): void;
  /** The server's time, milliseconds since 1970. */
  now(): number;
  /**
   * How late this viewer's own picture is; say it as often as you like, and nothing to go by the platform again. Times of a run and
   * when `show` and `results` come move with it, at most by the `jitter_ms` of the platform; of who came by no platform, nothing
   * moves. It is for what is shown: whether a ballot is in time goes by the entry link.
   */
  sync(measure?: Measure): void;
  /** The languages that the reader wants, the dearest first. */
  speak(languages: readonly string[]): void;
  /** Gives a ballot: option numbers, one for each vote. The receipt comes as `ballots`. */
  vote(run: Run, picks: number[]): void;
  /** Takes back a ballot that waits for the opening; its picks, or none. */
  takeBack(run: string): number[];
  /** Comes in again by another entry link. */
  enter(code: string): void;
  /** Everything that the server keeps of this viewer in this show. */
  mine(): Promise<Record<string, unknown>>;
  addEventListener<K extends keyof Events>(type: K, listener: (event: CustomEvent<Events[K]>) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}
