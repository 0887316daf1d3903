// Votes of a round that are carried over into the next one, as desks, the audience and the certificate say it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, until, visit } from "./helpers.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} text */
const says = (page, text) => until(`the page says “${text}”`, async () => (await page.innerText("body")).includes(text));

/** Presses the key of an action as soon as it can be pressed. @param {Page} page @param {string} action @param {string} key */
async function press(page, action, key) {
  const button = page.locator(`tl-action[name="${action}"] button`).first();
  await until(`${action} can be pressed`, async () => (await button.getAttribute("data-waits")) === null && (await button.getAttribute("aria-disabled")) === null);
  await page.keyboard.press(key);
}

/** @param {Page} page @param {string} label */
async function vote(page, label) {
  await page.getByText(label, { exact: true }).click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
  await says(page, `Your ballot for ${label} is in the tally.`);
}

test("the votes of a round are carried over, and everybody reads that they are", { timeout: 120_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/carry.toml" });
  const program = await browser(t);
  const { page: producer } = await visit(program, server.link("producer"), { viewport: sizes.desk });
  await says(producer, "● Connected");
  await says(producer, "carries over from 1");
  await press(producer, "next", "n");
  await press(producer, "take", "t");
  const { page: viewer } = await visit(program, server.link("audience"));
  await vote(viewer, "Joan");
  await press(producer, "close", "c");
  await press(producer, "seal", "l");
  await says(producer, "Not verified yet.");
  await press(producer, "verify", "v");
  await says(producer, "✓ Recount agrees");

  // Chosen by hand, until another one is on program.
  await producer.getByLabel("Run", { exact: true }).selectOption({ index: 0 });
  await press(producer, "next", "n");
  await says(producer, "carries over from 1 (1 vote): Joan 1 · Ada 0");
  await press(producer, "take", "t");
  await says(producer, "⇥ It carries over from 1 (1 vote): Joan 1 · Ada 0.");
  await says(viewer, "Votes of an earlier round are included. 1 vote");
  await vote(viewer, "Ada");
  await says(viewer, "Votes of an earlier round are included. 2 votes");
  assert.deepEqual(await axe(producer, ["serious", "critical"]), []);
  await press(producer, "close", "c");
  await press(producer, "seal", "l");
  await says(producer, "2 votes, margin 0");
  await press(producer, "verify", "v");
  await says(producer, "✓ Recount agrees");
  const [sheet] = await Promise.all([producer.waitForEvent("popup"), producer.getByRole("button", { name: "Certificate" }).click()]);
  await says(sheet, "Votes carried over");
  const rows = await sheet.locator("table").first().locator("tr").allInnerTexts();
  assert.deepEqual(rows.map((row) => row.split(/\s+/).filter(Boolean)), [["Option", "Carried", "over", "Own", "Votes", "Share"], ["1", "Joan", "1", "0", "1", "50.0", "%"], ["2", "Ada", "0", "1", "1", "50.0", "%"]]);
  assert.deepEqual(await axe(sheet, ["serious", "critical"]), []);

  // The earlier round turns out to be wrong.
  await producer.bringToFront();
  const runs = producer.getByLabel("Run", { exact: true });
  const [first, later] = await runs.locator("option").evaluateAll((all) => all.map((one) => /** @type {HTMLOptionElement} */ (one).value));
  await runs.selectOption(first);
  await press(producer, "void", "Shift+V");
  await producer.keyboard.type("the wrong song");
  await producer.keyboard.press("Enter");
  const go = producer.locator(".armed-go", { hasText: "Void now" });
  await go.waitFor();
  await until("it is void", async () => {
    if (await go.isVisible()) await go.click({ timeout: 500 }).catch(() => {});
    return !(await go.isVisible());
  });
  await says(producer, "✕ Void: the wrong song.");
  await runs.selectOption(later);
  await says(producer, "▲ a round that these votes come from was declared void since: Joan 1 · Ada 0. The seal stays as it is, and is not decisive: the producer voids it");
  await sheet.reload();
  await says(sheet, "▲ A round that votes carried over come from was declared void since this was sealed.");
  assert.deepEqual(await axe(sheet, ["serious", "critical"]), []);
});
