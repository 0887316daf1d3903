// Reactions against the real server: the buttons of the audience page, the studio's numbers, and the overlay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/reactions.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** @param {Page} page */
async function sound(page) {
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
}

/** @param {Page} page @param {string} emoji @param {number} times */
async function tap(page, emoji, times) {
  for (let i = 0; i < times; i += 1) await page.locator(".tap", { hasText: emoji }).click();
}

/** What screens are told. @param {import("./helpers.mjs").Server} server */
async function rows(server) {
  const key = new URL(server.link("overlay")).searchParams.get("key");
  return (await fetch(`${server.url}/f/reactions/results.json?key=${key}`)).json();
}

test("taps count at once on the page, once for everybody, and rise on air", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("audience"));
  const { page: other } = await visit(program, server.link("audience"));
  const { page: overlay, errors: overlayErrors } = await visit(program, server.link("overlay"), { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(page, "Tap as often as you like.");
  assert.equal(await page.getByRole("button", { name: "Choose an answer" }).count(), 0, "nothing to vote on");
  for (const button of await page.locator(".tap").all()) assert.ok((await button.boundingBox())?.height ?? 0 >= 44);
  await sound(page);

  await tap(page, "👏", 5);
  assert.match((await page.locator(".tap", { hasText: "👏" }).getAttribute("aria-label")) ?? "", /👏, tapped [1-5]/);
  await tap(other, "❤️", 3);
  await says(page, "8 taps from everybody");
  await says(other, "8 taps from everybody");
  await until("emoji rise", async () => (await overlay.locator(".rise-emoji.rising").count()) > 0);
  assert.ok((await overlay.locator(".rise-emoji").count()) <= 28);
  assert.equal(await overlay.locator(".taps-question").innerText(), "How do you like it?");
  await desk.press({ do: "step" });
  await until("the plate counts", async () => /👏 5[\s\S]*❤️ 3[\s\S]*😂 0/.test(await overlay.locator(".taps-plate").innerText()));
  await sound(overlay);
  assert.deepEqual((await rows(server)).map((/** @type {any} */ row) => [row.label, row.votes]), [["👏", 5], ["❤️", 3], ["😂", 0]]);

  // A page that is loaded again counts from nothing, and adds nothing twice.
  await page.reload();
  await says(page, "8 taps from everybody");
  await tap(page, "😂", 2);
  await says(page, "10 taps from everybody");

  // Without a network it says so, and goes on counting.
  await page.context().setOffline(true);
  await says(page, "No connection: what you tap now may be lost.");
  await tap(page, "😂", 1);
  await until("it counts here", async () => /tapped 3 times/.test((await page.locator(".tap", { hasText: "😂" }).getAttribute("aria-label")) ?? ""));
  await page.context().setOffline(false);
  await says(page, "11 taps from everybody");

  await desk.press({ do: "close" });
  await says(page, "This is over");
  assert.ok(await page.locator(".tap").first().isDisabled());
  const sealed = await desk.command({ do: "seal" });
  assert.equal(sealed.code, "not_now");
  assert.match(sealed.detail, /no ballots/);
  // What a page says of its lost network is no error of its own.
  assert.deepEqual(errors.filter((line) => !/ERR_INTERNET_DISCONNECTED|WebSocket/.test(line)), []);
  assert.deepEqual(overlayErrors, []);
});

test("the meter shows how loud it is against the loudest, on air and in the studio", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page } = await visit(program, server.link("audience"), { reducedMotion: "reduce" });
  const { page: overlay } = await visit(program, server.link("overlay"), { viewport: sizes.full });
  const { page: studio, errors } = await visit(program, server.link("operator"), { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "Opens in a moment");
  assert.ok(await page.locator(".tap").isDisabled());
  await desk.press({ do: "open" });
  await says(page, "Tap along");
  await tap(page, "👏", 12);
  assert.equal(await page.locator(".tap-fly").count(), 0, "nothing flies where motion is to be less");
  await until("the studio counts", async () => /12/.test(await studio.locator("tl-program .figures").innerText()));
  await until("the bar moves", async () => !/scaleX\(0(\.0+)?\)/.test((await overlay.locator(".meter-level").getAttribute("style")) ?? "scaleX(0)"));
  await until("and falls", async () => /scaleX\(0(\.0+)?\)/.test((await overlay.locator(".meter-level").getAttribute("style")) ?? ""));
  await until("the studio knows the loudest", async () => /of [1-9]\d* at most/.test(await studio.locator("tl-program").innerText()));
  assert.ok(!/from everybody/.test(await page.innerText("body")), "viewers see nothing before the close");
  await sound(studio);
  await sound(overlay);
  await sound(page);
  await desk.press({ do: "close" });
  await says(page, "12 taps from everybody");
  await until("the studio says what does not apply", async () => /no ballots/.test(await studio.innerText("body")));
  assert.deepEqual(errors, []);
});

test("taps come by plain requests where no WebSocket gets through", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  const program = await browser(t);
  const context = await program.newContext({ viewport: sizes.phone });
  const page = await context.newPage();
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  await page.goto(server.link("audience"));
  await says(page, /Server-sent events/);
  await says(page, "Tap as often as you like.");
  await tap(page, "❤️", 4);
  await says(page, "4 taps from everybody");
  await tap(page, "❤️", 2);
  await says(page, "6 taps from everybody");
});

test("hidden counts are in no page", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page } = await visit(program, server.link("audience"));
  const { page: overlay } = await visit(program, server.link("overlay"), { viewport: sizes.full });
  const { page: operator } = await visit(program, server.link("operator"), { viewport: sizes.full });
  const { page: adjudicator } = await visit(program, server.link("adjudicator"), { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "3" });
  await desk.press({ do: "take" });
  await says(page, "Tap as often as you like.");
  await tap(page, "👏", 7);
  await until("the adjudicator sees them", async () => /7[\s\S]*taps/.test(await adjudicator.locator("tl-program .figures").innerText()));
  assert.deepEqual((await rows(server)).map((/** @type {any} */ row) => row.votes), [0]);
  assert.equal(await overlay.locator(".rise-emoji.rising").count(), 0);
  assert.match(await operator.locator("tl-program").innerText(), /hidden from your role/);
  assert.ok(!/from everybody/.test(await page.innerText("body")));
});
