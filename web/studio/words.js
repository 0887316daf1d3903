/** What the studio says: phases, refusals and what to do about them. One catalogue, as on the audience page. */

/** @type {Record<string, string>} */
export const phases = {
  standby: 'Standby', open: 'Open', closing: 'Closing', locked: 'Locked', sealed: 'Sealed', verified: 'Verified', revealed: 'Revealed', void: 'Void',
};

/** The verbs as the operator reads them. @type {Record<string, string>} */
export const verbs = {
  standby: 'Standby', take: 'Take', next: 'Next', back: 'Back', step: 'Step', open: 'Open', close: 'Close', extend: 'Extend', hold: 'Hold', marker: 'Marker',
  release: 'Release', freeze: 'Freeze', unfreeze: 'Unfreeze', clear: 'Clear', panic: 'Panic', seal: 'Seal', verify: 'Verify', arm: 'Arm',
  reveal: 'Reveal', resolve: 'Resolve', void: 'Void', write_off: 'Write off', confirm: 'Confirm', decline: 'Decline', propose: 'Propose', exclude: 'Leave out', override: 'Declare', go_live: 'Go live', rehearse: 'Rehearse', control: 'Control', approve: 'Approve', reject: 'Reject', edit: 'Edit', hide: 'Hide', ban: 'Ban', unban: 'Unban', undo: 'Undo', pick: 'Pick', unpick: 'Unpick',
  use: 'Use', pull: 'Pull', pause: 'Pause', resume: 'Resume', opened: 'Opened', closed: 'Closed', locked: 'Locked', sealed: 'Sealed',
  cue_add: 'Add cue', cue_edit: 'Edit cue', cue_move: 'Move cue', cue_remove: 'Remove cue', created: 'Created', rundown: 'Rundown', key: 'Key', entered: 'Node entered', left: 'Node left', joined: 'Branches joined',
};

/** What kind of question a run is, where it is more than its options. @type {Record<string, string>} */
export const kinds = { head_to_head: 'head to head', tug_of_war: 'tug of war', rating: 'rating', quiz: 'quiz', prediction: 'prediction' };

/** What a graphic shows at each step. */
export const steps = ['Question', 'Bars', 'Result', 'Winner'];

/** @type {Record<string, string>} */
export const graphics = { on_air: 'On air', cleared: 'Cleared', panic: 'Removed by panic' };

/** @type {Record<string, string>} */
export const stances = { open: 'Open', holding: 'Ballots are held', draining: 'Draining', disk_full: 'Disk full', journal_failed: 'Journal failed' };

/** Why a command was not done, and what to do. @type {Record<string, [string, string]>} */
const refusals = {
  stale: ['The show has moved on since you looked.', ''],
  not_now: ['Not possible in this state.', ''],
  not_armed: ['It was not armed, or the 5 s are over.', 'Press once to arm, and again within 5 s.'],
  no_control: ['Somebody else has control.', 'Press K to ask for it, or hold Take over for 2 s.'],
  too_soon: ['A double press.', 'The first press counts; nothing was done twice.'],
  forbidden: ['Your role may not do that.', 'Ask a producer or the adjudicator.'],
  bad_token: ['Your entry is no longer good.', 'Open a new link to this page.'],
  not_found: ['There is no such cue or run any more.', 'Look at the rundown.'],
  bad_show: ['The text has a mistake.', ''],
  no_show: ['There is no such show.', ''],
  busy: ['Not possible right now.', 'Press again in a moment.'],
  draining: ['The node is going away.', 'This page joins another by itself; then press again.'],
  storage: ['The node cannot write, so nothing was done.', 'Clear and panic still work. See to the disk.'],
  internal: ['A fault on our side.', 'Look whether it was done before you press again.'],
  not_sent: ['Not sent: what you pressed just before it was not done.', 'Look again, then press again.'],
  no_answer: ['No answer. Whether it was done is not known.', 'Look at the rundown before you press again.'],
};

/** What the server says, as a sentence beside others. @param {string|undefined} text */
function sentence(text) {
  const whole = text ? text[0].toUpperCase() + text.slice(1) : '';
  return /[\w)”"]$/.test(whole) ? `${whole}.` : whole;
}

/** @param {string|undefined} code @param {string|undefined} detail */
export function refusal(code, detail) {
  const [title, advice] = refusals[code ?? ''] ?? ['Not done.', ''];
  if (code === 'no_control') return { title, advice };
  return { title, advice: code === 'busy' && detail ? sentence(detail) : [sentence(detail), advice].filter(Boolean).join(' ') };
}
