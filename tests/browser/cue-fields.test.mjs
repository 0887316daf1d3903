// What is written in the form of a cue, as a cue of a show file.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cueOf, fields, shown, stale, wrong } from "../../web/studio/cue-fields.js";

/** @typedef {import("../../web/studio/cue-fields.js").Cue} Cue */

/** A cue after somebody wrote so into a field of its form. @param {Cue} cue @param {string} path @param {string} written */
const edited = (cue, path, written) => cueOf((field) => (field.path === path ? written : shown(field, cue)), cue);

test("a number is what is written, or it is asked for again", () => {
  const scale = { question: "?", rating: { from: 1, to: 5 } };
  for (const [path, written, is] of /** @type {[string, string, number|undefined][]} */ ([
    ["window_s", "1000", 1000], ["window_s", "1,000", undefined], ["grace_ms", "2.000", undefined], ["grace_ms", "2e3", undefined], ["window_s", "1 000", undefined],
    ["rating.to", "10", 10], ["rating.step", "0,5", 0.5], ["rating.step", "0.125", 0.125], ["rating.from", "-2.5", -2.5], ["rating.to", "1,000", undefined],
  ])) {
    const field = fields.find((one) => one.path === path);
    assert(field);
    assert.equal(wrong(field, written) === "", is !== undefined, `${path}: ${written}`);
    const cue = edited(scale, path, written);
    assert.equal(path.startsWith("rating") ? cue.rating[path.slice(7)] : cue[path], is ?? written, `${path}: ${written}`);
  }
});

test("what other languages and segments say of the options before is named", () => {
  const cue = { question: "Who?", options: ["Ada", "Grace"], text: { fr: { question: "Qui ?", options: ["Ada", "Grâce"] } }, rules: { not_from: { north: [1] } } };
  assert.deepEqual(stale(cue, edited(cue, "window_s", "30")), []);
  assert.deepEqual(stale(cue, edited(cue, "question", "Who is it?")), ["question in fr"]);
  assert.deepEqual(stale(cue, edited(cue, "options", "Grace\nAda")), ["options in fr", "options that are closed to segments"]);
  const scale = { question: "?", rating: { from: 1, to: 5, low: "cold" }, text: { nl: { question: "?", low: "koud" } } };
  assert.deepEqual(stale(scale, edited(scale, "rating.low", "poor")), ["low in nl"]);
  const final = edited({ question: "?", options: ["Ada", "Grace"], carry_from: "1" }, "carry_options", "3, 0");
  assert.deepEqual(final.carry_options, [3, 0]);
  assert.deepEqual(stale(final, edited(final, "options", "Grace\nAda")), ["numbers of options whose votes are carried over"]);
  assert.deepEqual(stale(final, edited(final, "carry_from", "2")), ["numbers of options whose votes are carried over"]);
  assert.deepEqual(stale(final, edited(final, "carry_from", "")), ["numbers of options whose votes are carried over"]);
  assert.deepEqual(stale(final, edited(final, "carry_options", "1, 2")), []);
  const first = { question: "?", options: ["Ada", "Grace"] };
  assert.deepEqual(stale(first, edited(first, "options", "Grace\nAda"), ["2"]), ["carry_options of cue 2, if it has any"]);
  assert.deepEqual(stale(first, edited(first, "question", "Who?"), ["2"]), []);
});

test("a quiz without a right answer says what to write", () => {
  const field = fields.find((one) => one.path === "quiz.right");
  assert(field);
  assert.match(wrong(field, " "), /Say which options are right, by their numbers/);
  assert.equal(wrong(field, "2"), "");
});
