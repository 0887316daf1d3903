// What takes two people, on three desks: proposed on one, declined or confirmed on another, seen on all; and a void run that is held again.
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

/**
 * Three desks, and a run that was closed, sealed and verified.
 * @param {import("node:test").TestContext} t
 * @param {(server: import("./helpers.mjs").Server, program: import("playwright-core").Browser) => Promise<void>} [vote] while it is open
 * @param {string} [file] of the show
 */
async function verified(t, vote, file = show) {
  const server = await serve(t, { show: file });
  const program = await browser(t);
  const open = async (/** @type {string} */ role) => (await visit(program, server.link(role), { viewport: sizes.desk })).page;
  const [producer, adjudicator, operator] = [await open("producer"), await open("adjudicator"), await open("operator")];
  for (const page of [producer, adjudicator, operator]) await says(page, "● Connected");
  await press(operator, "next", "n");
  await press(operator, "take", "t");
  await vote?.(server, program);
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

test("a platform is left out of a sealed result, and what the public sees says so", { timeout: 180_000 }, async (t) => {
  const { server, program, producer, adjudicator } = await verified(t, async (server, program) => {
    const entries = server.lines.filter((line) => line.trim().startsWith("entry")).map((line) => line.trim().split(/\s+/)[1]);
    const links = [server.link("audience"), entries[0], entries[1]];
    for (const [i, label] of ["Ada", "Ada", "Grace"].entries()) {
      const { page } = await visit(program, links[i]);
      await page.getByText(label, { exact: true }).click();
      await page.getByRole("button", { name: `Vote for ${label}` }).click();
      await says(page, `Your ballot for ${label} is in the tally.`);
    }
  });
  await producer.getByRole("button", { name: "Correct…" }).click();
  const dialog = producer.locator("dialog.corrections");
  assert.deepEqual(await axe(producer, ["serious", "critical"]), []);
  await dialog.getByLabel("platform tv: 1 ballot").check();
  await dialog.getByRole("button", { name: "Propose to leave out what is ticked…" }).click();
  await says(producer, "Say why first.");
  await dialog.getByLabel("Reason").fill("its lines were down");
  await dialog.getByRole("button", { name: "Propose to leave out what is ticked…" }).click();
  await says(producer, "It is proposed that nothing of platform tv counts in 1");
  await second(producer, "Propose now");
  await says(adjudicator, "▲ Producer proposes: Leave out platform tv of 1 Who wins?: “its lines were down”");
  await adjudicator.getByRole("button", { name: /^Confirm…/ }).click();
  await second(adjudicator, "Confirm now");
  await says(producer, "▲ Corrected by Producer and Adjudicator: without platform tv (“its lines were down”).");
  await says(producer, "Counted: 2 votes");
  await producer.getByText("By entry link").click();
  await says(producer, "✕ left out: platform tv: 1 ballot (Ada 0 · Grace 1)");
  await producer.getByText("By entry link").click();

  // A result is declared, beside what was counted.
  await producer.getByRole("button", { name: "Correct…" }).click();
  assert(await dialog.getByLabel("platform tv: 1 ballot").isChecked());
  await dialog.getByLabel("Grace").fill("5");
  await dialog.getByLabel("Reason").fill("the count of the notary");
  await dialog.getByRole("button", { name: "Propose to declare these…" }).click();
  await second(producer, "Propose now");
  await says(adjudicator, "▲ Producer proposes: Declare Ada 2, Grace 5 of 1 Who wins?");
  await adjudicator.getByRole("button", { name: /^Confirm…/ }).click();
  await second(adjudicator, "Confirm now");
  await says(producer, "declared, not counted: Ada 2, Grace 5");

  // The reveal takes two as well; then the audience and the screen have it with its mark.
  const { page: screen } = await visit(program, server.link("overlay"), { viewport: sizes.full });
  await press(producer, "reveal", "r");
  await second(producer, "Reveal now");
  await adjudicator.getByRole("button", { name: /^Confirm…: Reveal/ }).click();
  await second(adjudicator, "Confirm now");
  const { page: viewer } = await visit(program, server.link("audience"));
  await says(viewer, "Declared by those who answer for the show, not counted. A part of the votes was left out by decision. 7 votes");
  await says(screen, "Declared result");
  const { page: sheet } = await sheetOf(producer);
  await says(sheet, "Declared, not counted");
  await says(sheet, "Producer and Adjudicator");
  assert.deepEqual(await axe(sheet, ["serious", "critical"]), []);
});

test("the right answer of a quiz is corrected, and points follow", { timeout: 120_000 }, async (t) => {
  /** @type {Page[]} */
  const viewers = [];
  const { producer, adjudicator, operator } = await verified(t, async (server, program) => {
    for (const label of ["Albatross", "Kiwi"]) {
      const { page } = await visit(program, server.link("audience"));
      await page.getByText(label, { exact: true }).click();
      await page.getByRole("button", { name: `Vote for ${label}` }).click();
      await says(page, `Your ballot for ${label} is in the tally.`);
      viewers.push(page);
    }
  }, "tests/browser/shows/right.toml");
  await press(producer, "reveal", "r");
  await second(producer, "Reveal now");
  const [albatross, kiwi] = viewers;
  await says(albatross, "Right! 1,000 points for you");
  await says(kiwi, "Not this time");

  await producer.getByRole("button", { name: "Correct…" }).click();
  const dialog = producer.locator("dialog.corrections");
  assert(await dialog.getByLabel("Albatross").isChecked());
  await dialog.getByLabel("Albatross").uncheck();
  await dialog.getByLabel("Reason").fill("the wrong one was marked");
  await dialog.getByRole("button", { name: "Propose to declare these…" }).click();
  await says(producer, "Tick what is right.");
  await dialog.getByLabel("Kiwi").check();
  assert.deepEqual(await axe(producer, ["serious", "critical"]), []);
  await dialog.getByRole("button", { name: "Propose to declare these…" }).click();
  await says(producer, "It is proposed to declare for 1 Which bird cannot fly?: Kiwi is right");
  await second(producer, "Propose now");
  await says(adjudicator, "▲ Producer proposes: Declare Kiwi right of 1 Which bird cannot fly?: “the wrong one was marked”");
  await adjudicator.getByRole("button", { name: /^Confirm…/ }).click();
  await second(adjudicator, "Confirm now");
  await says(operator, "declared right: Kiwi (“the wrong one was marked”).");
  await says(kiwi, "Right! 1,000 points for you");
  await says(kiwi, "Place 1 of 2 players");
  await says(kiwi, "The right answer was corrected after a mistake.");
  await says(albatross, "Not this time");
  assert.deepEqual(await axe(kiwi, ["serious", "critical"]), []);
  const { page: sheet } = await sheetOf(producer);
  await says(sheet, "Declared right");
});

test("a void run is held again, and viewers may vote again", { timeout: 120_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/right.toml" });
  const program = await browser(t);
  const { page: producer } = await visit(program, server.link("producer"), { viewport: sizes.desk });
  const { page: viewer } = await visit(program, server.link("audience"));
  await says(producer, "● Connected");
  const give = async (/** @type {string} */ label) => {
    await viewer.getByText(label, { exact: true }).click();
    await viewer.getByRole("button", { name: `Vote for ${label}` }).click();
    await says(viewer, `Your ballot for ${label} is in the tally.`);
  };
  await press(producer, "next", "n");
  await press(producer, "take", "t");
  await give("Kiwi");
  const again = producer.locator('tl-action[name="again"]');
  assert(!(await again.isVisible()), "nothing is void");
  await press(producer, "void", "Shift+V");
  await producer.keyboard.type("the sound failed");
  await producer.keyboard.press("Enter");
  await second(producer, "Void now");
  await says(viewer, "It was declared void.");
  await says(producer, "✕ Void: the sound failed.");

  await again.locator("button").click();
  await press(producer, "take", "t");
  await says(producer, "↻ Held again, in place of the void run");
  await says(producer, "(“the sound failed”)");
  await says(viewer, "This vote is held again: the one before was declared void. You may vote again");
  assert(!(await viewer.innerText("body")).includes("the sound failed"));
  for (const page of [viewer, producer]) assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  await give("Swift");
  await press(producer, "close", "c");
  await press(producer, "seal", "l");
  await says(producer, "Not verified yet.");
  await press(producer, "verify", "v");
  await says(producer, "✓ Recount agrees");
  const { page: sheet } = await sheetOf(producer);
  await says(sheet, "which Producer declared void on");
});

/** The certificate, which opens in a tab of its own. @param {Page} page */
async function sheetOf(page) {
  const [sheet] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("button", { name: "Certificate" }).click()]);
  return { page: sheet };
}
