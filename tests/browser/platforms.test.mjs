// Viewers who see the show later: their page has their own clock, and the studio sees where they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

/** @param {import("playwright-core").Page} page @param {string} where @param {string|RegExp} text */
const says = (page, where, text) =>
  until(`${where} says “${text}”`, async () => {
    const found = await page.locator(where).first().innerText();
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** @param {import("playwright-core").Page} page */
async function votes(page) {
  await page.getByText("Ada", { exact: true }).click();
  await page.getByRole("button", { name: "Vote for Ada" }).click();
  await says(page, "body", "is in the tally");
}

for (const way of ["a WebSocket", "server-sent events"]) {
  test(`a phone that is behind has its own window, by ${way}`, { timeout: 90_000 }, async (t) => {
    const server = await serve(t, { show: "tests/browser/shows/platforms.toml" });
    const program = await browser(t);
    const desk = await staff(server, "operator");
    const link = server.lines.flatMap((line) => line.trim().split(/\s+/)).find((word) => word.includes("#e="));
    assert(link);
    const context = await program.newContext({ viewport: sizes.phone });
    const phone = await context.newPage();
    if (way !== "a WebSocket") await phone.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
    await phone.goto(link);
    if (way !== "a WebSocket") await says(phone, "body", /Server-sent events/);
    const { page: hall, errors } = await visit(program, server.link("audience"));
    const { page: studio } = await visit(program, server.link("producer"), { viewport: sizes.desk });
    await desk.press({ do: "standby", cue: "1" });
    await desk.press({ do: "take" });
    await says(phone, "tl-countdown", "Voting has not opened yet");
    await desk.press({ do: "open", seconds: 12 });

    await says(phone, "tl-countdown", /Opens in\s*0:0[1-8]/);
    await says(studio, "tl-platforms", /Television\s*\+8 s\s*opens in\s*0:0[1-8]\s*Locked everywhere in 0:(1\d|20)/);
    await votes(hall);
    await says(studio, "tl-platforms", /\+8 s\s*Open\s*0:(12|1[01]|0\d)/);
    await votes(phone);
    await says(hall, "tl-countdown", "Voting is closed");
    assert.match(await phone.innerText("tl-countdown"), /0:0\d/, "on television it goes on");
    await says(studio, "tl-program", "Closing");
    assert.deepEqual(await axe(studio, ["serious", "critical"]), []);
    await says(phone, "tl-countdown", "Voting is closed");
    await says(studio, "tl-platforms", "Locked");
    assert.deepEqual(errors, []);
  });
}

test("an operator says how late it is seen, by seconds and by what is seen", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/platforms.toml" });
  const program = await browser(t);
  const { page: studio, errors, context } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await says(studio, "tl-platforms", /Television\s*\+8 s/);
  const set = studio.locator("tl-action[name=marker] button");
  // The key leads to the field, and there the letters are nobody's keys.
  await studio.keyboard.press("m");
  await studio.keyboard.type("2.5");
  await says(studio, "tl-action[name=marker]", "Set 2.5 s");
  await set.click({ button: "right" });
  await until("its address is copied", async () => /\/marker\/2\.5\?key=KEY&soft=1$/.test(await studio.evaluate(() => navigator.clipboard.readText())));
  await studio.keyboard.press("Enter");
  // And what the command took on its way, by a clock that the page knows to some milliseconds.
  await says(studio, "tl-platforms", /\+10\.[4-9] s \(file: 8\)/);
  await says(studio, "tl-asrun", /Marker[\s\S]*tv 10\.[4-9]\d\d s behind/);
  await until("the field is empty again", async () => (await studio.getByLabel("Seconds late").inputValue()) === "");
  await until("keys press actions again", () => studio.evaluate(() => document.activeElement?.tagName !== "INPUT"));
  // The key is no second press of what was written.
  await studio.getByLabel("Seconds late").fill("7");
  await says(studio, "tl-action[name=marker]", "Set 7 s");
  // Within a second of the last press it does nothing.
  await until("it leads to the field", async () => {
    await studio.locator("tl-rundown .rundown-list").focus();
    await studio.keyboard.press("m");
    return (await studio.evaluate(() => document.activeElement?.getAttribute("aria-label"))) === "Seconds late";
  });
  assert.equal(await studio.getByLabel("Seconds late").inputValue(), "7");
  assert.equal(await studio.getByRole("button", { name: "Seen now" }).isVisible(), false, "of the output");

  const desk = await staff(server, "producer");
  await studio.getByRole("button", { name: "Give up control" }).click();
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "control", action: "release" });
  await studio.getByLabel("Where it is seen").selectOption({ label: "Television" });
  await until("the take can be seen", async () => (await studio.getByLabel("What is seen there now").innerText()).includes("Take 1"));
  await studio.getByRole("button", { name: "Take control" }).click();
  await studio.getByRole("button", { name: "Seen now" }).click();
  // As long ago as the take was: less than the file says, and not nothing.
  await says(studio, "tl-platforms", /Television\s*\+[0-7](\.\d)? s \(file: 8\)/);
  assert.deepEqual(await axe(studio, ["serious", "critical"]), []);
  assert.deepEqual(errors, []);
});

test("who may not say it does not see the field", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/platforms.toml" });
  const { page } = await visit(await browser(t), server.link("adjudicator"), { viewport: sizes.desk });
  await says(page, "tl-platforms", "Television");
  assert.equal(await page.locator("tl-late").isHidden(), true);
  assert.equal(await page.locator("tl-late").count(), 1);
});
