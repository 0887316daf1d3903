/**
 * The screen: takes the calls of the graphics system and the messages of the server, draws what follows from both, and tells the
 * server once a second what is really seen. Nothing here speaks on errors: when the server is gone, the last good frame stays.
 *
 * Address: `?key=` `?control=server|playout` `?output=program|preview|monitor` `?server=` `?show=` `?host=` `?name=` `?position=left|center|right` `?lang=`
 */
(() => {
  const page = /** @type {any} */ (window);
  const { readFields, picture, views } = page.tallylight;
  const query = new URLSearchParams(location.search);
  const path = /\/o\/([^/]+)\/([^/]+)/.exec(location.pathname);
  const showId = query.get('show') ?? (path ? decodeURIComponent(path[1]) : '');
  const graphic = query.get('graphic') ?? (path ? decodeURIComponent(path[2]) : 'results');
  // An address is checked before it is on air: there it must say what is wrong with it.
  if (!views.includes(graphic)) return noSuchView();
  /** @type {'server'|'playout'} */
  const control = query.get('control') === 'playout' ? 'playout' : 'server';
  /** What it is for: viewers, who checks what comes next, who looks on. @type {import('../sdk/wire.js').Output} */
  const output = /** @type {const} */ (['preview', 'monitor']).find((one) => one === query.get('output')) ?? 'program';
  const lang = query.get('lang') ?? undefined;
  const drawn = /** @type {any} */ (document.querySelector('tl-results'));
  const taps = /** @type {any} */ (document.querySelector('tl-taps'));
  const bracket = /** @type {any} */ (document.querySelector('tl-bracket'));
  const host = query.get('host') ?? (page.caspar ? 'casparcg' : page.obsstudio ? 'obs' : 'browser');

  /** @type {Record<string, string>} */
  const fields = {};
  let playing = false;
  let step = 0;
  /** @type {import('../sdk/tallylight.js').Client|undefined} */
  let client;
  /** What `client` was made for. */
  let joined = '';
  let keyed = false;
  /** @type {import('../sdk/wire.js').ShowView|undefined} */
  let show;
  /** @type {import('../sdk/wire.js').Results|undefined} */
  let results;
  /** @type {import('../sdk/wire.js').Leaderboard|undefined} */
  let leaderboard;
  /** What OBS says of its source; elsewhere what this page knows itself. @type {{ visible?: boolean, active?: boolean }} */
  const told = {};
  let frames = 0;
  let fps = 0;
  /** What was painted last; undefined: this connection has not told yet. @type {{ rev: number, key: string, seen: boolean }|undefined} */
  let painted;
  let looking = false;

  page.tallylight.take({
    update(/** @type {unknown} */ data) {
      Object.assign(fields, readFields(data));
      theme(fields.f99);
      connect();
      draw();
    },
    play() {
      playing = true;
      step = 0;
      draw();
    },
    stop() {
      playing = false;
      draw();
    },
    next() {
      step = Math.min(3, step + 1);
      draw();
    },
  });

  document.documentElement.dataset.position = query.get('position') ?? 'left';
  if (output !== 'program') mark();
  theme(query.get('theme') ?? undefined);
  connect();
  draw();
  addEventListener('obsSourceVisibleChanged', (event) => Object.assign(told, { visible: /** @type {any} */ (event).detail?.visible }));
  addEventListener('obsSourceActiveChanged', (event) => Object.assign(told, { active: /** @type {any} */ (event).detail?.active }));
  setInterval(report, 1000);
  // The countdown and nothing else moves by itself.
  setInterval(draw, 250);
  requestAnimationFrame(function frame() {
    frames += 1;
    requestAnimationFrame(frame);
  });

  function draw() {
    try {
      const at = server();
      const code = at && showId ? new URL(`/s/${encodeURIComponent(showId)}/qr.svg?address`, at).href : undefined;
      const view = picture({ fields, control, playing, step, show, results, leaderboard, graphic, preview: output === 'preview', now: client?.now() ?? Date.now(), code, lang: lang ?? show?.languages?.[0] });
      // A code to scan is the board's, whatever is on.
      const tapped = Boolean(view.taps) && !view.code && !view.ticker;
      const matched = Boolean(view.bracket) && !view.code && !view.ticker;
      drawn?.draw(tapped || matched ? { ...view, visible: false } : view);
      taps?.draw(tapped ? view : { ...view, visible: false });
      bracket?.draw(matched ? view : { ...view, visible: false });
      confirm(view.visible, view.visible ? view.key : '', tapped ? taps : matched ? bracket : drawn);
      if (output !== 'program') tell(view);
    } catch {
      // The last good frame stays.
    }
  }

  /**
   * Notes what is painted, two frames after it was drawn: then the first of them is on the screen. A picture that is on its way in
   * or out is not there yet, or not gone yet. @param {boolean} seen @param {string} key @param {any} drawer the graphic that draws it
   */
  function confirm(seen, key, drawer) {
    const rev = show?.rev ?? 0;
    // A page that nobody sees has no frames: one look waits for them, and the next picture has its own.
    if (looking || (painted?.rev === rev && painted.key === key && painted.seen === seen)) return;
    looking = true;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      looking = false;
      const comes = drawer.dataset.visible === 'true' && (drawer !== drawn || drawn.painted === key);
      const goes = [drawn.getAnimations({ subtree: true }), taps.getAnimations(), bracket.getAnimations()].some((moving) => moving.length > 0);
      if (rev !== (show?.rev ?? 0) || (seen ? !comes : goes)) return;
      painted = { rev, key, seen };
      shown();
    }));
  }

  /** The server that the fields or the address name, else the one this page came from. */
  function server() {
    return fields.f90?.split(/[\s,]+/)[0] || query.get('server') || (location.protocol.startsWith('http') && path ? location.origin : '');
  }

  /** Joins it. */
  async function connect() {
    const at = server();
    const key = fields.f91 || query.get('key') || undefined;
    const wanted = `${at} ${key} ${showId}`;
    if (!at || !showId || joined === wanted) return;
    joined = wanted;
    try {
      const { Client } = await sdk(at);
      if (joined !== wanted) return;
      client?.stop();
      const fresh = new Client({ server: at, show: showId, key, name: query.get('name') ?? `${graphic} ${output === 'program' ? '' : `${output} `}in ${host}` });
      client = fresh;
      if (lang) fresh.speak([lang]);
      keyed = Boolean(key);
      fresh.addEventListener('show', (event) => client === fresh && hearShow(/** @type {any} */ (event).detail));
      fresh.addEventListener('results', (event) => client === fresh && hearResults(/** @type {any} */ (event).detail));
      fresh.addEventListener('leaderboard', (event) => client === fresh && hearLeaderboard(/** @type {any} */ (event).detail));
      // What stands since before has to be told anew.
      fresh.addEventListener('welcome', () => client === fresh && (painted = undefined));
      fresh.start();
    } catch {
      // No way to the wire yet: again later, with what is known then.
      if (joined === wanted) joined = '';
      setTimeout(connect, 2000 + Math.random() * 3000);
    }
  }

  /** The wire beside this file; where a browser loads no modules from disk, the server's own. @param {string} server */
  async function sdk(server) {
    try {
      return await import('../sdk/tallylight.js');
    } catch {
      /** @type {Promise<typeof import('../sdk/tallylight.js')>} */
      const remote = import(new URL(`/web/sdk/tallylight.js?${Date.now()}`, server).href);
      return await remote;
    }
  }

  /** @param {import('../sdk/wire.js').ShowView} next */
  function hearShow(next) {
    const before = show?.graphic.state;
    // Who comes on is a number that stands still, too.
    show = show && next.graphic.frozen ? { ...next, bracket: show.bracket } : next;
    // Under playout control a clear or panic takes the graphic away once; the next play() brings it back.
    if (before !== next.graphic.state && before !== undefined && next.graphic.state !== 'on_air') playing = false;
    draw();
  }

  /** @param {import('../sdk/wire.js').Results} next */
  function hearResults(next) {
    if (show?.graphic.frozen && results?.run === next.run && next.state === 'live') return;
    results = next;
    draw();
  }

  /** @param {import('../sdk/wire.js').Leaderboard} next */
  function hearLeaderboard(next) {
    leaderboard = next;
    draw();
  }

  function report() {
    fps = frames;
    frames = 0;
    shown();
  }

  function shown() {
    const visible = told.visible ?? document.visibilityState === 'visible';
    const { rev = 0, key = '', seen = false } = painted ?? {};
    // In OBS the program tally comes from OBS; elsewhere the screen can only say whether it draws anything. A preview never airs.
    const active = output === 'program' && (told.active ?? (host === 'obs' ? false : seen && visible));
    client?.shown({ host, graphic, visible, active, rev, fps, output, ...(/^[0-9a-f]{16}$/.test(key) ? { run: key } : {}) });
  }

  /** Sets `--name: value;` pairs, or loads a style sheet by address. @param {string|undefined} text */
  function theme(text) {
    if (!text) return;
    if (!text.includes('--')) {
      const link = /** @type {HTMLLinkElement} */ (document.getElementById('theme') ?? document.head.appendChild(document.createElement('link')));
      link.id = 'theme';
      link.rel = 'stylesheet';
      if (link.getAttribute('href') !== text) link.href = text;
      return;
    }
    for (const [, name, value] of text.matchAll(/(--[\w-]+)\s*:\s*([^;{}]+)/g)) document.documentElement.style.setProperty(name, value.trim());
  }

  /** Not for air: on a plate, and with its state written on it, but where the studio's page has it in a frame and says so itself. */
  function mark() {
    document.documentElement.dataset.output = output;
    if (self !== top) return;
    const mark = document.createElement('div');
    mark.className = 'preview-mark';
    mark.textContent = output === 'preview' ? 'Preview' : 'Monitor';
    const line = document.createElement('div');
    line.className = 'preview-line';
    document.body.append(mark, line);
  }

  function noSuchView() {
    const said = document.createElement('div');
    said.className = 'no-view';
    said.setAttribute('role', 'alert');
    for (const text of [`There is no view “${graphic}”.`, `An overlay’s address names one of these: ${views.join(', ')}.`]) {
      said.append(Object.assign(document.createElement('p'), { textContent: text }));
    }
    document.querySelector('main')?.append(said);
  }

  /** @param {any} view */
  function tell(view) {
    const line = document.querySelector('.preview-line');
    if (!line) return;
    const link = client ? (client.state.is === 'up' ? `connected (${client.state.kind})` : `${client.state.is}${client.state.why ? `: ${client.state.why}` : ''}`) : 'no server';
    const who = client && !keyed ? ', no key: sees what viewers see' : '';
    const age = client?.heard_at ? `, last message ${Math.round((Date.now() - client.heard_at) / 1000)} s ago` : '';
    const on = view.visible ? (view.next ? 'on standby' : 'on air') : show?.graphic.state === 'on_air' ? 'nothing on' : show?.graphic.state ?? 'off air';
    const text = `${graphic} · ${on} · step ${view.step} · ${results?.state ?? 'no numbers'}${show?.graphic.frozen ? ' · frozen' : ''} · rev ${show?.rev ?? '–'} · ${link}${who}${age} · control by ${control} · ${host} · ${fps} fps`;
    if (line.textContent !== text) line.textContent = text;
  }
})();
