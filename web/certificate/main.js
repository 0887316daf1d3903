/** The certificate of a verified result, on one sheet or a few: what was asked, what was counted, by which rules, and how to check it. */
import { HttpProblem, request } from '../sdk/tallylight.js';
import { h } from '../shared/element.js';
import { count } from '../shared/format.js';
import { withUnit } from '../shared/kind.js';
import { recall } from '../studio/entry.js';
import { leftOut } from '../studio/state.js';

const [, , show, , run] = location.pathname.split('/').map(decodeURIComponent);
const main = /** @type {HTMLElement} */ (document.querySelector('main'));
/** So many letters of all options together have room as the heads of columns. */
const NAMES_MOST = 60;
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' });

/** @param {number} ms */
const when = (ms) => moment.format(ms);

/** @param {{ windows: { opens: number, closes: number | null }[] }} it */
const windows = (it) => it.windows.map((span) => `${when(span.opens)} – ${span.closes ? when(span.closes) : 'by hand'}`).join('; ') || 'none';

try {
  const entry = recall(show);
  if (!entry) throw new Error('Open this page from the studio page: it shows what its reader may see.');
  draw(await request(`/api/v1/shows/${encodeURIComponent(show)}/runs/${run}/certificate`, { headers: { authorization: `Bearer ${entry.token}` } }));
} catch (error) {
  const text = error instanceof HttpProblem ? error.detail || error.code : error instanceof Error ? error.message : String(error);
  main.replaceChildren(h('h1', {}, 'No certificate'), h('p', { role: 'alert' }, text));
}

/** @param {any} it as GET …/certificate answers */
function draw(it) {
  document.title = `${it.cue} ${it.question} – certificate`;
  const outcome = it.outcome;
  const places = new Map((outcome?.places ?? []).map((/** @type {any} */ place) => [place.n, place]));
  const pools = outcome?.pools ?? [];
  const carried = it.carried?.votes;
  const head = ['', 'Option', ...(carried ? ['Carried over', 'Own'] : []), 'Votes', 'Share', ...(outcome ? ['Points', 'Place'] : [])];
  const rows = it.options.map((/** @type {any} */ option) => {
    const place = places.get(option.n);
    const before = carried?.[option.n - 1] ?? 0;
    return [option.n, option.label, ...(carried ? [count(before), count(option.votes - before)] : []), count(option.votes), `${option.share.toFixed(1)}\u00a0%`, ...(outcome ? [place?.exact ?? '', place?.rank ?? ''] : [])];
  });
  // Long names would leave the columns no room: then their numbers, which the result has beside the names.
  const names = it.options.map((/** @type {any} */ option) => option.label);
  const labels = names.join('').length > NAMES_MOST ? it.options.map((/** @type {any} */ option) => String(option.n)) : names;
  const ballots = carried ? 'Own ballots' : 'Ballots';
  const parts = [...new Set(it.by_part.map((/** @type {any} */ part) => part.of))];
  const facts = [
    ['Show', `${it.show_title} (${it.show})`], ['Cue', it.cue], ['Run', it.run], ['Window (UTC)', windows(it)],
    ...it.platforms.map((/** @type {any} */ one) => [`${[one.platform && `On ${one.platform}`, one.segment && `Segment ${one.segment}`].filter(Boolean).join(', ')} (UTC)`, windows(one)]),
    ...(it.replaces ? [['Held again', `in place of run ${it.replaces.run}, which ${it.replaces.by} declared void on ${when(it.replaces.at)}: ${it.replaces.reason}`]] : []),
    ...(it.carried ? [['Votes carried over', `from seal ${it.carried.revision} of run ${it.carried.run} (cue ${it.carried.cue}, manifest ${it.carried.manifest_hash})`]] : []),
    ['Ballots counted', count(it.counted) + (it.superseded ? `, of which ${count(it.superseded)} were replaced by a later one of their voter` : '')],
    ['Late, stored apart', count(it.late)], ['Outstanding', count(it.outstanding)],
    ['Sealed', `${when(it.sealed_at)}, revision ${it.revision}`], ['Verified', `${when(it.verified_at)} by ${it.verified_by}`],
    ['Revealed', it.revealed_at ? when(it.revealed_at) : 'not yet'],
  ];
  const proofs = [['Rules (SHA-256)', it.rules_hash], ['Manifest (SHA-256)', it.manifest_hash], ['Signature (Ed25519)', it.signature], ['Signed by (public key)', it.public_key]];
  main.replaceChildren(
    h('header', {},
      h('p', { class: 'kind' }, it.rehearsal ? 'Rehearsal – this result does not count' : 'Certificate of a result'),
      h('h1', {}, it.question),
      h('button', { type: 'button', class: 'print', onclick: () => print() }, 'Print')),
    table(it.declared ? 'Votes counted' : 'Result', head, rows),
    ...since(it),
    ...correction(it),
    ...(it.rated ? [h('p', {}, `Mean ${withUnit(it, `${it.rated.mean}`)} (exactly ${it.rated.exact}), median ${withUnit(it, `${it.rated.median}`)}.`)] : []),
    ...(pools.length ? [table('Points by pool', ['Pool', ...labels], pools.map((/** @type {any} */ pool) => [pool.name || 'audience', ...(pool.silent ? it.options.map(() => 'silent') : pool.points.map(count))]))] : []),
    ...(it.by_entry.length ? [table('Votes by entry link', ['Entry', ballots, ...labels], it.by_entry.map((/** @type {any} */ line) => [[line.segment, line.pool, line.platform].filter(Boolean).join(', ') || 'by no link', count(line.counted), ...line.votes.map(count)]))] : []),
    ...parts.map((of) => table(`Votes by ${of}`, [of[0].toUpperCase() + of.slice(1), ballots, ...labels], it.by_part.filter((/** @type {any} */ part) => part.of === of).map((/** @type {any} */ part) => [part.name || `no ${of}`, count(part.counted), ...part.votes.map(count)]))),
    ...(it.by_entry.some((/** @type {any} */ line) => line.carried?.some(Boolean)) ? [h('p', {}, 'The votes by link, segment, pool and platform are with those that are carried over; their ballots are of this run alone.')] : []),
    list('What was counted', facts),
    list('What proves it', proofs),
    h('section', {}, h('h2', {}, 'How to check it'),
      h('p', {}, 'Whoever has the export of the show counts every ballot again, without this service:'),
      h('pre', {}, `tallylight export ${it.show} --data DIR --out ${it.show}.jsonl\ntallylight verify ${it.show}.jsonl --key ${it.public_key}`),
      h('p', {}, 'The public key proves who signed only if it came to you another way than by this sheet.')));
}

/** What became since of the round whose votes are carried over, which no signature can say. @param {any} it */
function since(it) {
  if (!it.carried?.changed) return [];
  const what = it.carried.changed === 'void' ? 'was declared void' : 'has another result';
  return [h('p', { class: 'since' }, `▲ A round that votes carried over come from ${what} since this was sealed. What is signed here stays as it was, and is not decisive. As of ${when(Date.now())}.`)];
}

/** What was corrected, by whom and why. @param {any} it */
function correction(it) {
  const one = it.correction;
  if (!one) return [];
  const said = [['Decided', `${when(one.at)} by ${one.by.join(' and ')}`], ['Reason', one.reason]];
  if (!one.excluded && !one.declared && !one.right) said.push(['Stands', 'what was counted']);
  if (one.excluded) said.push(['Left out', leftOut(one.excluded)]);
  if (one.right) said.push(['Declared right', one.right.map((/** @type {number} */ n) => it.options[n - 1].label).join(', ')]);
  const places = new Map((it.declared?.outcome?.places ?? []).map((/** @type {any} */ place) => [place.n, place.rank]));
  const rows = (one.declared ?? []).map((/** @type {number} */ value, /** @type {number} */ i) => [i + 1, it.options[i].label, count(value / 1000), ...(places.size ? [places.get(i + 1) ?? ''] : [])]);
  return [list('Corrected', said), ...(rows.length ? [table('Declared, not counted', ['', 'Option', 'Declared', ...(places.size ? ['Place'] : [])], rows)] : [])];
}

/** @param {string} title @param {string[]} head @param {(string|number)[][]} rows */
function table(title, head, rows) {
  return h('section', {}, h('h2', {}, title), h('table', { 'data-named': Boolean(head[0]) },
    h('thead', {}, h('tr', {}, ...head.map((text) => (text ? h('th', { scope: 'col' }, text) : h('td'))))),
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, String(cell))))))));
}

/** @param {string} title @param {string[][]} lines */
function list(title, lines) {
  return h('section', {}, h('h2', {}, title), h('dl', {}, ...lines.map(([name, text]) => h('div', {}, h('dt', {}, name), h('dd', {}, text)))));
}
