// What the rules of a cue ask of the audience page: numbers after the own vote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/rules.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** What axe calls serious or critical. @param {Page} page */
async function sound(page) {
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
}

/** @param {Page} page @param {string} label */
async function give(page, label) {
  await page.getByText(label, { exact: true }).click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
}

/** @param {Page} page */
const shares = async (page) => (await page.locator(".tile-share").allInnerTexts()).join(" ").trim();

/** A show with a cue on program. @param {import("node:test").TestContext} t @param {string} cue */
async function on(t, cue) {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue });
  await desk.press({ do: "take" });
  return { server, desk, program: await browser(t) };
}

test("numbers come with the own vote, in every page of the voter", { timeout: 60_000 }, async (t) => {
  const { server, program, desk } = await on(t, "1");
  const { page: other } = await visit(program, server.link("audience"));
  const { page, errors, context } = await visit(program, server.link("audience"));
  await says(page, "Vote, and you see the numbers.");
  await says(other, "Vote, and you see the numbers.");
  const second = await context.newPage();
  await second.goto(server.link("audience"));
  await says(second, "Vote, and you see the numbers.");

  await give(other, "Grace");
  await says(other, "100.0%");
  assert.equal(await shares(page), "", "another's vote shows nothing");
  await give(page, "Ada");
  await says(page, "Live. Counting goes on. 2 votes");
  assert.equal(await shares(page), "50.0% 50.0%");
  await says(second, "2 votes");
  await page.reload();
  await says(page, "2 votes");
  await sound(page);

  const { page: silent } = await visit(program, server.link("audience"));
  await says(silent, "Vote, and you see the numbers.");
  await desk.press({ do: "close" });
  await says(silent, "Provisional, not verified yet. 2 votes");
  assert.deepEqual(errors, []);
});

test("numbers come with the own vote where no WebSocket gets through", { timeout: 60_000 }, async (t) => {
  const { server, program } = await on(t, "1");
  const context = await program.newContext();
  const page = await context.newPage();
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  /** @type {string[]} */
  const addresses = [];
  page.on("request", (request) => addresses.push(request.url()));
  await page.goto(server.link("audience"));
  await says(page, /Server-sent events/);
  await says(page, "Vote, and you see the numbers.");
  await give(page, "Ada");
  await says(page, "Live. Counting goes on. 1 vote");
  await says(page, /Polling/);
  await page.reload();
  await says(page, "Live. Counting goes on. 1 vote");
  const device = await page.evaluate(() => localStorage.getItem("tallylight.rules.device"));
  assert(device && addresses.every((address) => !address.includes(device)), "no token is in an address");
});
