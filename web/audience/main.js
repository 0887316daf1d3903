/** The audience page: the audience's view of the show in the address. */
import { StoreElement } from '../shared/element.js';
import { Audience } from './audience.js';

/** The code of an entry link (`#e=…`), taken out of the address bar: who copies the address passes on the show, not the entry. */
function entryCode() {
  const code = /^#e=(.+)$/.exec(location.hash)?.[1];
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}

const audience = new Audience({
  root: document.body,
  show: decodeURIComponent(location.pathname.split('/')[2] ?? ''),
  entry: entryCode(),
  lang: new URLSearchParams(location.search).get('lang') ?? undefined,
});
// The same page, opened by another link.
addEventListener('hashchange', () => {
  const code = entryCode();
  if (code) audience.client.enter(code);
});
StoreElement.store = audience.store;
await audience.start();
