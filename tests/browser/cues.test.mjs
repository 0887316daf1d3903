// Cues that are added, edited, moved and removed on the studio page while the show goes on, by keys, and the shelf beside the rundown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/studio.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} where @param {string} text */
const says = (page, where, text) => until(`${where} says “${text}”`, async () => (await page.locator(where).first().innerText()).includes(text));

/** The numbers of the rundown as it stands on the page. @param {Page} page */
const order = async (page) => (await page.locator(".cue-number").allInnerTexts()).join("");

/** Opens the selected cue by its key, as it stands in a show file. @param {Page} page @param {string} text what it says */
const edits = async (page, text) => {
  await page.keyboard.press("Shift+E");
  await until("its question is there", async () => text.includes(await page.locator("#cue-question").inputValue()) && (await page.locator("#cue-question").inputValue()) !== "");
  await page.getByLabel("Write it as in a show file").check();
  await until("its text is there", async () => (await page.locator("#cue-toml").inputValue()).includes(text));
};

/** Presses Save until it is taken: one press within a second of the last is not sent. @param {Page} page */
const saved = (page) =>
  until("it is saved", async () => {
    if (!(await page.locator("tl-cue").isVisible())) return true;
    await page.locator(".cue-save").click({ timeout: 1000 }).catch(() => {});
    return false;
  });

test("a producer adds, edits, moves and removes cues by keys while a cue is on air, and take stays in sight", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("producer"), { viewport: sizes.desk });
  await says(page, "tl-banner", "Connected");
  const operator = await staff(server, "operator");
  await operator.press({ do: "standby", cue: "1" });
  await operator.press({ do: "take" });
  await operator.press({ do: "open" });

  // A poll by the form: nothing of what is written is a key of the show.
  await page.keyboard.press("a");
  await until("the form is open", () => page.locator("tl-cue").isVisible());
  assert.equal(await page.evaluate(() => document.activeElement?.id), "cue-question");
  await page.keyboard.type('Who "takes" it?');
  await page.keyboard.press("Tab");
  await page.keyboard.type("Ada\nGrace\n\nJoan");
  await page.keyboard.press("Tab");
  await page.keyboard.type("45");
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  const [take, form] = [await page.locator('tl-deck tl-action[name="take"]').boundingBox(), await page.locator("tl-cue").boundingBox()];
  assert(take && form && form.x + form.width <= take.x, "it covers no button of the show");
  await page.keyboard.press("Control+Enter");
  await says(page, ".rundown-list", 'Who "takes" it?');
  assert.equal(await order(page), "1423", "behind the cue that was selected");
  await until("the keys work again", async () => (await page.evaluate(() => document.activeElement?.className)) === "rundown-list");
  await says(page, "tl-program", "Open");

  // Moved and edited; the operator sees it, and keeps control.
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await until("it is moved", async () => (await order(page)) === "1243");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await edits(page, 'question = "Who wins?"');
  const text = await page.locator("#cue-toml").inputValue();
  await page.locator("#cue-toml").fill(text.replace("votes = 1", "votes = 0"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await says(page, ".cue-told", "votes: give 1 to 100");
  await page.locator("#cue-toml").fill(text.replace("Who wins?", "Who wins it all?"));
  await saved(page);
  await says(page, "tl-program", "edited since; on as it was");
  await says(page, "tl-notice", "its next run has the change");
  await says(page, ".program-question", "Who wins?");
  await says(page, ".asrun", "Edit cue");
  // Control was never asked for: the operator goes on.
  await operator.press({ do: "next" });

  // What is on standby waits as it was, until somebody puts it there again.
  await page.keyboard.press("ArrowDown");
  await edits(page, "Who loses?");
  await page.locator("#cue-toml").press("Escape");
  await until("Escape closes it", async () => !(await page.locator("tl-cue").isVisible()));
  await edits(page, "Who loses?");
  await page.getByRole("button", { name: "Remove…" }).click();
  // The second half of a double click is no answer, so it is pressed again.
  await until("it says why not", async () => {
    await page.getByRole("button", { name: "Really remove 2" }).click();
    // A press within a second of the last one is not sent: no answer comes to who presses again before there is one.
    return page.locator(".cue-told", { hasText: "is on standby" }).waitFor({ timeout: 1500 }).then(() => true, () => false);
  });
  await page.locator("#cue-toml").fill((await page.locator("#cue-toml").inputValue()).replace("Who loses?", "Who loses it all?"));
  await saved(page);
  await says(page, "tl-standby", "edited since");
  await operator.press({ do: "standby", cue: "2" });
  await says(page, "tl-standby", "Who loses it all?");
  await until("nothing is left to take in", async () => !(await page.innerText("tl-standby")).includes("edited since"));

  // What somebody else made of it meanwhile is not written over unseen.
  await edits(page, "Who loses it all?");
  const theirs = (await page.locator("#cue-toml").inputValue()).replace("Who loses it all?", "Who is left?");
  const other = await page.evaluate(async (toml) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${sessionStorage.getItem("tallylight.studio.staff")}` };
    const body = JSON.stringify({ id: "another page", do: "cue_edit", cue: "2", toml });
    return (await fetch("/api/v1/shows/studio/commands", { method: "POST", headers, body })).json();
  }, theirs);
  assert.equal(other.ok, true, other.detail);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await says(page, ".cue-told", "Somebody else has edited this cue since");
  await page.getByRole("button", { name: "Cancel" }).click();

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as file" }).click()]);
  assert.equal(download.suggestedFilename(), "studio.toml");
  assert.deepEqual(errors, []);
});

test("an ad lib stands on a shelf, next passes it by, and it is put on standby like any cue", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page } = await visit(program, server.link("producer"), { viewport: sizes.tablet });
  await says(page, "tl-banner", "Connected");
  await page.getByRole("button", { name: "Add a cue" }).click();
  await page.getByLabel("Write it as in a show file").check();
  await page.locator("#cue-toml").fill('[[cue]]\nnumber = "A"\ntitle = "In reserve"\nadlib = true\nquestion = "How loud?"\n[cue.rating]\nfrom = 1\nto = 5\n');
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await says(page, ".shelf", "In reserve");
  assert.equal(await order(page), "123A");
  const desk = await staff(server, "operator");
  for (const cue of ["1", "2", "3"]) {
    await desk.press({ do: "next" });
    await says(page, "tl-standby", `${cue} The`);
  }
  await until("the rundown ends before it", async () => (await page.locator('tl-rundown tl-action[name="next"] button').getAttribute("aria-disabled")) === "true");
  await desk.press({ do: "standby", cue: "A" });
  await desk.press({ do: "take" });
  await says(page, "tl-program", "How loud?");

  // Who is no producer has no such buttons.
  const { page: other } = await visit(program, server.link("adjudicator"), { viewport: sizes.desk });
  await says(other, ".shelf", "In reserve");
  assert.equal(await other.getByRole("button", { name: "Add a cue" }).isVisible(), false);
});

/** A cue of the show as a form has it. @param {Page} page @param {string} number */
const cue = (page, number) =>
  page.evaluate(async (number) => {
    const headers = { accept: "application/json", authorization: `Bearer ${sessionStorage.getItem("tallylight.studio.staff")}` };
    const answer = await fetch(`/api/v1/shows/studio/cues/${number}`, { headers });
    return answer.ok ? answer.json() : undefined;
  }, number);

test("a cue of every kind is added by the form, and what the form does not know stays", { timeout: 120_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("producer"), { viewport: sizes.phone });
  await says(page, "tl-banner", "Connected");
  /** @param {Record<string, string|boolean>} fields by their ids */
  const fill = async (fields) => {
    for (const [id, value] of Object.entries(fields)) {
      const field = page.locator(`#cue-${id}`);
      if (!(await field.isVisible())) await page.locator(".cue-more > summary").click();
      if (typeof value === "boolean") await field.setChecked(value);
      else if ((await field.evaluate((node) => node.localName)) === "select") await field.selectOption(value);
      else await field.fill(value);
    }
  };
  /** @param {string} number @param {Record<string, string|boolean>} fields */
  const add = async (number, fields) => {
    await page.getByRole("button", { name: "Add a cue" }).click();
    await fill({ kind: "poll", number, question: `Question ${number}?`, ...fields });
    await saved(page);
    return until(`${number} is there`, () => cue(page, number));
  };
  const kinds = /** @type {[Record<string, string|boolean>, Record<string, unknown>][]} */ ([
    [{ options: "Ada\nGrace\nJoan", votes: "3", "per-option": "2", "rules-threshold": "70", "viewers-see": "after_vote" }, { votes: 3, per_option: 2, rules: { threshold: 70 }, viewers_see: "after_vote" }],
    [{ kind: "head_to_head", options: "Ada\nGrace", changeable: true }, { kind: "head_to_head", changeable: true }],
    [{ kind: "tug_of_war", options: "Reds\nBlues" }, { kind: "tug_of_war", options: ["Reds", "Blues"] }],
    [{ kind: "rating", "rating-from": "0", "rating-to": "10", "rating-step": "5", "rating-low": "cold", "rating-high": "\"hot\"" }, { rating: { from: 0, to: 10, step: 5, low: "cold", high: '"hot"' } }],
    [{ kind: "quiz", options: "Albatross\nKiwi", "quiz-right": "2", "window-s": "20", "quiz-points-max": "400" }, { quiz: { right: [2], points_max: 400, points_min: 200, full_ms: 0, least_ms: 20000 }, window_s: 20 }],
    [{ kind: "prediction", options: "Reds\nBlues", "prediction-round": "Cup" }, { prediction: { points: 1000, round: "Cup" } }],
    [{ kind: "reactions", "reactions-emoji": "👏 😂" }, { kind: "reactions", reactions: { emoji: ["👏", "😂"] } }],
    [{ kind: "applause", "opens-on-take": true }, { kind: "applause", opens_on_take: true }],
    [{ kind: "questions", "writing-chars-max": "80", "writing-upvotes": true }, { kind: "questions", writing: { chars_max: 80, upvotes: true, approve_unseen: false } }],
    [{ kind: "texts", adlib: true }, { kind: "texts", adlib: true }],
    [{ "options-from": "1, 1:2", segment: "Final" }, { options_from: ["1", { cue: "1", place: 2 }], segment: "Final" }],
  ]);
  for (const [i, [fields, said]] of kinds.entries()) {
    const made = await add(`K${i}`, fields);
    for (const [key, value] of Object.entries(said)) assert.deepEqual(key === "writing" ? { approve_unseen: false, ...made[key] } : made[key], value, `K${i}: ${key}`);
  }
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);

  // A mistake is told beside its field, which has the focus.
  await page.getByRole("button", { name: "Add a cue" }).click();
  await fill({ kind: "quiz", number: "Q", question: "Which?", options: "Ada\nGrace" });
  await page.locator(".cue-save").click();
  await says(page, ".cue-told", "Say which options are right, by their numbers");
  await fill({ "quiz-right": "3" });
  await page.locator(".cue-save").click();
  await until("the field says what is wrong", async () => (await page.locator("#cue-quiz-right[aria-invalid]").count()) === 1);
  assert.match(await page.locator(".cue-field", { has: page.locator("#cue-quiz-right") }).locator(".cue-told").innerText(), /right names the right options by their numbers, 1 to 2/);
  assert.doesNotMatch(await page.innerText(".cue-told"), /line \d/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "cue-quiz-right");
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  // What no message takes is not sent.
  await fill({ options: Array.from({ length: 64 }, (_, n) => `${n} ${"x".repeat(290)}`).join("\n"), "quiz-right": "1" });
  await page.locator(".cue-save").click();
  await says(page, ".cue-told", "the server takes 16 in one message");
  await page.getByRole("button", { name: "Cancel" }).click();

  // Pools stay when a form changes the question; another kind of question leaves the answers of this one behind.
  const pools = '[[cue]]\nnumber = "P"\nquestion = "Who?"\noptions = ["a", "b"]\n[cue.rules]\npolarity = "evict"\n[[cue.rules.pool]]\nranks = [3, 1]\n';
  await page.getByRole("button", { name: "Add a cue" }).click();
  await page.getByLabel("Write it as in a show file").check();
  await page.locator("#cue-toml").fill(pools);
  await saved(page);
  /** @param {string} number */
  const edit = async (number) => {
    await page.locator(".cue", { has: page.locator(".cue-number", { hasText: new RegExp(`^${number}$`) }) }).click();
    await page.locator('tl-action[name="edit"] button').click();
    await until("it is loaded", async () => (await page.locator("#cue-number").inputValue()) === number && (await page.locator("#cue-question").inputValue()) !== "");
  };
  await edit("P");
  assert.match(await page.locator(".cue-kept").textContent() ?? "", /Kept as it is: pools; who goes/);
  await fill({ question: "Who is it?", votes: "2" });
  await saved(page);
  const kept = await until("it is edited", async () => { const one = await cue(page, "P"); return one.votes === 2 && one; });
  assert.deepEqual([kept.question, kept.rules.polarity, kept.rules.pool[0].ranks], ["Who is it?", "evict", [3, 1]]);
  await edit("K4");
  assert.equal(await page.locator("#cue-quiz-right").inputValue(), "2");
  await fill({ kind: "prediction" });
  await saved(page);
  const turned = await until("it is a prediction", async () => { const one = await cue(page, "K4"); return one.prediction && one; });
  assert.deepEqual([turned.quiz, turned.options, turned.window_s], [undefined, ["Albatross", "Kiwi"], 20]);
  assert.deepEqual(errors, []);
});

test("a form that cannot load is closed by touch, and asks before other languages say something else", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/languages.toml" });
  const { page } = await visit(await browser(t), server.link("producer"), { viewport: sizes.phone });
  await says(page, "tl-banner", "Connected");
  const edit = async () => {
    await page.locator(".cue").first().click();
    await page.locator('tl-action[name="edit"] button').click();
  };
  await page.route("**/cues/*", (route) => route.abort());
  await edit();
  await says(page, ".cue-told", "The server does not answer");
  assert.equal(await page.locator(".cue-fields").first().evaluate((node) => node.hasAttribute("inert")), true);
  await page.getByRole("button", { name: "Cancel" }).click();
  await until("the rundown is back", () => page.locator(".rundown-list").isVisible());

  await page.unroute("**/cues/*");
  await edit();
  await until("it is loaded", async () => (await page.locator("#cue-options").inputValue()) !== "");
  await until("what is kept is told outside of what is folded", () => page.locator(".cue-kept").isVisible());
  const turned = (await page.locator("#cue-options").inputValue()).split("\n").reverse();
  await page.locator("#cue-options").fill(turned.join("\n"));
  await page.locator(".cue-save").click();
  await says(page, ".cue-told", "This leaves as they were: options in");
  await saved(page);
  await edit();
  await until("it was saved by the second press", async () => (await page.locator("#cue-options").inputValue()) === turned.join("\n"));
});

test("Save and then Escape: what was sent is done and said, and what was not sent is said, too", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/segments.toml" });
  const { page } = await visit(await browser(t), server.link("producer"), { viewport: sizes.desk });
  await says(page, "tl-banner", "Connected");
  const closed = () => until("the form is closed", async () => !(await page.locator("tl-cue").isVisible()));
  await page.keyboard.press("Shift+E");
  await until("it is loaded", async () => (await page.locator("#cue-question").inputValue()) !== "");
  assert.match(await page.locator(".cue-kept").textContent() ?? "", /Kept as it is: .*windows of segments/);
  // While it looks whether somebody else has edited it.
  /** @type {(() => void)|undefined} */
  let go;
  const held = new Promise((resolve) => (go = () => resolve(undefined)));
  await page.route("**/cues/*", async (route) => { await held; await route.continue(); });
  await page.locator("#cue-question").fill("Never sent?");
  await page.locator(".cue-save").click();
  await page.keyboard.press("Escape");
  await closed();
  go?.();
  await says(page, "tl-notice", "not saved. Its form was closed before.");
  await page.unroute("**/cues/*");

  // A new one is sent at once.
  await page.keyboard.press("a");
  await until("the form is open", () => page.locator("tl-cue").isVisible());
  await page.locator("#cue-question").fill("Who is new?");
  await page.locator("#cue-options").fill("Ada\nGrace");
  await page.locator(".cue-save").click();
  await page.keyboard.press("Escape");
  await closed();
  await says(page, "tl-notice", "Add cue: done");
  await says(page, ".rundown-list", "Who is new?");
  assert.equal((await page.innerText(".rundown-list")).includes("Never sent?"), false);
});
