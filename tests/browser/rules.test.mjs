// What the rules of a cue ask of the audience page: numbers after the own vote, a second yes, ballots before the opening; and of the studio's, when
// operators may not see the numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/rules.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** What axe calls serious or critical. @param {Page} page */
async function sound(page) {
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
}

/** @param {Page} page @param {string} label */
async function give(page, label) {
  await page.getByText(label, { exact: true }).click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
}

/** @param {Page} page */
const shares = async (page) => (await page.locator(".tile-share").allInnerTexts()).join(" ").trim();

/** A show with a cue on program. @param {import("node:test").TestContext} t @param {string} cue */
async function on(t, cue) {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue });
  await desk.press({ do: "take" });
  return { server, desk, program: await browser(t) };
}

test("numbers come with the own vote, in every page of the voter", { timeout: 60_000 }, async (t) => {
  const { server, program, desk } = await on(t, "1");
  const { page: other } = await visit(program, server.link("audience"));
  const { page, errors, context } = await visit(program, server.link("audience"));
  await says(page, "Vote, and you see the numbers.");
  await says(other, "Vote, and you see the numbers.");
  const second = await context.newPage();
  await second.goto(server.link("audience"));
  await says(second, "Vote, and you see the numbers.");

  await give(other, "Grace");
  await says(other, "100.0%");
  assert.equal(await shares(page), "", "another's vote shows nothing");
  await give(page, "Ada");
  await says(page, "Live. Counting goes on. 2 votes");
  assert.equal(await shares(page), "50.0% 50.0%");
  await says(second, "2 votes");
  await page.reload();
  await says(page, "2 votes");
  await sound(page);

  const { page: silent } = await visit(program, server.link("audience"));
  await says(silent, "Vote, and you see the numbers.");
  await desk.press({ do: "close" });
  await says(silent, "Provisional, not verified yet. 2 votes");
  assert.deepEqual(errors, []);
});

test("numbers come with the own vote where no WebSocket gets through", { timeout: 60_000 }, async (t) => {
  const { server, program } = await on(t, "1");
  const context = await program.newContext();
  const page = await context.newPage();
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  /** @type {string[]} */
  const addresses = [];
  page.on("request", (request) => addresses.push(request.url()));
  await page.goto(server.link("audience"));
  await says(page, /Server-sent events/);
  await says(page, "Vote, and you see the numbers.");
  await give(page, "Ada");
  await says(page, "Live. Counting goes on. 1 vote");
  await says(page, /Polling/);
  await page.reload();
  await says(page, "Live. Counting goes on. 1 vote");
  const device = await page.evaluate(() => localStorage.getItem("tallylight.rules.device"));
  assert(device && addresses.every((address) => !address.includes(device)), "no token is in an address");
});

test("a page asks once more before it sends, by tap and by keyboard", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await on(t, "2");
  const { page, errors } = await visit(program, server.link("audience"));
  let sent = 0;
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (sent += String(payload).includes('"vote"') ? 1 : 0)));
  await page.reload();
  await page.getByText("Ada", { exact: true }).click();
  // The second tap of a double tap is no yes.
  await page.getByRole("button", { name: "Vote for Ada" }).dblclick();
  await says(page, "Send Ada?");
  const yes = page.getByRole("button", { name: "Yes, send" });
  assert.equal(await yes.evaluate((node) => document.getElementById(node.getAttribute("aria-describedby") ?? "")?.textContent), "Send Ada?");
  assert.equal(await page.getByRole("status").filter({ hasText: "Send Ada?" }).count(), 1, "it is read aloud");
  await sound(page);
  await page.getByRole("button", { name: "Change" }).click();
  await until("the question is gone", async () => !(await page.innerText("body")).includes("Send Ada?"));
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Vote for Ada");

  // Another choice takes the question back.
  await page.getByRole("button", { name: "Vote for Ada" }).click();
  await says(page, "Send Ada?");
  await page.getByText("Grace", { exact: true }).click();
  await page.getByRole("button", { name: "Vote for Grace" }).focus();
  await page.keyboard.press("Enter");
  await says(page, "Send Grace?");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Yes, send");
  await page.keyboard.press("Escape");
  await until("the question is gone", async () => !(await page.innerText("body")).includes("Send Grace?"));
  await page.keyboard.press("Enter");
  await says(page, "Send Grace?");
  assert.equal(sent, 0, "nothing was sent before the yes");
  await until("a yes sends it", async () => {
    if (await yes.isVisible()) await page.keyboard.press("Enter");
    return (await page.innerText("body")).includes("Your ballot for Grace is in the tally.");
  });
  assert.equal(sent, 1);

  await desk.press({ do: "close" });
  await says(page, "Voting is closed");
  await desk.press({ do: "standby", cue: "3" });
  await desk.press({ do: "take" });
  await says(page, "Give your 3 votes");
  const more = page.getByRole("button", { name: "One more vote for The loud one" });
  await more.click();
  await more.click();
  await page.getByRole("button", { name: "Send 2 votes" }).click();
  await says(page, "Send 2 × The loud one?");
  await until("a yes sends it", async () => {
    if (await yes.isVisible()) await yes.click();
    return (await page.innerText("body")).includes("Your ballot for 2 × The loud one is in the tally.");
  });
  assert.deepEqual(errors, []);
});

test("a ballot handed in before the opening is kept, may be changed, and goes out by itself", { timeout: 90_000 }, async (t) => {
  const { server, desk, program } = await on(t, "4");
  const { page, errors, context } = await visit(program, server.link("audience"));
  // Its moment is late in the time that prepared ballots are spread over: 2 s of the 8.
  await context.addInitScript(() => { Math.random = () => 0.95; });
  let sent = 0;
  context.on("page", (one) => one.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (sent += String(payload).includes('"vote"') ? 1 : 0))));
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (sent += String(payload).includes('"vote"') ? 1 : 0)));
  await page.reload();
  await says(page, "You can hand in now. It is sent by itself when voting opens.");
  await page.getByText("Grace", { exact: true }).click();
  await page.getByRole("button", { name: "Hand in Grace" }).click();
  await says(page, "Your ballot for Grace is on this device. It is sent by itself when voting opens");
  await sound(page);
  await page.reload();
  await says(page, "Your ballot for Grace is on this device");

  await page.getByRole("button", { name: "Change" }).click();
  await says(page, "Hand in Grace");
  await page.getByText("Ada", { exact: true }).click();
  await page.getByRole("button", { name: "Hand in Ada" }).click();
  await says(page, "Your ballot for Ada is on this device");
  // Another page of the same device changes it again; the first one follows.
  const second = await context.newPage();
  await second.goto(server.link("audience"));
  await says(second, "Your ballot for Ada is on this device");
  await second.getByRole("button", { name: "Change" }).click();
  await second.getByText("Grace", { exact: true }).click();
  await second.getByRole("button", { name: "Hand in Grace" }).click();
  await says(page, "Your ballot for Grace is on this device");

  // Somebody who goes away before the opening.
  const { page: gone, context: pocket } = await visit(program, server.link("audience"));
  await gone.getByText("Ada", { exact: true }).click();
  await gone.getByRole("button", { name: "Hand in Ada" }).click();
  await says(gone, "Your ballot for Ada is on this device");
  await gone.close();
  assert.equal(sent, 0, "nothing is sent before the opening");

  await desk.press({ do: "open" });
  await says(page, "Voting is open. Your ballot for Grace is sent by itself within a few seconds.");
  await says(page, "Your ballot for Grace is in the tally.");
  await says(second, "Your ballot for Grace is in the tally.");
  const live = await (await fetch(`${server.url}/api/v1/shows/${desk.show}/live`)).json();
  assert.equal(live.show.run.prepare_ms, 2000);
  const ballots = await page.evaluate(() => JSON.parse(localStorage.getItem("tallylight.rules.ballots") ?? "[]"));
  assert.equal(ballots.length, 1);
  const after = ballots[0].at - live.show.run.opens_at;
  assert(after > 1600 && after < 4000, `it was received ${after} ms after the opening`);
  await says(page, "Voting is closed");
  await says(page, "1 vote");
  const back = await pocket.newPage();
  await back.goto(server.link("audience"));
  await says(back, "Not sent");
  assert.deepEqual(errors, []);
});

test("an operator's page says that the numbers are hidden, a producer's shows them", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await on(t, "5");
  const { page: voter } = await visit(program, server.link("audience"));
  const { page, errors } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  await give(voter, "Ada");
  await says(voter, "Counted");
  await says(page, /Counted\s+–\s*hidden from your role/);
  assert.equal((await page.locator("tl-program .bar-votes").allInnerTexts()).join(""), "––");
  await sound(page);
  await desk.press({ do: "close" });
  await desk.press({ do: "seal" });
  await says(page, "Sealed. The numbers are hidden from your role; 0 outstanding. Not verified yet.");
  await desk.press({ do: "verify" });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
  await says(page, "1 vote, margin 1");
  assert.equal((await page.locator("tl-program .bar-votes").allInnerTexts()).join(""), "10");
  assert.deepEqual(errors, []);
});

test("a vote may be changed while the question is open, on every page of the voter", { timeout: 60_000 }, async (t) => {
  const { server, program } = await on(t, "6");
  const { page, errors, context } = await visit(program, server.link("audience"));
  await give(page, "Ada");
  await says(page, "Counted");
  await says(page, "Choose again to change your vote");
  await page.getByText("Grace", { exact: true }).click();
  await page.getByRole("button", { name: "Change my vote to Grace" }).click();
  await until("Grace leads alone", async () => (await shares(page)) === "0.0% 100.0%");
  await says(page, "Your ballot for Grace is in the tally.");
  assert.equal(await page.locator("[data-mine] .tile-label").allInnerTexts().then(String), "Grace");
  await sound(page);

  // A second page of the voter, and the first one after a reload, know what stands.
  const second = await context.newPage();
  await second.goto(server.link("audience"));
  await says(second, "Your ballot for Grace is in the tally.");
  await second.getByText("Ada", { exact: true }).click();
  await second.getByRole("button", { name: "Change my vote to Ada" }).click();
  await until("Ada leads alone", async () => (await shares(page)) === "100.0% 0.0%");
  await page.reload();
  await says(page, "Your ballot for Ada is in the tally.");
  assert.deepEqual(errors, []);
});

test("what pools give so far is on the studio page, and on the page of who has voted", { timeout: 60_000 }, async (t) => {
  const { server, desk, program } = await on(t, "7");
  const { page, errors } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  const { page: silent } = await visit(program, server.link("audience"));
  const { page: voter } = await visit(program, server.link("audience"));
  const { page: juror } = await visit(program, server.link("entry"));
  await give(voter, "Ada");
  await give(juror, "Ada");
  await says(page, "1. Ada: 100 % (audience 50 + jury 50)");
  await juror.getByText("Grace", { exact: true }).click();
  await juror.getByRole("button", { name: "Change my vote to Grace" }).click();
  await says(page, "By the rules so far:");
  await says(page, "1. Ada: 50 % (audience 50 + jury 0)");
  await says(page, "1. Grace: 50 % (audience 0 + jury 50)");
  await page.getByText("By pool so far").click();
  await says(page, "all of no pool: 1 ballot (Ada 1 · Grace 0)\nall of pool jury: 1 ballot (Ada 0 · Grace 1)");
  await sound(page);
  for (const has of [voter, juror]) await until("bars are of points", async () => (await shares(has)) === "50.0% 50.0%");
  await says(silent, "Vote, and you see the numbers.");
  assert.equal(await shares(silent), "", "who has not voted sees none");

  await desk.press({ do: "close" });
  await until("everybody sees them after the close", async () => (await shares(silent)) === "50.0% 50.0%");
  await desk.press({ do: "seal" });
  await says(page, "all of no pool: 1 ballot");
  await until("the seal's words have come", async () => !(await page.innerText("body")).includes("so far"));
  await says(page, "1. Grace: 50 % (audience 0 + jury 50)");
  assert.deepEqual(errors, []);
});
