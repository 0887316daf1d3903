// The audience page on a bad network: tunnels, a server that dies, networks that let no WebSocket through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, serve, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/network.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** @param {Page} page @param {string} label */
async function give(page, label) {
  await page.getByText(label, { exact: true }).click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
}

/** Votes per option as the server counts them now. @param {import("./helpers.mjs").Server} server @param {string} id */
async function counted(server, id) {
  const { results } = await (await fetch(`${server.url}/api/v1/shows/${id}/live`)).json();
  return results.options.map((/** @type {{ votes: number }} */ option) => option.votes).join();
}

/** A show with its first question open. @param {import("node:test").TestContext} t */
async function open(t) {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  return { server, desk, program: await browser(t) };
}

test("a ballot given in a tunnel is kept, through a reload too, and sent when the network is back", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await open(t);
  const { page, context } = await visit(program, server.link("audience"));
  await says(page, /Connected\s+WebSocket/);
  await context.setOffline(true);
  await says(page, "No network on this device");
  await give(page, "Grace");
  await says(page, "Kept on this device");
  assert.equal(await counted(server, desk.show), "0,0");
  await context.setOffline(false);
  await says(page, "Counted");
  await says(page, /Connected\s+WebSocket/);
  await until("it is counted", async () => (await counted(server, desk.show)) === "0,1");

  // A second one whose browser is closed and opened again while it is kept.
  const { page: closed, context: pocket } = await visit(program, server.link("audience"));
  await says(closed, "Connected");
  await server.kill();
  await says(closed, /Connection lost|Connecting/);
  await give(closed, "Ada");
  await says(closed, "Kept on this device");
  await closed.close();
  await server.start();
  const opened = await pocket.newPage();
  await opened.goto(server.link("audience"));
  await says(opened, "Your ballot for Ada is in the tally.");
  await until("both are counted once", async () => (await counted(server, desk.show)) === "1,1");
  await says(page, "Connected");
});

test("a ballot that comes out of the tunnel after the close is reported late", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await open(t);
  const { page, context } = await visit(program, server.link("audience"));
  await says(page, "Connected");
  await context.setOffline(true);
  await says(page, "No network on this device");
  await give(page, "Grace");
  await says(page, "Kept on this device");
  await desk.press({ do: "close" });
  await until("the run is locked", async () => {
    const live = await (await fetch(`${server.url}/api/v1/shows/network/live`)).json();
    return live.show.run.phase === "locked";
  });
  await context.setOffline(false);
  await says(page, "Not counted");
  await says(page, /It reached us at \d\d:\d\d:\d\d, after voting closed\. You gave it at \d\d:\d\d:\d\d\./);
  assert.equal(await counted(server, desk.show), "0,0");
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "And now?");
  await says(page, "Who wins?: Not counted");
});

test("a page outlives its server, and a show that is made anew", { timeout: 60_000 }, async (t) => {
  const { server, program } = await open(t);
  const { page } = await visit(program, server.link("audience"));
  await give(page, "Ada");
  await says(page, "Counted");
  await server.kill();
  await says(page, /Connection lost|Connecting/);
  assert.equal(await page.locator("h2.question").innerText(), "Who wins?", "what was known stays in sight");
  await server.start({ wipe: true });
  await says(page, "Nothing to vote on right now");
  await says(page, "Connected");
  const anew = await staff(server);
  await anew.press({ do: "standby", cue: "2" });
  await anew.press({ do: "take" });
  await says(page, "And now?");
  await give(page, "More");
  await says(page, "Your ballot for More is in the tally.");
});

test("where no WebSocket gets through, events and requests do", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await open(t);
  const context = await program.newContext();
  const page = await context.newPage();
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  await page.goto(server.link("audience"));
  await says(page, "Server-sent events");
  await says(page, "Connected, one-way");
  await give(page, "Grace");
  await says(page, "Your ballot for Grace is in the tally.");
  await says(page, "100.0%");
  await desk.press({ do: "close" });
  await says(page, "Voting is closed");
  await server.kill();
  await says(page, /Connection lost|Connecting/);
  await server.start();
  await says(page, "Server-sent events");
  await page.reload();
  await says(page, "Your ballot for Grace is in the tally.");
});

test("where not even events get through, it asks again and again", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await open(t);
  const context = await program.newContext();
  const page = await context.newPage();
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  await page.route("**/sse/**", (route) => route.abort());
  // A proxy that fails twice: the ballot goes on being offered.
  let failed = 0;
  await page.route("**/ballots", (route) => (failed++ < 2 ? route.fulfill({ status: 502, body: "" }) : route.continue()));
  await page.goto(server.link("audience"));
  await says(page, "Connected, asking every 2 s");
  await give(page, "Ada");
  await until("the ballot is counted all the same", async () => (await page.innerText("body")).includes("Your ballot for Ada is in the tally."), 30_000);
  assert.equal(failed, 3);
  await desk.press({ do: "close" });
  await says(page, "Voting is closed");
  await until("it is counted once", async () => (await counted(server, desk.show)) === "1,0");
});
