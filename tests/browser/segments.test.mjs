// Segments with windows of their own: each page has its own clock, what was prepared goes out at its own opening, and the studio
// sees all of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

/** @param {import("playwright-core").Page} page @param {string} where @param {string|RegExp} text */
const says = (page, where, text) =>
  until(`${where} says “${text}”`, async () => {
    const found = await page.locator(where).first().innerText();
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

for (const way of ["a WebSocket", "server-sent events"]) {
  test(`a segment has its own part of the window, by ${way}`, { timeout: 90_000 }, async (t) => {
    const server = await serve(t, { show: "tests/browser/shows/segments.toml" });
    const program = await browser(t);
    const desk = await staff(server, "operator");
    const links = server.lines.flatMap((line) => line.trim().split(/\s+/)).filter((word) => word.includes("#e="));
    assert.equal(links.length, 2);
    const [east, west] = await Promise.all(links.map(async (link) => {
      const page = await (await program.newContext({ viewport: sizes.phone })).newPage();
      if (way !== "a WebSocket") await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
      await page.goto(link);
      if (way !== "a WebSocket") await says(page, "body", /Server-sent events/);
      return page;
    }));
    const { page: studio, errors } = await visit(program, server.link("producer"), { viewport: sizes.desk });
    await desk.press({ do: "standby", cue: "1" });
    await says(studio, "tl-standby", "segments: east 0:00 to 0:12, west from 0:14");
    await desk.press({ do: "take" });
    await says(studio, "tl-platforms", /Segments of the audience\s*east\s*0:00 to 0:12[\s\S]*west\s*from 0:14/i);
    await says(west, "tl-countdown", "Voting has not opened yet");
    await west.getByText("Grace", { exact: true }).click();
    await west.getByRole("button", { name: "Hand in Grace" }).click();
    await says(west, "body", "Your ballot for Grace is on this device");

    await desk.press({ do: "open", seconds: 24 });
    await says(east, "tl-countdown", /0:(1[0-2]|0\d)/);
    await says(west, "tl-countdown", /Opens in\s*0:(1[0-4]|0\d)/);
    await says(west, "body", "Where you came in, voting has a time of its own");
    await says(studio, "tl-platforms", /east\s*0:00 to 0:12\s*Open\s*0:\d\d\s*west\s*from 0:14\s*opens in\s*0:\d\d/);
    await east.getByText("Ada", { exact: true }).click();
    await east.getByRole("button", { name: "Vote for Ada" }).click();
    await says(east, "body", "is in the tally");
    await says(east, "body", "Where you came in, voting is over. Elsewhere it may still go on.");
    assert.match(await studio.innerText("tl-program"), /Open/, "elsewhere it goes on");
    await says(west, "body", "Your ballot for Grace is in the tally.");
    await says(west, "tl-countdown", "Voting is closed");
    await says(east, "body", "Being checked");
    await says(east, "body", "2 votes");
    assert.deepEqual(await axe(studio, ["serious", "critical"]), []);
    assert.deepEqual(errors, []);
  });
}
