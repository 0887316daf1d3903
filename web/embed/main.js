/** How a page of another site gets a show into it: what to copy, the element itself, and what it says. */
import { h, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';

const show = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const server = location.origin;

/** How many lines of events are kept. */
const HEARD_MAX = 30;

/** @type {Record<string, string>} */
const snippets = {
  origins: 'origins = ["https://www.example.org"]',
  element: `<script type="module" src="${server}/sdk/v1/tallylight-show.js"></script>\n<tallylight-show show="${show}" lang="en"></tallylight-show>`,
  frames: 'frames = ["https://www.example.org"]',
  frame: `<iframe src="${server}/s/${show}" title="Vote" width="400" height="720" style="border: 0"></iframe>`,
  style: `tallylight-show {
  --tl-accent: #b3005e;
  --tl-on-accent: #ffffff;
  --tl-accent-soft: #fde7f1;
  --tl-bar: #f7cfe2;
  --tl-bar-win: #f0a9ca;
  --tl-page: transparent;
  --tl-font: "Your Font", sans-serif;
}
tallylight-show::part(header) { display: none; }`,
  sync: `const { client } = document.querySelector('tallylight-show');
setInterval(() => {                                               // hls.js; other players tell it by other names
  const seen = hls.playingDate;                                   // EXT-X-PROGRAM-DATE-TIME of the picture
  client?.sync(seen ? { mode: 'pdt', value: seen } : { mode: 'latency', value: hls.latency });
}, 1000);`,
  events: `const element = document.querySelector('tallylight-show');
element.addEventListener('show', (event) => console.log(event.detail.run?.question));
element.addEventListener('ballots', (event) => console.log(event.detail.at(-1)?.is));   // kept, counted, held, refused …
element.addEventListener('results', (event) => console.log(event.detail.state, event.detail.total));
element.addEventListener('link', (event) => console.log(event.detail.is, event.detail.why));
element.addEventListener('problem', (event) => console.log(event.detail.code));`,
};

/** Something to copy. */
class Snippet extends HTMLElement {
  connectedCallback() {
    const text = snippets[this.dataset.of ?? ''];
    const said = h('span', { role: 'status' });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(text);
        setText(said, 'Copied');
        setTimeout(() => setText(said, ''), 2000);
      } catch {
        getSelection()?.selectAllChildren(code);
        setText(said, 'Selected: copy it');
      }
    };
    const code = h('pre', { tabindex: 0, 'aria-label': 'To copy' }, text);
    this.append(code, h('button', { type: 'button', onclick: copy }, 'Copy'), said);
  }
}

customElements.define('tl-snippet', Snippet);
document.title = `Embed ${show}`;
setText(document.querySelector('[data-of="policy"]'), `script-src ${server}; style-src ${server}; connect-src ${server} ${server.replace('http', 'ws')}`);

/** @type {string} where other pages load it from, so that this one shows what they get */
const element = '/sdk/v1/tallylight-show.js';
await import(element);
const live = document.createElement('tallylight-show');
live.setAttribute('show', show);
const heard = document.querySelector('.heard');
for (const name of ['link', 'show', 'results', 'ballots', 'problem']) {
  live.addEventListener(name, (event) => {
    heard?.prepend(h('li', {}, h('time', {}, timeOfDay(Date.now())), ' ', h('strong', {}, name), ' ', h('code', {}, told(/** @type {CustomEvent} */ (event).detail))));
    while ((heard?.children.length ?? 0) > HEARD_MAX) heard?.lastElementChild?.remove();
  });
}
document.querySelector('.preview')?.append(live);

/** The beginning of what was said. @param {unknown} detail */
function told(detail) {
  const text = JSON.stringify(detail) ?? '';
  return text.length > 240 ? `${text.slice(0, 240)}…` : text;
}
