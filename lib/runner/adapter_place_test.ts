import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { placeToRead, placeToWrite } from "./adapter_place.ts";
import { adapterFolder, besideName, profileOf } from "#lib/results/place.ts";
import { formatProvenance, type FullRecord, NO_PROVENANCE, withRecord } from "#lib/results/provenance.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const CPU = "llvmpipe (LLVM 15.0.6, 256 bits), 65541";
const GPU = "NVIDIA H100 80GB HBM3, nvidia, hopper";

Deno.test("an adapter's folder is short and safe, can be read, and is another one for another adapter", () => {
  assertMatch(adapterFolder(CPU), /^llvmpipe-llvm-15-0-6-256-[0-9a-f]{6}$/);
  assertMatch(adapterFolder(GPU), /^nvidia-h100-80gb-hbm3-nv-[0-9a-f]{6}$/);
  assertMatch(adapterFolder("../µ / \u0000"), /^[0-9a-f]{6}$/);
  assertNotEquals(adapterFolder(CPU), adapterFolder(CPU.replace("256", "512")));
  assertNotEquals(adapterFolder(GPU), adapterFolder(`${GPU} `));
  assertEquals(profileOf(besideName("tiny", GPU)), "tiny");
  assertEquals(profileOf("tiny"), "tiny");
});

/** Provenance of cells by adapter. */
function provenanceOf(adapters: readonly string[]): string {
  const record = { settings: {}, kernels: {} } as unknown as FullRecord;
  return formatProvenance(adapters.reduce(
    (all, adapter, seed) => withRecord(all, `sft/${seed}`, { ...record, environment: { adapter, deno: "2" } }),
    NO_PROVENANCE,
  ));
}

function test(
  name: string,
  recorded: Readonly<Record<string, readonly string[]>>,
  fn: (question: Parameters<typeof placeToWrite>[0], folder: string) => Promise<void>,
): void {
  testInFolder(name, async (resultsFolder) => {
    for (const [path, adapters] of Object.entries(recorded)) {
      await Deno.mkdir(`${resultsFolder}/${path}`, { recursive: true });
      await Deno.writeTextFile(`${resultsFolder}/${path}/provenance.json`, provenanceOf(adapters));
    }
    await fn(
      { resultsFolder, profileName: "p", experiments: [PLAIN, TASKS], isEverywhere: false },
      resultsFolder,
    );
  });
}

test("what nobody has recorded is written to the profile's folder, whatever the adapter", {}, async (question) => {
  for (const adapter of [GPU, undefined]) {
    const { profileName, recorded } = await placeToWrite(question, adapter);
    assertEquals([profileName, recorded], ["p", undefined]);
  }
});

test(
  "the recorded adapter is that of most cells over all experiments: it writes in place, another one beside",
  { "p/plain": [CPU, GPU], "p/tasks": [CPU] },
  async (question) => {
    const own = await placeToWrite(question, CPU);
    assertEquals([own.profileName, own.adapter, own.recorded], ["p", CPU, undefined]);
    const other = await placeToWrite(question, GPU);
    assertEquals([other.profileName, other.adapter], [besideName("p", GPU), GPU]);
    assertEquals(other.recorded, { resultsFolder: question.resultsFolder, profileName: "p", adapter: CPU });
    // The folder that was chosen leads to itself.
    assertEquals(await placeToWrite({ ...question, profileName: other.profileName }, GPU), other);
    const back = await placeToWrite({ ...question, profileName: other.profileName }, CPU);
    assertEquals([back.profileName, back.recorded], ["p", undefined]);
    // Without an adapter nothing can be computed, so nothing can be overwritten.
    assertEquals((await placeToWrite(question, undefined)).profileName, "p");
  },
);

test("a profile that every machine computes is written beside by the recorded adapter, too", {
  "p/plain": [CPU],
}, async (question) => {
  const everywhere = { ...question, isEverywhere: true };
  assertEquals((await placeToWrite(everywhere, CPU)).profileName, besideName("p", CPU));
  assertEquals((await placeToWrite(everywhere, undefined)).profileName, besideName("p", "unknown"));
});

test("provenance that is broken names no adapter", { "p/plain": [CPU] }, async (question, folder) => {
  for (const text of ["{", "[]", "3", '{"cells": 3}', '{"cells": {"a": {}}}', "null"]) {
    await Deno.writeTextFile(`${folder}/p/plain/provenance.json`, text);
    assertEquals((await placeToWrite(question, GPU)).profileName, "p", text);
  }
});

test(
  "shown are this machine's results where there are any, the recorded ones otherwise, each judged by its own adapter",
  { "p/plain": [CPU] },
  async (question, folder) => {
    const read = (adapter: string | undefined, onlyRecorded = false) => placeToRead(question, adapter, onlyRecorded);
    for (const adapter of [CPU, GPU, undefined]) {
      const { profileName, adapter: judge, recorded } = await read(adapter);
      assertEquals([profileName, judge, recorded], ["p", CPU, undefined]);
    }
    const beside = besideName("p", GPU);
    await Deno.mkdir(`${folder}/${beside}/plain`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${beside}/plain/provenance.json`, provenanceOf([GPU]));
    const own = await read(GPU);
    assertEquals([own.profileName, own.adapter, own.recorded?.adapter], [beside, GPU, CPU]);
    for (const [adapter, onlyRecorded] of [[GPU, true], [CPU, false], [undefined, false]] as const) {
      const { profileName, adapter: judge } = await read(adapter, onlyRecorded);
      assertEquals([profileName, judge], ["p", CPU]);
    }
    // By its name from any machine.
    const named = await placeToRead({ ...question, profileName: beside }, CPU, false);
    assertEquals([named.profileName, named.adapter, named.recorded?.profileName], [beside, GPU, "p"]);
    await assertRejects(
      () => placeToRead({ ...question, profileName: "p@nowhere" }, CPU, false),
      InputError,
      `${folder}/p@nowhere: no such results; there are ${beside}`,
    );
  },
);
