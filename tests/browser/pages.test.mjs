// Pages with texts as long as shows have them: of every kind, in five languages and at five sizes nothing sticks out or is cut, and
// what is pressed is large enough.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit, vote } from "./helpers.mjs";

const show = "tests/browser/shows/pages.toml";
const languages = ["en", "nl", "fr", "de", "ar"];
const narrow = { width: 320, height: 640 };
const everySize = [narrow, sizes.phone, sizes.tablet, { width: 1440, height: 900 }, sizes.full];

/** @typedef {import("playwright-core").Page} Page */

/** What sticks out of the window, is cut off, or is too small for a finger, a line each. @param {Page} page @returns {Promise<string[]>} */
const wrong = (page) =>
  page.evaluate(() => {
    const touch = 44;
    /** @type {string[]} */
    const found = [];
    const say = (/** @type {string} */ what, /** @type {Element} */ node) => found.push(`${what}: ${node.localName}.${node.className} “${(node.textContent ?? "").slice(0, 30)}”`);
    for (const node of document.body.querySelectorAll("*")) {
      const box = node.getBoundingClientRect();
      if (!box.width || !box.height || node.closest(".tl-unseen, .tap-fly")) continue;
      if (box.left < -1 || box.right > innerWidth + 1) say("out of the window", node);
      if (node.clientWidth && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "visible") say("cut", node);
      if (!node.matches("button, select, summary, textarea, .tile, .scale-step, .scale-slider")) continue;
      if (box.width < touch - 0.5 || box.height < touch - 0.5) say(`${Math.round(box.width)} × ${Math.round(box.height)}`, node);
    }
    return found;
  });

/** Gives what a person would: the first answer that there is, by whatever control the kind has. @param {Page} page */
async function give(page) {
  if (await page.locator("textarea").isVisible()) {
    await page.locator("textarea").fill(`When will you sing for us in Donaudampfschifffahrtsgesellschaftshafen, ${await page.evaluate(() => document.documentElement.lang)}?`);
    return page.locator(".write-send").click();
  }
  if (await page.locator(".tap:visible").count()) return page.locator(".tap").first().click();
  if (await page.locator(".tile-step").count()) await page.locator(".tile-step:last-child:enabled").first().click();
  else if (await page.locator(".tile").count()) await page.locator("label.tile:not([data-off])").first().click();
  else if (await page.locator(".scale-slider").count()) await page.locator(".scale-slider").press("ArrowLeft");
  else await page.locator(".scale-step").nth(2).click();
  await page.locator(".send:enabled").click();
  // Some ask once more, and a second press at once is taken for a nervous finger.
  await until("it is given", async () => {
    if (await page.locator(".confirm").innerText()) await page.locator(".send").click();
    return page.locator(".receipt").isVisible();
  });
}

test("every kind fits every size in every language, and can be pressed with a thumb", { timeout: 180_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const people = [];
  for (const [n, lang] of languages.entries()) {
    people.push(await visit(program, `${server.link("audience")}?lang=${lang}`, { viewport: narrow, colorScheme: n % 2 ? "dark" : "light" }));
  }
  const pages = people.map(({ page }) => page);
  let looked = 0;
  const look = async (/** @type {string} */ what, /** @type {{ width: number, height: number }[]} */ at) => {
    /** @type {string[]} */
    const found = [];
    await Promise.all(pages.map(async (page, n) => {
      for (const size of at) {
        await page.setViewportSize(size);
        for (const one of await wrong(page)) found.push(`${what}, ${languages[n]}, ${size.width}: ${one}`);
      }
    }));
    // One language a time, at the size that was last.
    const n = looked++ % pages.length;
    for (const one of await axe(pages[n], ["serious", "critical"])) found.push(`${what}, ${languages[n]}: ${one}`);
    assert.deepEqual(found, []);
  };
  const small = [sizes.phone, narrow];
  const seals = ["1", "8", "14", "18"];

  await look("nothing is on", everySize);
  for (const cue of ["1", "2", "3", "4", "5", "6", "7", "8", "10", "12", "14", "15", "18"]) {
    const before = await Promise.all(pages.map((page) => page.locator("#question").innerText()));
    await desk.press({ do: "standby", cue });
    await desk.press({ do: "take" });
    await Promise.all(pages.map((page, n) => until(`cue ${cue} is on`, async () => (await page.locator("#question").innerText()) !== before[n])));
    await look(`cue ${cue}`, [...everySize].reverse());
    await Promise.all(pages.map(give));
    // Given: counted, handed in, or on the list.
    await Promise.all(pages.map((page) => until(`something is given in cue ${cue}`, () => page.locator(".receipt:visible, .own li:visible, .tap-number:visible:not(:empty)").count())));
    if (cue === "4") await desk.press({ do: "open" });
    await desk.press({ do: "close" });
    await look(`cue ${cue}, given`, small);
    if (!seals.includes(cue)) continue;
    await desk.press({ do: "seal" });
    await desk.press({ do: "verify" });
    await desk.press({ do: "arm", what: "reveal" });
    await desk.press({ do: "reveal" });
    await Promise.all(pages.map((page) => page.locator('tl-countdown[data-phase="revealed"]').waitFor()));
    await look(`cue ${cue}, revealed`, small);
  }
  assert.deepEqual(people.flatMap(({ errors }) => errors), []);
});

/** Whether all of a text is seen, no line of it cut. @param {Page} page @param {string} where */
const whole = (page, where) =>
  page.locator(where).evaluateAll((all) => all.every((node) => node.scrollHeight <= node.clientHeight + 1 && node.scrollWidth <= node.clientWidth + 1));

test("a screen has room for long names, upright too, and after it was one line", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const at = new URL(server.link("overlay"));
  const { page } = await visit(program, `${at}&control=playout`, { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  // As CasparCG calls it.
  const play = async (/** @type {string} */ view, /** @type {string} */ seen) => {
    await page.evaluate((f1) => { const host = /** @type {any} */ (globalThis); host.update(JSON.stringify({ f0: "current", f1 })); host.play(); }, view);
    await page.locator(seen).first().waitFor();
  };
  await play("ticker", "tl-results[data-visible=true][data-ticker=true]");
  await play("live", "tl-results[data-visible=true][data-ticker=false]");
  await until("question and options are whole", async () => (await whole(page, ".question")) && (await whole(page, ".rows .label")));
  assert.equal(await page.locator(".rows .label").count(), 4);

  at.pathname = at.pathname.replace("/results", "/bracket");
  for (const viewport of [sizes.full, { width: 1080, height: 1920 }]) {
    await page.setViewportSize(viewport);
    await page.goto(`${at}`);
    await page.locator("tl-bracket[data-visible=true] .bracket-side").first().waitFor();
    const sides = await page.locator("tl-bracket *").evaluateAll((all) => all.filter((node) => node.getBoundingClientRect().right > innerWidth || node.getBoundingClientRect().left < 0).map((node) => node.className));
    assert.deepEqual(sides, [], `${viewport.width}`);
  }
});

test("on a screen twenty options, a line upright and a long winner are whole, and Arabic begins at the right", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const at = new URL(server.link("overlay"));
  const ticker = `${at}`.replace("/results", "/ticker");
  const upright = { width: 1080, height: 1920 };
  const open = async (/** @type {string} */ url, viewport = sizes.full) => (await visit(program, url, { viewport })).page;
  const on = async (/** @type {string} */ cue) => {
    await desk.press({ do: "standby", cue });
    await desk.press({ do: "take" });
  };
  await on("1");
  const lines = [await open(ticker), await open(ticker, upright)];
  const boards = [await open(`${at}`), await open(`${at}`, upright)];
  for (const page of lines) await until("question and options are whole", async () => (await page.locator(".ticker-options").innerText()).includes("Donau") && (await whole(page, ".ticker-question, .ticker-options")));
  await vote(server, desk.show, 2);
  for (const verb of ["close", "seal", "verify"]) await desk.press({ do: verb });
  await desk.press({ do: "arm", what: "reveal" });
  for (const verb of ["reveal", "step", "step", "step"]) await desk.press({ do: verb });
  for (const page of boards) await until("the winner is whole", async () => (await page.locator(".winner-name").innerText()).includes("Conservatory") && (await whole(page, ".winner-name, .winner-question")));

  const inside = (/** @type {Page} */ page) => page.locator(".board, .row").evaluateAll((all) => all.map((node) => node.getBoundingClientRect()).every((box) => box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight));
  await on("20");
  for (const page of boards) await until("all of them are there, whole and in the picture", async () => (await page.locator(".rows .label").count()) === 20 && (await whole(page, ".rows .label")) && (await inside(page)));
  await boards[1].setViewportSize(sizes.full);
  await until("they are whole in a window that is turned", () => whole(boards[1], ".rows .label, .question"));
  await desk.press({ do: "close" });
  await on("14");
  await vote(server, desk.show, 1);
  await desk.press({ do: "step" });
  const arab = await open(`${at}&lang=ar&position=right`);
  // All the votes are the first side's: its colour is all there is, and it comes from where reading begins.
  await until("the first side's part begins at the right", async () => {
    const [label, rope] = await Promise.all([arab.locator(".label").first().boundingBox(), arab.locator(".rope").boundingBox()]);
    return label && rope && label.x > rope.x + rope.width / 2 && rope.x > 1920 / 2;
  });
  assert.equal(await arab.locator(".rope").evaluate((node) => getComputedStyle(node).transform), "matrix(-1, 0, 0, 1, 0, 0)");
});
