// Preview, program and tally on the studio page, with real screens: what is said to be on air is what they have painted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/overlay.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} text */
const says = (page, text) => until(`the panes say “${text}”`, async () => (await page.innerText("tl-panes")).includes(text));

/** The overlay inside a pane. @param {Page} page @param {string} output */
const picture = (page, output) => page.frameLocator(`iframe[src*="output=${output}"]`).locator("tl-results");

test("preview shows what a take will show, program what is on, and red is what a screen has painted", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("operator"), { viewport: sizes.full });
  const desk = await staff(server);
  await says(page, "Preview: nothing on standby");
  await says(page, "Program: nothing on the screens");

  // Numbers of this cue are for screens only once it is revealed: the preview of it has none, nor has its program.
  await desk.press({ do: "standby", cue: "2" });
  await says(page, "▸ Preview: cue 2");
  const preview = picture(page, "preview");
  await until("the preview shows it", async () => (await preview.innerText()).includes("Who wins the secret vote?"));
  assert(!/\d/.test(await preview.innerText()), "no number is known of what was not taken");
  assert.equal(await page.frameLocator('iframe[src*="output=preview"]').locator(".preview-line").count(), 0, "the page around it says what it is");

  // Nobody shows it: the pane of this page is no screen.
  await desk.press({ do: "take" });
  await says(page, "▲ Program: cue 2 not confirmed by any screen");
  await until("the monitor shows it", async () => (await picture(page, "monitor").innerText()).includes("Who wins the secret vote?"));
  await says(page, "Preview: nothing on standby");
  assert.equal(await preview.getAttribute("data-visible"), "false");

  // A screen that hears nothing new is behind, and named; red needs one that has painted what is so now.
  let deaf = false;
  const context = await program.newContext({ viewport: sizes.full });
  const wall = await context.newPage();
  await wall.routeWebSocket(/\/ws\//, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((message) => upstream.send(message));
    upstream.onMessage((message) => void (deaf || socket.send(message)));
  });
  await wall.goto(`${server.link("overlay")}&name=wall`);
  await says(page, "● Program: cue 2 on air, a screen confirms it");
  deaf = true;
  await desk.press({ do: "step" });
  await says(page, "▲ Program: cue 2 not confirmed by any screen · ▲ stale: wall");
  await until("the list of screens says so", async () => /wall\s+browser · in program · behind, at rev/.test(await page.innerText("tl-screens")));
  const other = await visit(program, `${server.link("overlay")}&name=other`, { viewport: sizes.full });
  await says(page, "● Program: cue 2 on air, a screen confirms it · ▲ stale: wall");
  const status = await (await fetch(`${server.url}/f/overlay/status.json${new URL(server.link("overlay")).search}`)).json();
  assert.deepEqual([status.tally_pgm, status.gfx_state, status.overlays_ok, status.overlays_stale, status.overlays_stale_names], [true, "on_air", 1, 1, "wall"]);
  await wall.close();
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);

  await desk.press({ do: "clear" });
  await says(page, "○ Program: nothing on the screens");
  assert.deepEqual([errors, other.errors], [[], []]);

  // Folded away nothing is loaded, and it stays so.
  await page.getByRole("button", { name: "Hide pictures" }).click();
  await until("they are gone", async () => (await page.locator("iframe").count()) === 0);
  await page.reload();
  await says(page, "Show pictures");
  await desk.press({ do: "standby", cue: "1" });
  await says(page, "▹ Preview: cue 1");
  assert.equal(await page.locator("iframe").count(), 0);
  await page.getByRole("button", { name: "Show pictures" }).focus();
  await page.keyboard.press("Enter");
  await says(page, "▸ Preview: cue 1");
});

test("on a phone the pictures are not there until somebody asks for them, and what the screens say is", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const { page } = await visit(await browser(t), server.link("operator"), { viewport: sizes.phone });
  await says(page, "Program: nothing on the screens");
  assert.equal(await page.locator("iframe").count(), 0);
  await page.getByRole("button", { name: "Show pictures" }).click();
  await until("they are there", async () => (await page.locator("iframe").count()) === 2);
  assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]), [390, 390]);
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
});

test("a preview by its address needs the key, and shows no number of what is on", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page } = await visit(program, `${server.link("overlay")}&output=preview`, { viewport: sizes.full });
  const { page: keyless } = await visit(program, `${server.link("overlay").split("?")[0]}?output=preview`, { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "step" });
  await desk.press({ do: "standby", cue: "2" });
  await until("the preview shows what comes", async () => (await page.locator(".question").innerText()) === "Who wins the secret vote?");
  await until("its state is written on it", async () => /results · on standby · step 0 · /.test(await page.innerText(".preview-line")));
  await until("who has no key is told so", async () => (await keyless.innerText("body")).includes("no key: sees what viewers see"));
  assert.equal(await keyless.locator("tl-results").getAttribute("data-visible"), "false");
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
});
