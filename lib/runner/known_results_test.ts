import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { openKnown, readKnown, rowsDigest } from "./known_results.ts";
import { formatProvenance, type FullRecord, NO_PROVENANCE, withRecord } from "#lib/results/provenance.ts";
import { PLAIN } from "./test_experiment.ts";

const result = (value: number): CellResult => ({
  scores: [{ dataset: "dolly", metric: "rouge_l", value, count: 2, items: [value, value] }],
  curves: [{ step: 1, measure: "loss", value }],
  samples: [{ dataset: "dolly", instruction: "a", input: "", reference: "b", response: `${value}` }],
  pairs: [{ prompt: "a", first: `${value}`, second: "c", label: 1, oracle: "metric", round: 1 }],
});

const record = { environment: {}, settings: {}, kernels: {} } as unknown as FullRecord;

/** Results of sft and kd, seed 1, and what is known of them after something was done to the files. */
function test(name: string, fn: (at: Results) => Promise<void>): void {
  testInFolder(name, async (folder) => {
    const place = { resultsFolder: folder, profileName: "p" };
    const path = `${folder}/p/plain`;
    const results = await openKnown(place, PLAIN, { provenance: NO_PROVENANCE, areWhole: true });
    for (const [method, value] of [["sft", 0.25], ["kd", 0.5]] as const) {
      results.put({ method, seed: 1 }, result(value));
      const rows = rowsDigest(results, `${method}/1`);
      results.provenance = withRecord(results.provenance, `${method}/1`, { ...record, rows });
    }
    await results.write();
    await fn({
      path,
      edit: async (file, change) => {
        await Deno.writeTextFile(`${path}/${file}`, change(await Deno.readTextFile(`${path}/${file}`)));
      },
      known: async () => {
        const known = await readKnown(place, PLAIN);
        const { provenance: { cells, older = [] }, areWhole } = known;
        const rows = (await openKnown(place, PLAIN, known)).cellAddresses(undefined);
        return { cells: Object.keys(cells).sort(), older: older.toSorted(), areWhole, rows: rows.sort() };
      },
    });
  });
}

interface Results {
  readonly path: string;
  edit(file: string, change: (text: string) => string): Promise<void>;
  known(): Promise<{ cells: string[]; older: string[]; areWhole: boolean; rows: string[] }>;
}

const BOTH = ["kd/1", "sft/1"];

test("results as they were written are known whole", async ({ known }) => {
  assertEquals(await known(), { cells: BOTH, older: [], areWhole: true, rows: BOTH });
});

for (const file of ["scores.csv", "items.csv", "curves.csv", "samples.jsonl", "pairs.jsonl"]) {
  test(`a cell whose rows of ${file} were edited or are gone is known no more, and others are`, async ({ edit, known }) => {
    const only = { cells: ["sft/1"], older: [], areWhole: false, rows: ["sft/1"] };
    await edit(file, (text) => text.replaceAll("0.5", "0.75"));
    assertEquals(await known(), only);
    await edit(file, (text) => text.split("\n").filter((line) => !line.includes("kd")).join("\n"));
    assertEquals(await known(), only);
  });
}

test("a change that changes no row changes nothing", async ({ edit, known }) => {
  await edit("samples.jsonl", (text) => `${text}\n`);
  assertEquals(await known(), { cells: BOTH, older: [], areWhole: false, rows: BOTH });
});

test("new rows under the old record, as a stop between two files leaves them, are not taken for the old ones", async ({ edit, known }) => {
  for (const file of ["items.csv", "curves.csv", "samples.jsonl", "pairs.jsonl", "scores.csv"]) {
    await edit(file, (text) => text.replaceAll("0.5", "0.6"));
    assertEquals((await known()).cells, ["sft/1"]);
  }
});

test("pairs whose file is gone, or that a cell without pairs is given, are not those that were recorded", async ({ path, known }) => {
  const text = await Deno.readTextFile(`${path}/pairs.jsonl`);
  await Deno.remove(`${path}/pairs.jsonl`);
  assertEquals((await known()).cells, []);
  await Deno.writeTextFile(`${path}/pairs.jsonl`, `${text}${text.split("\n")[0].replace("kd", "gkd")}\n`);
  assertEquals(await known(), { cells: BOTH, older: [], areWhole: false, rows: BOTH });
});

test("rows that no record is of are left out", async ({ edit, known }) => {
  await edit("scores.csv", (text) => `${text}plain,gkd,dolly,rouge_l,1,0.100000,2,instruction_following,,sampled\n`);
  assertEquals(await known(), { cells: BOTH, older: [], areWhole: false, rows: BOTH });
});

test("results without provenance, or with an older one, are kept until they are run again", async ({ path, edit, known }) => {
  const expected = { cells: [], older: BOTH, areWhole: false, rows: BOTH };
  await edit("provenance.json", () => '{"configurationHash": "0", "cells": {"kd, seed 1": {}}}');
  assertEquals(await known(), expected);
  await Deno.remove(`${path}/provenance.json`);
  assertEquals(await known(), expected);
  const again = withRecord({ ...NO_PROVENANCE, older: BOTH }, "kd/1", { ...record, rows: "" });
  await edit("scores.csv", (text) => text);
  await Deno.writeTextFile(`${path}/provenance.json`, formatProvenance(again));
  assertEquals((await known()).older, ["sft/1"]);
});

test("provenance that is no JSON is refused by name, with what can be done", async ({ edit, known }) => {
  await edit("provenance.json", (text) => text.slice(0, 40));
  await assertRejects(
    known,
    InputError,
    "/p/plain/provenance.json: not JSON; restore the file (git checkout) or remove it",
  );
});
