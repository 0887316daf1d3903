/** What the moderators' page says. One catalogue, as on the other pages. */

/** @type {Record<string, string>} */
export const states = {
  all: 'All', waiting: 'Waiting', approved: 'Approved', picked: 'Picked', used: 'Used', rejected: 'Rejected', hidden: 'Hidden',
};

/** Reasons of a rejection, by their digit; the sender reads them in words of the server. @type {[string, string][]} */
export const reasons = [
  ['off_topic', 'Off topic'], ['rude', 'Hurtful'], ['personal', 'Private'], ['advertising', 'Advertising'], ['repeated', 'Sent before'],
  ['unclear', 'Unclear'], ['other', 'Other'],
];

/** @type {Record<string, string>} */
export const whyNot = { ...Object.fromEntries(reasons), hidden: 'Taken back', banned: 'Device banned' };

/** What the automatic rules refuse. @type {Record<string, string>} */
export const ruled = {
  empty: 'Nothing in it', too_long: 'Too long', characters: 'Characters that do not show', link: 'Link', contact: 'Mail address or number', words: 'Listed word', check: 'Refused by the check',
};

/** @type {Record<string, string>} */
export const flags = {
  scripts: 'Letters of two scripts', duplicate: 'Sent by others too', hidden_word: 'May hide a listed word', numbers: 'Long number', shouting: 'All capitals',
  check: 'The check says: look twice', unchecked: 'Could not be checked',
};

/** @type {Record<string, string>} */
export const verbs = {
  approve: 'Approved', reject: 'Rejected', edit: 'Edited and approved', hide: 'Hidden', ban: 'Banned', unban: 'Unbanned', undo: 'Taken back', pull: 'Pulled from every screen',
  pause: 'Paused', resume: 'Resumed',
};

/** Keys and what they do, for the help. @type {[string, string][]} */
export const keys = [
  ['J K ↓ ↑', 'Next and previous'], ['A', 'Approve'], ['R, then 1–7', 'Reject, with a reason that the sender reads'], ['E', 'Edit, then approve (Ctrl+Enter; Escape leaves it)'],
  ['H', 'Hide what was approved'], ['B twice', 'Ban the device for this show; what of it waits is rejected'], ['Z', 'Take back my last decision'],
  ['O', 'Pull from every screen: what is selected, else what is on the screens, else the approved item under the cursor'],
  ['X', 'Select; decisions then are about all that are selected'], ['Shift+X', 'Select the next 50, or nothing'], ['/', 'Search'], ['F', 'Next state'], ['P', 'Pause or resume taking from the audience'], ['?', 'These keys'],
];

/** Why something was not done. @param {import('../sdk/wire.js').Done} done */
export function refusal({ code, detail }) {
  if (detail) return `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  return code === 'no_answer' ? 'No answer: whether it was done is seen when the connection is back.' : `Not done (${code}).`;
}
