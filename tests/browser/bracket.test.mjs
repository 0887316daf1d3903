// From the semi-finals to the final, on the audience page, in the studio and on the overlay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

test("the winners of two semi-finals meet in the final", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/bracket.toml" });
  const desk = await staff(server);
  const program = await browser(t);
  const overlay = await visit(program, server.link("overlay").replace(/\/o\/cup\/[^?]*/, "/o/cup/bracket"), { viewport: sizes.full });
  const studio = await visit(program, server.link("operator"), { viewport: sizes.desk });
  const { page, errors } = await visit(program, server.link("audience"), { viewport: sizes.phone });

  /** @param {string} cue @param {string} label */
  const wins = async (cue, label) => {
    await desk.press({ do: "standby", cue });
    await desk.press({ do: "take" });
    await page.getByText(label, { exact: true }).first().click();
    await page.getByRole("button", { name: `Vote for ${label}` }).click();
    await until("the vote is counted", async () => (await page.innerText("body")).includes("Counted"));
    await desk.press({ do: "close" });
    for (const verb of ["seal", "verify"]) await desk.press({ do: verb });
    await desk.press({ do: "arm", what: "reveal" });
    await desk.press({ do: "reveal" });
    await until("the overlay names who came on", async () => (await overlay.page.locator(".bracket-side[data-is=won]").allInnerTexts()).includes(label));
  };
  await wins("1", "The band");
  const early = await desk.command({ do: "standby", cue: "F" });
  assert.match(early.detail, /cue 2 has no result yet/);
  await wins("2", "The duo");
  assert.equal(await overlay.page.locator(".bracket-round").count(), 2);
  await page.locator("tl-bracket summary").click();
  await until("the page says who meets", async () => /The band\s+The duo/.test(await page.locator(".bracket-round").nth(1).innerText()));
  for (const one of [page, overlay.page]) {
    assert.deepEqual(await axe(one, ["serious", "critical"]), []);
    assert.equal(await one.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  }
  await desk.press({ do: "standby", cue: "F" });
  await until("the studio says who", async () => /The band – The duo/.test(await studio.page.innerText("tl-standby")));
  await desk.press({ do: "take" });
  await page.getByRole("radio", { name: "The duo" }).waitFor();
  assert.equal(await page.getByRole("radio").count(), 2);
  assert.deepEqual([...errors, ...overlay.errors, ...studio.errors], []);
});
