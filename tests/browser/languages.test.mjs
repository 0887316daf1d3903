// The audience page in every language: the catalogues are complete, no text stands outside of them, and right to left is right.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axe, browser, root, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/audience.toml";
const folder = join(root, "web/audience/words");

const spoken = "tests/browser/shows/languages.toml";

/** @typedef {string | Record<string, string>} Text */

/** @type {Record<string, Record<string, Text>>} */
const catalogues = {};
for (const name of await readdir(folder)) {
  catalogues[name.replace(".js", "")] = (await import(join(folder, name))).default;
}
const { en } = catalogues;

/** The names that are filled in. @param {string} text */
const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
/** @param {Text} text */
const forms = (text) => (typeof text === "string" ? { other: text } : text);

/** @param {import("playwright-core").Page} page @param {string} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => (await page.innerText("body")).includes(text)).catch(async (error) => {
    throw new Error(`${error.message}; it says ${await page.innerText("body")}`);
  });

test("every catalogue has the same texts, with the same holes, in every form that its language has", async () => {
  const { languages } = await import(join(root, "web/audience/words.js"));
  assert.deepEqual(Object.keys(catalogues).sort(), Object.keys(languages).sort());
  for (const [lang, catalogue] of Object.entries(catalogues)) {
    assert.deepEqual(Object.keys(catalogue), Object.keys(en), `${lang}: the texts, in the order of English`);
    const { pluralCategories } = new Intl.PluralRules(lang).resolvedOptions();
    for (const [key, text] of Object.entries(catalogue)) {
      const wanted = holes(forms(en[key]).other);
      assert.deepEqual(holes(forms(text).other), wanted, `${lang}.${key}`);
      if (typeof text === "string") continue;
      assert.deepEqual(Object.keys(text).sort(), [...pluralCategories].sort(), `${lang}.${key}: its forms`);
      for (const form of Object.values(text)) assert(holes(form).every((name) => wanted.includes(name)), `${lang}.${key}: ${form}`);
    }
  }
});

test("every text of the catalogue is used", async () => {
  const folder = join(root, "web/audience");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  const code = (await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")))).join("\n");
  // What a text is called may be put together: say(`ended_${why}`).
  const begins = [...code.matchAll(/`([a-z]+_)\$\{/g)].map(([, begin]) => begin);
  const unused = Object.keys(en).filter((key) => !new RegExp(`['"]${key}['"]`).test(code) && !begins.some((begin) => key.startsWith(begin)));
  // The words of a tile are its marks.
  assert.deepEqual(unused.filter((key) => !["winner", "tie", "leaves"].includes(key)), []);
});

/** What the page shows or reads out that is in no catalogue, if every catalogue text is between brackets. @param {import("playwright-core").Page} page */
const loose = (page) =>
  page.evaluate(() => {
    /** @type {string[]} */
    const found = [];
    const own = "tl-title, tl-language, .question bdi, .tile-label, legend, option, .share-address, noscript, style, script";
    const look = (/** @type {string|null} */ text) => {
      let depth = 0;
      const outside = [...(text ?? "")].filter((one) => {
        if (one === "⟦") depth += 1;
        if (one === "⟧") depth -= 1;
        return depth === 0 && one !== "⟧";
      });
      if (/\p{L}/u.test(outside.join(""))) found.push(`${text}`);
    };
    for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode(); ) {
      const node = walk.currentNode;
      if (!node.parentElement?.closest(own)) look(node.textContent);
    }
    for (const node of document.querySelectorAll("*")) {
      for (const name of ["aria-label", "alt", "title", "placeholder"]) if (!node.matches(".tile") && node.hasAttribute(name)) look(node.getAttribute(name));
    }
    return found;
  });

test("no text of the page is outside of the catalogues", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const marked = Object.fromEntries(
    Object.entries(en).map(([key, text]) => [key, typeof text === "string" ? `⟦${text}⟧` : Object.fromEntries(Object.entries(text).map(([form, one]) => [form, `⟦${one}⟧`]))]),
  );
  const program = await browser(t);
  const context = await program.newContext({ viewport: sizes.phone });
  await context.route("**/words/nl.js", (route) => route.fulfill({ contentType: "text/javascript", body: `export default ${JSON.stringify(marked)}` }));
  const page = await context.newPage();
  const holds = async (/** @type {string} */ text) => {
    await says(page, text);
    assert.deepEqual(await loose(page), []);
  };
  await page.goto(`${server.link("audience")}?lang=nl`);
  await holds("⟦Nothing to vote on right now⟧");
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await page.getByRole("button", { name: "⟦One more vote for The old one⟧" }).click({ clickCount: 2 });
  await holds("⟦Send 2 votes⟧");
  await page.locator(".send").click();
  await holds("⟦2 × The old one⟧");
  await page.getByRole("button", { name: "⟦Share⟧" }).click();
  await holds("⟦Vote with us⟧");
  await page.keyboard.press("Escape");
  await context.setOffline(true);
  await holds("⟦No network on this device⟧");
  await context.setOffline(false);
  await holds("⟦Connected⟧");
  await desk.press({ do: "close" });
  await desk.press({ do: "seal" });
  await desk.press({ do: "verify" });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
  await holds("⟦Final and verified.⟧ ⟦2 votes⟧");
  await desk.press({ do: "arm", what: "void" });
  await desk.press({ do: "void", reason: "A rehearsal" });
  await holds("⟦This question is void⟧");
});

test("the language is the address's, then the viewer's choice, then the browser's", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("audience"), { locale: "de-CH" });
  await says(page, "Gerade gibt es nichts abzustimmen");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.getByRole("combobox", { name: "Sprache" }).selectOption({ label: "Nederlands" });
  await says(page, "Er valt nu niets te stemmen");
  assert.equal(await page.evaluate(() => document.activeElement?.localName), "select", "who chose stays where they were");
  await page.reload();
  await says(page, "Er valt nu niets te stemmen");
  await page.goto(`${server.link("audience")}?lang=fr`);
  await says(page, "Aucun vote pour le moment");
  // The switch is the viewer's own word, also against the address, and a choice that is not sent yet stays chosen.
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  await page.getByText("Grace", { exact: true }).click();
  await says(page, "Voter pour Grace");
  await page.getByRole("combobox", { name: "Langue" }).selectOption({ label: "English" });
  await page.getByRole("button", { name: "Vote for Grace" }).click();
  await says(page, "Your ballot for Grace is in the tally.");
  await page.reload();
  await says(page, "Your ballot for Grace is in the tally.");
  // A language that nobody speaks here.
  const other = await visit(program, server.link("audience"), { locale: "ja-JP" });
  await says(other.page, "Choose one");
  assert.deepEqual([...errors, ...other.errors], []);
});

test("Arabic is written from right to left, in numbers and forms of its own", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page, errors } = await visit(await browser(t), server.link("audience"), { locale: "ar-EG" });
  await says(page, "لا يوجد تصويت الآن");
  const sound = async () => {
    assert.deepEqual(await axe(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  };
  await sound();
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "وزّع أصواتك الـ٣ كما تشاء");
  const more = page.locator(".tile-step:last-child").first();
  await more.click();
  await says(page, "أرسل صوتًا واحدًا");
  await more.click();
  await says(page, "أرسل صوتين");
  await sound();
  const sides = await page.evaluate(() => {
    const left = (/** @type {string} */ name) => document.querySelector(name)?.getBoundingClientRect().left ?? 0;
    return { dir: document.documentElement.dir, label: left(".tile-label bdi"), steps: left(".tile-steps") };
  });
  assert(sides.dir === "rtl" && sides.label > sides.steps, JSON.stringify(sides));
  await page.locator(".send").click();
  await says(page, "صوتك لـ \u2068٢ × \u2068The old one\u2069\u2069");
  await says(page, "بقي لك صوت واحد");
  await sound();
  assert.deepEqual(errors, []);
});

test("a show speaks its own languages: each viewer the best one, screens and staff the first", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: spoken });
  const desk = await staff(server);
  const program = await browser(t);
  // Whose browser has no language of ours reads the page in the show's first.
  const open = (/** @type {string} */ locale) => visit(program, server.link("audience"), { locale });
  const [french, arab, other, screen] = await Promise.all([
    open("fr-BE"), open("ar"), open("ja-JP"), visit(program, server.link("overlay"), { viewport: sizes.full }),
  ]);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(french.page, "Qui gagne ?");
  await says(french.page, "La Finale");
  await says(arab.page, "من يفوز؟");
  await says(other.page, "Wie wint er?");
  await says(other.page, "Kies er één");
  assert.equal(await arab.page.locator(".question bdi").getAttribute("lang"), "ar");
  assert.deepEqual(await axe(arab.page), []);
  await french.page.getByText("La chorale", { exact: true }).first().click();
  await french.page.getByRole("button", { name: "Voter pour La chorale" }).click();
  await says(french.page, "Votre vote pour La chorale est dans le décompte.");

  // A choice changes both: the page's words and the show's.
  await french.page.getByRole("combobox", { name: "Langue" }).selectOption("nl");
  await says(french.page, "Wie wint er?");
  await says(french.page, "Jouw stem");
  await french.page.getByRole("combobox", { name: "Taal" }).selectOption("de");
  await says(french.page, "Qui gagne ?");
  await says(french.page, "Deine Stimme");

  const board = async () => (await screen.page.innerText("tl-results")).replace(/\s+/g, " ");
  await until("the screen shows Dutch", async () => /Stem nu.*Wie wint er\?.*Het koor/.test(await board()));
  await screen.page.goto(`${server.link("overlay")}&lang=ar`);
  await until("the screen shows Arabic", async () => /صوّت الآن.*من يفوز؟.*الكورال/.test(await board()));
  const sides = await screen.page.evaluate(() => [".label", ".number"].map((name) => document.querySelector(name)?.getBoundingClientRect().left ?? 0));
  assert(sides[0] > sides[1], `labels begin on the right: ${sides}`);
  assert.equal((await (await fetch(`${server.url}/f/talen/results.json${new URL(server.link("overlay")).search}`)).json())[0].label, "Het koor");

  // What is missing in a language is in the first, and says so.
  await desk.press({ do: "close" });
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(arab.page, "Nog een keer?");
  assert.equal(await arab.page.locator(".question bdi").getAttribute("lang"), "nl");
  assert.deepEqual([...french.errors, ...arab.errors, ...other.errors, ...screen.errors], []);
});

test("the ends of a scale, and who came on, are in the language of their reader", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: spoken });
  const desk = await staff(server);
  const program = await browser(t);
  const at = (/** @type {string} */ graphic) => server.link("overlay").replace(/\/o\/talen\/[^?]*/, `/o/talen/${graphic}`);
  const [arab, french, screen, bracket] = await Promise.all([
    visit(program, server.link("audience"), { locale: "ar", viewport: sizes.phone }), visit(program, server.link("audience"), { locale: "fr" }),
    visit(program, `${server.link("overlay")}&lang=ar`, { viewport: sizes.full }), visit(program, `${at("bracket")}&lang=fr`, { viewport: sizes.full }),
  ]);
  await desk.press({ do: "standby", cue: "3" });
  await desk.press({ do: "take" });
  await says(arab.page, "ليس لي");
  await says(arab.page, "مرة أخرى!");
  await says(french.page, "Pas pour moi");
  await until("the screen has the ends in Arabic", async () => /ليس لي[\s\S]*مرة أخرى!/.test(await screen.page.innerText("tl-results")));
  assert.deepEqual(await axe(arab.page), []);
  // Another language while the scale is on.
  await french.page.getByRole("combobox", { name: "Langue" }).selectOption("nl");
  await says(french.page, "Niets voor mij");
  await french.page.getByRole("combobox", { name: "Taal" }).selectOption("fr");

  await desk.press({ do: "close" });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await french.page.getByText("La fanfare", { exact: true }).first().click();
  await french.page.getByRole("button", { name: "Voter pour La fanfare" }).click();
  await says(french.page, "est dans le décompte");
  await desk.press({ do: "close" });
  for (const verb of ["seal", "verify"]) await desk.press({ do: verb });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
  await arab.page.locator("tl-bracket summary").click();
  await until("the bracket is in Arabic", async () => /النهائي\s*الفرقة النحاسية\s*الكورال/.test(await arab.page.locator(".bracket-round").nth(1).innerText()));
  await until("and on the screen in French", async () => /La fanfare\s*La chorale/.test(await bracket.page.locator(".bracket-round").nth(1).innerText()));
  await desk.press({ do: "standby", cue: "4" });
  await desk.press({ do: "take" });
  // The question is not written in French; who came on has a French name.
  await says(french.page, "Wie krijgt de beker?");
  await french.page.getByRole("radio", { name: "La fanfare" }).waitFor();
  const read = (/** @type {typeof french.page} */ page, /** @type {string} */ where) => page.locator(where).first().getAttribute("lang");
  assert.deepEqual([await read(french.page, ".question bdi"), await read(french.page, ".options legend"), await read(french.page, ".tile-label bdi")], ["nl", "nl", "fr"]);
  await arab.page.getByRole("radio", { name: "الفرقة النحاسية" }).waitFor();
  assert.equal(await read(arab.page, ".question bdi"), "ar");
  assert.deepEqual(await axe(arab.page), []);
  assert.deepEqual([...arab.errors, ...french.errors, ...screen.errors, ...bracket.errors], []);
});

test("numbers of a scale are written as their reader does, with decimals and the unit", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show: spoken });
  const desk = await staff(server);
  const program = await browser(t);
  const [dutch, french, arab, screen] = await Promise.all([
    visit(program, server.link("audience"), { locale: "nl-NL", viewport: sizes.phone }), visit(program, server.link("audience"), { locale: "fr-FR" }),
    visit(program, server.link("audience"), { locale: "ar-EG", viewport: sizes.phone }), visit(program, `${server.link("overlay")}&lang=fr`, { viewport: sizes.full }),
  ]);
  await desk.press({ do: "standby", cue: "5" });
  await desk.press({ do: "take" });
  await says(dutch.page, "-0,5");
  await says(dutch.page, "-1,0\u00a0graden");
  await says(french.page, "0,5\u00a0degrés");
  await says(arab.page, "٠٫٥");
  await until("the screen has the ends in French", async () => /-1,0\u00a0degrés[\s\S]*0,5\u00a0degrés/.test(await screen.page.innerText("tl-results")));
  assert.deepEqual(await axe(arab.page), []);
  assert.equal(await arab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await dutch.page.locator(".scale-input").nth(1).check();
  await until("the button says what is sent", async () => /-0,5\u00a0graden/.test(await dutch.page.innerText(".send")));
  await dutch.page.locator(".send").click();
  await until("the receipt writes it as the reader does", async () => /-0,5\u00a0graden/.test(await dutch.page.innerText(".receipt")));
  await says(dutch.page, "Gemiddeld -0,5\u00a0graden");
  await says(french.page, "-0,5\u00a0degrés");
  assert.deepEqual([...dutch.errors, ...french.errors, ...arab.errors, ...screen.errors], []);
});
