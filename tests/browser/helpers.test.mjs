// The helpers themselves: that they start what they say, and that axe sees what it should.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { axe, browser, serve, visit } from "./helpers.mjs";

/** @param {string} body */
const html = (body) => `data:text/html,<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>${body}</main>`;

test("axe finds a picture without words, and nothing on a good page", async (t) => {
  const program = await browser(t);
  const bad = await visit(program, html('<img src="data:,">'));
  const found = await axe(bad.page);
  assert.equal(found.length, 1);
  assert.match(found[0], /^image-alt: .* \(img\)$/);
  const good = await visit(program, html("<p>Words.</p>"));
  assert.deepEqual(await axe(good.page), []);
});

test("what a page throws is kept", async (t) => {
  const { errors } = await visit(await browser(t), html("<script>console.error('a'); throw new Error('b')</script>"));
  assert.equal(errors.length, 2);
});

test("a server's address is read from what it prints, and one that ends says why", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "tallylight-"));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, "program");
  await writeFile(program, '#!/bin/sh\n[ "$7" = "$PWD/x.toml" ] || exit 3\necho "listening on http://127.0.0.1:4567"\necho "signed by a key"\nexec sleep 60\n');
  await chmod(program, 0o755);
  assert.equal((await serve(t, { show: "x.toml", program })).url, "http://127.0.0.1:4567");
  await assert.rejects(serve(t, { show: "y.toml", program }), /ended with 3/);
});
