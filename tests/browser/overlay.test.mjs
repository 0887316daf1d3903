// The overlay against the real server, and without any: what graphics systems rely on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { axe, browser, root, serve, sizes, staff, until, visit, vote } from "./helpers.mjs";

const show = "tests/browser/shows/overlay.toml";

/** @typedef {import("playwright-core").Page} Page */

/** What can be seen of the graphic. @param {Page} page */
const drawn = (page) =>
  page.evaluate(() => {
    const results = /** @type {HTMLElement} */ (document.querySelector("tl-results"));
    const { visible, step } = results.dataset;
    const text = (/** @type {string} */ name) => [...results.querySelectorAll(name)].map((node) => node.textContent).join("|");
    return { visible, step, head: text(".head-text"), question: text(".question"), labels: text(".label"), numbers: text(".number"), winner: text(".winner-name") };
  });

/** @param {Page} page @param {Partial<Awaited<ReturnType<typeof drawn>>>} wanted */
async function shows(page, wanted) {
  /** @type {any} */
  let last;
  try {
    await until("", async () => {
      // A page on its way to another has nothing to see.
      last = await drawn(page).catch(() => ({}));
      return Object.entries(wanted).every(([name, value]) => last[name] === value);
    });
  } catch {
    assert.deepEqual(last, { ...last, ...wanted });
  }
}

test("the overlay follows the show, hides what is hidden, and holds its frame while the server is gone", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page } = await visit(program, server.link("overlay"), { viewport: sizes.full });
  const { page: monitor } = await visit(program, `${server.link("overlay")}&output=monitor`, { viewport: sizes.full });
  const onlooker = (await visit(program, `${server.link("overlay").split("?")[0]}?output=monitor`, { viewport: sizes.full })).page;
  await shows(page, { visible: "false" });

  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await shows(page, { visible: "true", step: "0", question: "Who wins?", labels: "Ada|Grace", numbers: "|", head: "Vote now" });
  await vote(server, desk.show, 2);
  await desk.press({ do: "step" });
  await shows(page, { step: "1", numbers: "0.0%|100.0%" });
  await shows(onlooker, { step: "1", numbers: "0.0%|100.0%" });
  await until("the monitor tells its state", async () => /results · on air · step 1 · live · .* connected \(websocket\)/.test(await monitor.innerText("body")));
  await until("an onlooker says so", async () => (await onlooker.innerText("body")).includes("no key: sees what viewers see"));
  assert.deepEqual(await axe(monitor, ["serious", "critical"]), []);

  await server.kill();
  await until("the monitor says that the server is gone", async () => /· (down|connecting)/.test(await monitor.innerText("body")));
  await shows(page, { visible: "true", step: "1", numbers: "0.0%|100.0%" });
  await server.start();
  await until("the monitor is back", async () => (await monitor.innerText("body")).includes("connected (websocket)"));
  const again = await staff(server);
  await again.press({ do: "control", action: "take_over" });
  await vote(server, desk.show, 1);
  await shows(page, { visible: "true", step: "1", numbers: "50.0%|50.0%" });
  await again.press({ do: "close" });
  await shows(page, { head: "Provisional result" });

  await again.press({ do: "standby", cue: "2" });
  await again.press({ do: "take" });
  await shows(page, { visible: "true", question: "Who wins the secret vote?", step: "0" });
  await vote(server, desk.show, 1);
  await again.press({ do: "step" });
  await shows(onlooker, { numbers: "100.0%|0.0%" });
  await shows(page, { step: "1", numbers: "|", head: "Vote now" });
  const bars = await page.locator(".bar").evaluateAll((nodes) => nodes.map((node) => /** @type {HTMLElement} */ (node).style.transform));
  assert.deepEqual(bars, ["scaleX(0)", "scaleX(0)"], "a bar is a number too");
  await again.press({ do: "close" });
  await shows(page, { numbers: "|", head: "Voting is closed" });
  await again.press({ do: "seal" });
  await again.press({ do: "verify" });
  await again.press({ do: "arm", what: "reveal" });
  await again.press({ do: "reveal" });
  await shows(page, { numbers: "100.0%|0.0%", head: "Result" });
  await again.press({ do: "step" });
  await again.press({ do: "step" });
  await shows(page, { step: "3", winner: "Ada" });
  await again.press({ do: "panic" });
  await shows(page, { visible: "false" });
  assert.equal(await page.locator("tl-results").evaluate((node) => getComputedStyle(node).visibility), "hidden", "panic takes it away at once");
  await again.press({ do: "step" });
  await shows(page, { visible: "true", step: "3" });
  await again.press({ do: "clear" });
  await shows(page, { visible: "false" });
});

test("data made anew, at revision 1, is followed", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page } = await visit(await browser(t), `${server.link("overlay").split("?")[0]}?output=monitor`, { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "step" });
  await shows(page, { visible: "true", step: "1" });
  await server.kill();
  await server.start({ wipe: true });
  await shows(page, { visible: "false" });
  const anew = await staff(server);
  await anew.press({ do: "standby", cue: "2" });
  await anew.press({ do: "take" });
  await shows(page, { visible: "true", step: "0", question: "Who wins the secret vote?" });
});

test("under playout control the four functions show and hide it, and nothing a host hands over breaks it", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page, errors } = await visit(await browser(t), `${server.link("overlay")}&control=playout`, { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await vote(server, desk.show, 1);
  await until("the question is there", async () => (await fetch(`${server.url}/api/v1/shows/overlay/live`)).ok);
  await shows(page, { visible: "false" });
  const call = (/** @type {string} */ name, /** @type {unknown[]} */ ...data) => page.evaluate(([fn, given]) => /** @type {any} */ (globalThis)[/** @type {string} */ (fn)](.../** @type {any} */ (given)), [name, data]);

  await call("next");
  await call("stop");
  await call("stop");
  await call("play");
  await shows(page, { visible: "true", step: "0", question: "Who wins?" });
  await call("next");
  await shows(page, { step: "1", numbers: "100.0%|0.0%" });
  for (const rubbish of ["", "{", "<", "<templateData>", "null", "[]", "7", null, 7, [], {}, { f0: { deep: true } }, "constructor", '{"__proto__":{"x":1}}', '{"comment":"","epochID":1}', { f4: "many" }, "x".repeat(100_000)]) {
    await call("update", rubbish);
  }
  await page.evaluate(() => /** @type {any} */ (globalThis).update());
  await shows(page, { visible: "true", step: "1", question: "Who wins?", numbers: "100.0%|0.0%" });
  await call("update", '{"f2":"Another “title” <b>& so on</b>","f3":"votes"}');
  await shows(page, { question: "Another “title” <b>& so on</b>", numbers: "1|0" });
  await call("update", '<templateData><componentData id="f2"><data id="text" value="From CasparCG"/></componentData></templateData>');
  await shows(page, { question: "From CasparCG" });
  await call("stop");
  await shows(page, { visible: "false" });
  await call("play");
  await shows(page, { visible: "true", step: "0" });
  assert.deepEqual(errors, []);
});

test("CasparCG loads, updates, plays, steps and removes it, with what is on and with what comes next", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const context = await program.newContext({ viewport: sizes.full });
  // What its browser has of its own before a page is loaded.
  await context.addInitScript(() => Object.assign(globalThis, { caspar: {}, removed: 0, remove: () => (/** @type {any} */ (globalThis).removed += 1) }));
  const page = await context.newPage();
  await page.goto(`${server.link("overlay")}&control=playout`, { waitUntil: "commit" });
  /** As AMCP does: the call is text that the page runs. @param {string} text */
  const amcp = (text) => page.evaluate(text);
  const data = (/** @type {Record<string, string>} */ fields) =>
    `<templateData>${Object.entries(fields).map(([id, value]) => `<componentData id=\\"${id}\\"><data id=\\"text\\" value=\\"${value}\\" /></componentData>`).join("")}</templateData>`;
  await page.waitForFunction(() => typeof (/** @type {any} */ (globalThis).update) === "function");
  await amcp(`update("${data({ f0: "next" })}"); play()`);
  await desk.press({ do: "standby", cue: "1" });
  await shows(page, { visible: "true", step: "0", head: "Get ready", question: "Who wins?", labels: "Ada|Grace" });
  await desk.press({ do: "take" });
  // Nothing is next any more; viewers never heard of it.
  await shows(page, { visible: "false" });
  await desk.press({ do: "standby", cue: "2" });
  await shows(page, { visible: "true", question: "Who wins the secret vote?" });
  await amcp("next()");
  await shows(page, { step: "1", numbers: "|" });
  const asViewers = await (await fetch(`${server.url}/api/v1/shows/overlay/live`)).text();
  assert(!asViewers.includes("secret vote"), asViewers);
  const status = await (await fetch(`${server.url}/f/overlay/status.json${new URL(server.link("overlay")).search}`)).json();
  assert.deepEqual([status.cue, status.next_cue, status.next_question], ["1", "2", "Who wins the secret vote?"]);

  await amcp(`update("${data({ f0: "1", f2: "Tom &amp; Ada" })}")`);
  await shows(page, { visible: "true", question: "Tom & Ada" });
  await amcp('update("{\\"f0\\":\\"manual\\",\\"f2\\":\\"\\",\\"m_q\\":\\"By hand?\\",\\"m_o1\\":\\"Yes\\",\\"m_p1\\":\\"60\\",\\"m_o2\\":\\"No\\",\\"m_p2\\":\\"40\\"}")');
  await shows(page, { visible: "true", question: "By hand?", numbers: "60.0%|40.0%" });
  const studio = (await visit(program, server.link("operator"), { viewport: sizes.desk })).page;
  await until("the studio knows what hosts it", async () => /results in casparcg\s+casparcg · in program/.test(await studio.innerText("tl-screens")));
  await amcp("stop()");
  await shows(page, { visible: "false" });
  await until("and that it shows nothing", async () => /casparcg · visible/.test(await studio.innerText("tl-screens")));
  await amcp("stop(); next(); remove()");
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).removed), 1, "remove is the host's own");

  // Somebody who looks on with the key is on no air.
  await visit(program, `${server.link("overlay")}&output=preview`, { viewport: sizes.desk });
  await until("a preview is told apart", async () => /results preview in browser\s+browser · visible/.test(await studio.innerText("tl-screens")));
});

test("from a file, with no server at all, it shows what is typed by hand", { timeout: 60_000 }, async (t) => {
  const { page } = await visit(await browser(t), pathToFileURL(join(root, "web/overlay/index.html")).href, { viewport: sizes.full });
  await page.evaluate(() => {
    const host = /** @type {any} */ (globalThis);
    host.update(JSON.stringify({ f0: "manual", m_q: "By hand?", m_o1: "Yes", m_p1: "62,5", m_o2: "No", m_p2: "37.5 %" }));
    host.play();
    host.next();
  });
  await shows(page, { visible: "true", step: "1", question: "By hand?", labels: "Yes|No", numbers: "62.5%|37.5%" });
  await page.evaluate(() => {
    const host = /** @type {any} */ (globalThis);
    host.next();
    host.next();
  });
  await shows(page, { step: "3", winner: "Yes" });
  await page.evaluate(() => (/** @type {any} */ (globalThis)).update({ f1: "ticker" }));
  await until("one line along the bottom", async () => (await page.innerText("tl-results")).trim() === "By hand?\nYes 62.5%  ·  No 37.5%");
  const line = await page.locator(".ticker").boundingBox();
  assert(line && Math.round(line.height) === 72 && line.x === 96 && line.width === 1920 - 2 * 96, JSON.stringify(line));
});

test("the loader asks until the server answers, and then goes to the overlay", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const address = server.link("overlay");
  await server.kill();
  const { page } = await visit(await browser(t), `${pathToFileURL(join(root, "web/overlay/loader.html")).href}#${address}`, { viewport: sizes.full });
  let asked = 0;
  page.on("requestfailed", () => (asked += 1));
  await until("it has asked in vain", () => asked >= 2);
  await server.start();
  await until("it is at the overlay", () => page.url() === address);
  await shows(page, { visible: "false" });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await shows(page, { visible: "true", question: "Who wins?" });
});

test("an address names any view, and one that there is not says which there are", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  const program = await browser(t);
  const at = (/** @type {string} */ view) => server.link("overlay").replace("/results", `/${view}`);
  const { page: wrong, errors } = await visit(program, at("resluts"), { viewport: sizes.full });
  await until("it says so", async () => /There is no view “resluts”\..*: results, leaderboard, bracket, ticker, qr, question/s.test(await wrong.getByRole("alert").innerText()));
  assert.deepEqual(await axe(wrong, ["serious", "critical"]), []);
  assert.equal((await drawn(wrong)).visible, "false");
  const { page } = await visit(program, at("ticker"), { viewport: sizes.full });
  await page.locator("tl-results[data-visible=true][data-ticker=true]").waitFor();
  await page.goto(at("qr"));
  await page.locator("tl-results[data-visible=true][data-code=true]").waitFor();
  assert.deepEqual(errors, []);
});
