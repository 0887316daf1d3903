/**
 * Every word a viewer reads. One catalogue per language with the same keys; `{name}` is filled in.
 * Words as in the glossary: ballot, receipt, counted, held, refused, show.
 */
const en = {
  connecting: 'Connecting…',
  connected_websocket: 'Connected',
  connected_sse: 'Connected, one-way (events and requests)',
  connected_polling: 'Connected, asking every 2 s',
  offline: 'No network on this device',
  down: 'Connection lost, trying again',
  ended_no_show: 'There is no show at this address.',
  ended_forbidden: 'This show is not open to you.',
  ended_replaced: 'This show is open in many newer pages on this device. Close some, then load this one again.',
  ended_other: 'The server does not take this page any more. Load it again.',
  transport_websocket: 'WebSocket',
  transport_sse: 'Server-sent events',
  transport_polling: 'Polling',
  astray: 'The link that led you here is not one of this show any more. You can vote all the same.',

  rehearsal: 'Rehearsal: nothing here counts for the show.',
  waiting_title: 'Nothing to vote on right now',
  waiting_text: 'Keep this page open. The question appears here by itself.',
  first_title: 'One moment',
  first_text: 'Asking what is on.',

  opens_soon: 'Voting has not opened yet',
  opens_in: 'Opens in',
  open_until: 'Voting closes in',
  open_by_hand: 'Voting is open',
  on_hold: 'Voting is open, the clock is on hold',
  closing: 'Time is up',
  closing_text: 'Ballots on their way are still taken.',
  locked: 'Voting is closed',
  locked_text: 'Being checked. The result comes next.',
  verified_text: 'Verified. The result comes next.',
  revealed: 'Result',
  void: 'This question is void',
  void_text: 'It was declared void. No ballot in it counts.',

  not_for_you: 'This question is for others to answer.',
  closed_to_you: 'Not from your region',

  choose_one: 'Choose one',
  choose_many: 'Give your {votes} votes, as many as you like to each',
  choose_many_most: 'Give your {votes} votes, at most {most} to each',
  choose_left: 'You have {left} left to give',
  more: 'One more vote for {label}',
  fewer: 'One vote less for {label}',
  send_none: 'Choose an answer',
  send_one: 'Vote for {label}',
  send_many: 'Send {n} votes',
  send_many_one: 'Send 1 vote',
  confirm_ask: 'Send {choice}?',
  confirm_yes: 'Yes, send',
  change: 'Change',
  prepare_text: 'You can hand in now. It is sent by itself when voting opens.',
  prepare_one: 'Hand in {label}',
  prepare_many: 'Hand in {n} votes',
  prepare_many_one: 'Hand in 1 vote',
  choose_done: 'You have given all your votes',
  mine: 'Your vote',
  mine_pending: 'Your vote, waiting',
  mine_many: '{n} of your votes',
  winner: 'Winner',
  tie: 'Tie',
  leaves: 'Leaves',
  reached: 'Reached',
  not_reached: 'Not reached',
  points: '{n} points',
  points_one: '1 point',

  result_hidden: 'The numbers are not shown yet.',
  result_after_vote: 'Vote, and you see the numbers.',
  result_live: 'Live. Counting goes on.',
  result_frozen: 'Numbers frozen at {time}. Counting goes on.',
  result_rebuilding: 'Numbers of {time}: being put together again. Counting goes on.',
  result_provisional: 'Provisional, not verified yet.',
  result_final: 'Final and verified.',
  result_total: '{n} votes',
  result_total_one: '1 vote',
  result_says: '{label}: {share}',

  receipt_kept: 'Sending',
  receipt_kept_text: 'Your ballot for {choice} is on its way.',
  receipt_kept_offline: 'Kept on this device',
  receipt_kept_offline_text: 'Your ballot for {choice} is not sent yet. It goes out by itself when the network is back.',
  receipt_prepared: 'Handed in',
  receipt_prepared_text: 'Your ballot for {choice} is on this device. It is sent by itself when voting opens; keep this page open. You may change it until then.',
  receipt_prepared_open_text: 'Voting is open. Your ballot for {choice} is sent by itself within a few seconds.',
  receipt_not_sent: 'Not sent',
  receipt_not_sent_text: 'Your ballot for {choice} was not sent: this page was not open, or not connected, while voting was.',
  receipt_counted: 'Counted',
  receipt_counted_text: 'Your ballot for {choice} is in the tally.',
  receipt_held: 'Held',
  receipt_held_text: 'We have it and keep trying. Your ballot for {choice} is safe; it is not in the tally yet.',
  receipt_after_seal: 'Held',
  receipt_after_seal_text: 'We have it, but it came after the count was sealed. It counts only if the count is made anew.',
  receipt_unknown: 'Not known yet',
  receipt_unknown_text: 'The server cannot say yet what became of your ballot for {choice}. We keep asking.',
  receipt_waiting: 'Not taken yet',
  receipt_not_open_text: 'Voting is not open here. Your ballot for {choice} is kept and offered again.',
  receipt_busy_text: 'The server is full right now. Your ballot for {choice} is kept and offered again.',
  receipt_refused: 'Not counted',
  refused_late: 'It reached us at {at}, after voting closed. You gave it at {given}.',
  refused_late_plain: 'It reached us after voting closed. You gave it at {given}.',
  refused_budget: 'You had no vote left for it: an earlier ballot of yours was counted.',
  refused_invalid: 'It does not fit the question.',
  refused_not_eligible: 'You may not vote on this question.',
  refused_void: 'The question was declared void.',
  refused_id_reused: 'Its number was used before for another choice. Load the page again to vote.',
  refused_displaced: 'Another ballot of yours was found to have been counted first.',
  receipt_at: 'Received at {time}',
  receipt_given: 'Given at {time}',
  earlier: 'Earlier ballots',
  earlier_line: '{question}: {state}',

  mine_get: 'What is kept about me',
  mine_asking: 'Asking…',
  mine_file: 'my-votes.json',
  mine_done: 'Downloaded. Nothing else is kept.',
  mine_failed: 'It cannot be read right now. Try again.',

  share: 'Share',
  share_title: 'Vote with us',
  share_text: 'Scan the code or open the address.',
  share_copy: 'Copy address',
  share_copied: 'Copied',
  share_close: 'Close',
  share_qr: 'QR code of {address}',
};

/** @type {Record<string, Partial<typeof en>>} */
const languages = { en };

const chosen = languages[navigator.language.slice(0, 2)] ?? en;

/**
 * A text of the catalogue; English where a language has none.
 * @param {keyof typeof en} key
 * @param {Record<string, string|number>} [values]
 */
export function say(key, values = {}) {
  const text = chosen[key] ?? en[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** @typedef {keyof typeof en} Word */
