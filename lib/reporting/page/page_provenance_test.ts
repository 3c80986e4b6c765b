import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { provenanceHtml } from "./page_provenance.ts";

/** Terms and descriptions of the list of facts. */
function factsOf(html: string): Record<string, string> {
  return Object.fromEntries([...html.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, dt, dd]) => [dt, dd]));
}

/** Each folded block of lines, by its title. */
function blocksOf(html: string): Record<string, string[]> {
  return Object.fromEntries(
    [...html.matchAll(/<summary>([^<]*)<\/summary>\n<div[^>]*>\n<pre>([^<]*)<\/pre>/g)].map(([, title, lines]) => [
      title,
      lines.split("\n"),
    ]),
  );
}

const cell = {
  ...{ commit: "0123456789abcdef", dirty: false, settings: "x", wallSeconds: 100 },
  ...{ peakMemoryBytes: 5e8, peakGpuBytes: 2e7 },
};

Deno.test("commits, environment, times, settings, data and cells", () => {
  const html = provenanceHtml({
    environments: { e: { adapter: "llvmpipe", deno: "2.9.6" } },
    settings: { x: { seeds: [10, 20], ammd: { beta: 0.5 } } },
    data: { vocabulary: 256 },
    shared: {},
    cells: { "sft/10": cell, "sft/20": { ...cell, dirty: true, wallSeconds: 80.04, peakGpuBytes: 1e7 } },
  });
  assertEquals(factsOf(html), {
    Commit: "0123456789ab (2 cells, 1 of them with changes that were not committed)",
    Adapter: "llvmpipe",
    Deno: "2.9.6",
    Time: "3 min in 2 cells, one after the other",
    Memory: "at most 500 MB (process), 20 MB (GPU buffers)",
  });
  assertEquals(blocksOf(html), { Settings: ["seeds = [10,20]", "ammd.beta = 0.5"], Data: ["vocabulary = 256"] });
  assert(
    html.includes('<tr><th scope="row">sft/20</th><td>80.0 s</td><td>0123456789ab + changes</td></tr>'),
    html,
  );
});

Deno.test("settings that cells name: what all have in common once, and what each has beside it", () => {
  const html = provenanceHtml({
    environments: { a: { adapter: "llvmpipe", deno: "2.9.6" }, b: { adapter: "Metal", deno: "2.9.6" } },
    settings: { x: { data: { items: 8 }, kd: { ratio: 1 } }, y: { data: { items: 8 }, ammd: { beta: 0 } } },
    data: {},
    shared: { teacher: 3000, sft: { seconds: 600 } },
    cells: {
      "kd/10": { ...cell, commit: "c", wallSeconds: 1 },
      "kd/20": { ...cell, commit: "c", wallSeconds: 1 },
      "ammd/10": { ...cell, commit: "c", settings: "y", wallSeconds: 1 },
    },
  });
  assertEquals(factsOf(html), {
    Commit: "c (3 cells)",
    Adapter: "llvmpipe; Metal",
    Deno: "2.9.6",
    Time: "3 s in 3 cells, one after the other, and 60 min for what they share",
    Memory: "at most 500 MB (process), 20 MB (GPU buffers)",
  });
  assertEquals(blocksOf(html), {
    "Settings of all cells": ["data.items = 8"],
    "Settings that differ": ["kd/10, kd/20", "  kd.ratio = 1", "", "ammd/10", "  ammd.beta = 0"],
    Data: [""],
  });
});

Deno.test("whatever the names and values are, they are never HTML of their own", () => {
  const text = fc.constantFrom("<script>\x1b", "<b>", "a", "");
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, 1, "<script>\x1b", true, [], "s"),
      fc.dictionary(text, tie("json"), { maxKeys: 4 }),
    ),
  }));
  const table = fc.dictionary(text, fc.dictionary(text, json, { maxKeys: 3 }), { maxKeys: 3 });
  fc.assert(fc.property(text, table, table, (text, settings, data) => {
    const html = provenanceHtml({
      environments: { [text]: { adapter: text, deno: text } },
      settings,
      data,
      shared: { [text]: 1 },
      cells: { [text]: { ...cell, commit: text, settings: text } },
    });
    assert(!/<(script|b)>|undefined|NaN|\[object/.test(html) && !html.includes("\x1b"), html);
  }));
});
