// How people come in: a code that is scanned, links that say where somebody is, addresses with a mistake, a phone as a desk.
import assert from "node:assert/strict";
import { test } from "node:test";
import jsqr from "jsqr";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/doors.toml";
/** Where people reach it in this test: what a code leads to. */
const outside = "https://vote.example.org";
/** As a camera across the room sees the code. */
const cameraPx = 160;
// Its types say a module, its file is none.
const decode = /** @type {any} */ (jsqr).default ?? jsqr;

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text @param {string} [where] */
const says = (page, text, where = "body") =>
  until(`the page says “${text}”`, async () => {
    const found = await page.locator(where).first().innerText();
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** @param {Page} page @param {string} label */
async function give(page, label) {
  await page.getByText(label, { exact: true }).click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
  await says(page, `Your ballot for ${label} is in the tally.`);
}

/** What a camera reads from a picture of the page. @param {Page} page @param {string} picture */
async function scanned(page, picture) {
  const image = page.locator(picture);
  await until("the code is drawn", () => image.evaluate((node) => /** @type {HTMLImageElement} */ (node).complete && /** @type {HTMLImageElement} */ (node).naturalWidth > 0));
  const data = await image.evaluate((node, size) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(/** @type {HTMLImageElement} */ (node), 0, 0, size, size);
    return [...context.getImageData(0, 0, size, size).data];
  }, cameraPx);
  return decode(Uint8ClampedArray.from(data), cameraPx, cameraPx)?.data;
}

test("an entry link is followed, wiped from the address and counted apart; a changed one keeps nobody out", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const link = server.link("entry");
  assert.match(link, /#e=/);
  const { page: viewer } = await visit(program, link);
  const { page: astray, errors } = await visit(program, link.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
  for (const page of [viewer, astray]) {
    await says(page, "Connected");
    assert.equal(page.url(), server.link("audience"), "who copies the address passes on the show, not the entry");
  }
  await says(astray, "The link that led you here is not one of this show any more. You can vote all the same.");
  assert(!(await viewer.innerText("body")).includes("not one of this show"));

  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await give(viewer, "Ada");
  await give(astray, "Grace");
  // A reload knows the entry by its token, and the address that was wiped is not needed again.
  await viewer.reload();
  await says(viewer, "Your ballot for Ada is in the tally.");
  await desk.press({ do: "close" });
  await desk.press({ do: "seal" });

  // The operator and the graphics system see what came by which link.
  const { page: studio } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  await studio.getByText("By entry link").click();
  await says(studio, "by no link: 1 ballot (Ada 0 · Grace 1)", ".entries");
  await says(studio, "platform tv: 1 ballot (Ada 1 · Grace 0)", ".entries");
  await says(studio, "segment hall, pool jury: 0 ballots (Ada 0 · Grace 0)", ".entries");
  await says(studio, "all of no platform: 1 ballot (Ada 0 · Grace 1)\nall of platform tv: 1 ballot (Ada 1 · Grace 0)", ".entries");
  assert.deepEqual(await axe(studio, ["serious", "critical"]), []);
  const covered = await studio.locator("tl-action[name=panic] button").evaluate((node) => {
    const { left, bottom } = node.getBoundingClientRect();
    return !node.contains(document.elementFromPoint(left + 5, bottom - 5));
  });
  assert(!covered, "panic is never covered");
  const key = new URL(server.link("overlay")).search;
  const rows = await (await fetch(`${server.url}/f/doors/entries.json${key}`)).json();
  assert.deepEqual(rows.find((/** @type {{ platform: string }} */ row) => row.platform === "tv"), { segment: "", pool: "", platform: "tv", option: 1, label: "Ada", votes: 1, carried: 0, state: "provisional" });
  assert.match(await (await fetch(`${server.url}/f/doors/entries.csv${key}`)).text(), /\r\n"hall","jury",,2,"Grace",0,"provisional",0\r\n/);
  assert.deepEqual(errors, []);
});

test("the code on the page and on the screen leads to the audience page", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show, args: ["--public-url", outside] });
  const program = await browser(t);
  const here = (/** @type {string} */ what) => server.link(what).replace(outside, server.url);
  const { page } = await visit(program, here("audience"));
  await page.getByRole("button", { name: "Share" }).click();
  assert.equal(await scanned(page, ".share-code"), `${outside}/s/doors`);

  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  const { page: screen } = await visit(program, `${here("overlay")}&control=playout`, { viewport: sizes.full });
  await screen.evaluate(() => {
    const host = /** @type {any} */ (globalThis);
    host.update({ f1: "qr", f2: "Scan and vote" });
    host.play();
  });
  await until("it is on", async () => (await screen.locator("tl-results").getAttribute("data-visible")) === "true");
  await says(screen, "Scan and vote", ".question");
  assert.equal(await scanned(screen, "img.code"), `${outside}/s/doors`);
  const lines = await screen.locator("img.code").evaluate((node) => [/** @type {HTMLImageElement} */ (node)].map((img) => img.naturalHeight - img.naturalWidth)[0]);
  assert.ok(lines > 0, "there is a line for the address below the code");
});

test("an address with a mistake is answered in words, and to a program with a code", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const { page } = await visit(await browser(t), `${server.url}/s/dors`, { colorScheme: "dark" });
  await says(page, "There is no such show");
  await says(page, "Look whether the address is written right.");
  assert.deepEqual(await axe(page), []);
  await page.goto(`${server.url}/<b>`);
  await says(page, "There is no such thing");
  await page.getByRole("link", { name: "The pages of this server" }).click();
  await says(page, "The Doors Test");
  await page.goto(`${server.url}/s/doors/`);
  await says(page, "Nothing to vote on right now");
  const answer = await fetch(`${server.url}/s/dors`);
  assert.deepEqual([answer.status, answer.headers.get("content-type"), (await answer.json()).code], [404, "application/problem+json", "no_show"]);
});

test("on a phone every button of the studio has its word, and the rundown its order", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page, errors } = await visit(await browser(t), server.link("operator"), { viewport: sizes.phone, hasTouch: true });
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "On air", "tl-program");
  const found = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    cut: [...document.querySelectorAll(".action-label, .bar-share")].filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth).map((node) => node.textContent),
    low: [...document.querySelectorAll("tl-deck button")].filter((node) => node.getBoundingClientRect().height < 44 || node.getBoundingClientRect().bottom > innerHeight).map((node) => node.textContent),
    cues: [...document.querySelectorAll(".cue-number")].map((node) => node.textContent).join(),
  }));
  assert.deepEqual(found, { wide: 0, cut: [], low: [], cues: "1,2,3" });
  // With a thumb: select, standby.
  await page.getByRole("button", { name: "Take over" }).dispatchEvent("pointerdown");
  await says(page, "You have control", "tl-control");
  await page.locator("[data-cue='3']").tap();
  await page.locator("tl-action[name=standby] button").tap();
  await says(page, "3 And now?", "tl-standby");
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  assert.deepEqual(errors, []);
});

test("a staff link that cannot be looked up now is kept and tried again", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const context = await (await browser(t)).newContext({ viewport: sizes.desk });
  const page = await context.newPage();
  let away = true;
  const problem = JSON.stringify({ code: "busy", detail: "Redis does not answer", retry_after_ms: 2000 });
  await page.route("**/staff/enter", (route) => (away ? route.fulfill({ status: 503, contentType: "application/problem+json", body: problem }) : route.continue()));
  await page.goto(server.link("operator"));
  await says(page, "This link cannot be looked up now", "tl-entry");
  away = false;
  await page.getByLabel("Code or link").press("Enter");
  await says(page, "Connected", "tl-banner");
});
