// What takes two people, on three desks: proposed on one, declined or confirmed on another, seen on all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/corrections.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} text */
const says = (page, text) => until(`the page says “${text}”`, async () => (await page.innerText("body")).includes(text));

/** Presses the key of an action as soon as it can be pressed. @param {Page} page @param {string} action @param {string} key */
async function press(page, action, key) {
  const button = page.locator(`tl-action[name="${action}"] button`).first();
  await until(`${action} can be pressed`, async () => (await button.getAttribute("data-waits")) === null && (await button.getAttribute("aria-disabled")) === null);
  await page.keyboard.press(key);
}

/** The second press of something armed: not sooner than a person decides. @param {Page} page @param {string} name */
async function second(page, name) {
  const go = page.locator(".armed-go", { hasText: name });
  await go.waitFor();
  await until(`${name} is pressed`, async () => {
    if (await go.isVisible()) await go.click({ timeout: 500 }).catch(() => {});
    return !(await go.isVisible());
  });
}

/** Three desks, and a run that was closed, sealed and verified. @param {import("node:test").TestContext} t */
async function verified(t) {
  const server = await serve(t, { show });
  const program = await browser(t);
  const open = async (/** @type {string} */ role) => (await visit(program, server.link(role), { viewport: sizes.desk })).page;
  const [producer, adjudicator, operator] = [await open("producer"), await open("adjudicator"), await open("operator")];
  for (const page of [producer, adjudicator, operator]) await says(page, "● Connected");
  await press(operator, "next", "n");
  await press(operator, "take", "t");
  await press(operator, "close", "c");
  await press(producer, "seal", "l");
  await says(producer, "Not verified yet.");
  await press(adjudicator, "verify", "v");
  await says(producer, "✓ Recount agrees");
  return { server, program, producer, adjudicator, operator };
}

test("a reveal is proposed on one desk and confirmed on another", { timeout: 60_000 }, async (t) => {
  const { producer, adjudicator, operator } = await verified(t);
  const propose = async () => {
    await press(producer, "reveal", "r");
    await second(producer, "Reveal now");
    for (const page of [producer, adjudicator, operator]) await says(page, "▲ Producer proposes: Reveal 1");
  };
  await propose();
  await says(producer, "Reveal: proposed, not done. Another person can confirm it within 5 minutes.");
  assert.equal(await producer.getByRole("button", { name: /^Confirm…/ }).count(), 0, "nobody confirms his own");
  assert.equal(await operator.locator("tl-proposals button").count(), 0, "an operator only sees it");
  assert.deepEqual(await axe(adjudicator, ["serious", "critical"]), []);
  await adjudicator.getByRole("button", { name: /^Decline: Reveal 1/ }).click();
  await until("it is gone", async () => !(await producer.innerText("body")).includes("proposes"));

  await propose();
  await adjudicator.getByRole("button", { name: /^Confirm…: Reveal 1/ }).click();
  await says(adjudicator, "With your name beside it is done");
  await second(adjudicator, "Confirm now");
  await until("the step is revealed", async () => (await producer.locator('.way [aria-current="step"]').innerText()).toLowerCase() === "revealed");
  await says(producer, "proposed by Producer");
});
