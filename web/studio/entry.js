/** How staff comes in: a one-time code from the address's fragment becomes a token, which lives as long as this tab. */
import { HttpProblem, request } from '../sdk/tallylight.js';

/** @param {string} show */
const slot = (show) => `tallylight.${show}.staff`;

/** The code in a link or in what somebody pasted. @param {string} text */
export function codeOf(text) {
  const code = text.includes('#') ? text.slice(text.indexOf('#') + 1) : text;
  return code.trim().replace(/^code=/, '') || undefined;
}

/** @param {string} show @param {string} code @returns {Promise<{ token: string }|{ problem: string, kept?: string }>} `kept`: the code may still be good */
export async function enter(show, code) {
  try {
    const answer = await request('/api/v1/staff/enter', { method: 'POST', body: JSON.stringify({ code }) });
    try {
      sessionStorage.setItem(slot(answer.show), answer.staff);
    } catch {
      // Without storage the entry lasts until the page is loaded again.
    }
    if (answer.show !== show) {
      // The link is used up: where it leads is where it was meant to.
      location.replace(`/${location.pathname.split('/')[1]}/${encodeURIComponent(answer.show)}`);
      return { problem: 'other_show' };
    }
    return { token: answer.staff };
  } catch (error) {
    // The tab may be in already, with the same link used again by a reload.
    const known = recall(show);
    if (known) return known;
    const problem = error instanceof HttpProblem ? error.code : 'no_answer';
    return problem === 'bad_token' ? { problem } : { problem, kept: code };
  }
}

/** @param {string} show @returns {{ token: string }|undefined} */
export function recall(show) {
  try {
    const token = sessionStorage.getItem(slot(show));
    return token ? { token } : undefined;
  } catch {
    return undefined;
  }
}
