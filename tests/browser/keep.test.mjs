// What a show is not to keep, in words on the studio page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

test("the studio says what will be destroyed, and what that waits for", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/keep.toml" });
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  const says = (/** @type {RegExp} */ text) => until(`the panel says ${text}`, async () => text.test(await page.locator("tl-keep").innerText()));
  await says(/Voter key: waits, for the show is in rehearsal\s+Everything but manifests and log: waits, for the show is in rehearsal/);
  const desk = await staff(server);
  await desk.press({ do: "arm", what: "go_live" });
  await desk.press({ do: "go_live" });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  await says(/waits, for cue 1 is open: seal and verify it, or void it/);
  await desk.press({ do: "arm", what: "void" });
  await desk.press({ do: "void", reason: "a test" });
  await says(/Voter key: in 14 days\s+Everything but manifests and log: in 90 days/);
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  assert.deepEqual(errors, []);
});

test("of a show that is kept until somebody erases it the page says nothing", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/platforms.toml" });
  const { page } = await visit(await browser(t), server.link("operator"), { viewport: sizes.desk });
  await page.locator("tl-program").waitFor();
  assert.equal(await page.locator("tl-keep").isVisible(), false);
});
