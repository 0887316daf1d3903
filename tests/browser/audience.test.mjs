// The audience page against the real server: the way of a ballot as a viewer sees it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/audience.toml";

/** @param {import("playwright-core").Page} page @param {string} text */
const says = (page, text) => until(`the page says “${text}”`, async () => (await page.innerText("body")).includes(text));

/** What axe calls serious or critical. @param {import("playwright-core").Page} page */
async function sound(page) {
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
}

/** What holds on every phone: nothing to scroll sideways, and targets that a thumb can hit. @param {import("playwright-core").Page} page */
async function fits(page) {
  const found = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll("button, label.tile")]
      .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44)
      .map((node) => node.textContent),
  }));
  assert.deepEqual(found, { wide: 0, small: [] });
}

test("a viewer votes, sees it counted, also after a reload, and sees the result", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page, errors, context } = await visit(program, server.link("audience"));
  await says(page, "Nothing to vote on right now");
  await sound(page);
  await fits(page);

  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(page, "Voting has not opened yet");
  assert.equal(await page.locator("h2.question").innerText(), "Who wins?");
  await page.getByText("Grace", { exact: true }).click();
  assert(await page.locator(".send").isDisabled(), "a ballot cannot be given before the window opens");

  await desk.press({ do: "open" });
  await says(page, "Voting closes in");
  const left = await page.evaluate(async (id) => {
    const live = await (await fetch(`/api/v1/shows/${id}/live`)).json();
    const { now } = await (await fetch("/api/v1/time")).json();
    const [minutes, seconds] = (document.querySelector("[role=timer]")?.textContent ?? "").split(":").map(Number);
    return { shown: minutes * 60 + seconds, true: (live.show.run.closes_at - now) / 1000 };
  }, desk.show);
  assert(Math.abs(left.shown - left.true) <= 1.2, `the countdown is the server's: ${JSON.stringify(left)}`);
  await says(page, "The numbers are not shown yet.");
  await sound(page);
  await fits(page);

  await page.getByRole("button", { name: "Vote for Grace" }).click();
  await says(page, "Counted");
  await says(page, "Your ballot for Grace is in the tally.");
  assert.equal(await page.locator(".send").isVisible(), false);

  await page.reload();
  await says(page, "Counted");
  await says(page, "✓ Your vote");
  assert(await page.getByRole("radio", { name: /Grace/ }).isChecked());
  assert.equal((await page.locator(".tile-share").allInnerTexts()).join(""), "", "no number is shown before the close");

  // The storage is gone, the device is known: the server tells what the viewer has.
  await page.evaluate((id) => localStorage.removeItem(`tallylight.${id}.ballots`), desk.show);
  await page.reload();
  await says(page, "Your ballot for Grace is in the tally.");

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "What is kept about me" }).click()]);
  const kept = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.deepEqual(kept.ballots.map((/** @type {any} */ one) => [one.question, one.picks[0].label, one.is]), [["Who wins?", "Grace", "counted"]]);
  await says(page, "Downloaded");

  await desk.press({ do: "close" });
  await says(page, "Voting is closed");
  await says(page, "Provisional, not verified yet.");
  await says(page, "100.0%");
  await sound(page);

  // A late extension opens it again, and what may not be seen while it is open is gone.
  await desk.press({ do: "extend", seconds: 30 });
  await says(page, "The numbers are not shown yet.");
  assert.equal((await page.locator(".tile-share").allInnerTexts()).join(""), "");
  await desk.press({ do: "close" });
  await says(page, "Provisional, not verified yet.");

  await desk.press({ do: "seal" });
  await desk.press({ do: "verify" });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
  await says(page, "★ Winner");
  await says(page, "Final and verified. 1 vote");
  await sound(page);
  await fits(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await sound(page);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a viewer votes with the keyboard alone: one vote, and three", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page, errors } = await visit(await browser(t), server.link("audience"), { viewport: sizes.desk, colorScheme: "dark" });
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
  /** Tabs until what has the focus is called so. @param {RegExp} name */
  const tabTo = async (name) => {
    await until(`Tab leads to ${name}`, async () => {
      if (name.test(await focused())) return true;
      await page.keyboard.press("Tab");
      return false;
    });
  };

  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  await says(page, "Voting closes in");
  await sound(page);
  await page.getByRole("button", { name: "Share" }).focus();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("type")), "radio");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await says(page, "Vote for Grace");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Vote for Grace");
  await page.keyboard.press("Enter");
  await says(page, "Your ballot for Grace is in the tally.");
  await desk.press({ do: "close" });
  await says(page, "Voting is closed");

  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "Give your 3 votes");
  await tabTo(/^One more vote for The old one$/);
  await page.keyboard.press("Enter");
  await tabTo(/^One more vote for The loud one$/);
  await page.keyboard.press("Space");
  await tabTo(/^Send 2 votes$/);
  await page.keyboard.press("Enter");
  await says(page, "Your ballot for The old one, The loud one is in the tally.");
  await says(page, "You have 1 left to give");
  await tabTo(/^One more vote for The loud one$/);
  await page.keyboard.press("Enter");
  await tabTo(/^Send 1 vote/);
  await page.keyboard.press("Enter");
  await says(page, "You have given all your votes");
  await says(page, "2 of your votes");
  await sound(page);

  await desk.press({ do: "close" });
  await says(page, "The numbers are not shown yet.");
  await desk.press({ do: "arm", what: "void" });
  await desk.press({ do: "void", reason: "A rehearsal of the worst" });
  await says(page, "This question is void");
  await sound(page);

  // What is told of both ballots is closed one after the other, and the focus stays at hand.
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(page, "Who wins?");
  await page.reload();
  const told = page.locator(".earlier-close");
  await until("both are told", async () => (await told.count()) === 2);
  await told.first().focus();
  await page.keyboard.press("Enter");
  await until("one is left, and has the focus", async () => (await told.count()) === 1 && (await focused()) === "Close");
  await page.keyboard.press("Enter");
  await until("none is left", async () => (await page.locator(".earlier").isVisible()) === false);
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "tl-receipt");
  assert.deepEqual(errors, []);
});
