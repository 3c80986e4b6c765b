import { assertEquals, assertRejects } from "@std/assert";
import { ROW_ENDINGS } from "#lib/data/record_rows.ts";
import { readTrainingSets } from "#lib/data/training_sets.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { locateData } from "./locate_data.ts";
import { splitDataReference } from "./places.ts";
import { fetching, filesBelow } from "./test_fetching.ts";
import { COMMIT, TestHubServer } from "./test_hub_server.ts";

const DATA = "datasets/org/dolly";
const lines = (...prompts: string[]) =>
  prompts.map((prompt) => `{"prompt": "${prompt}", "response": "yes"}\n`).join("");
/** As data sets of the hub are: records, a page about them, and what other libraries read. */
const FILES = {
  ".gitattributes": "*.parquet filter=lfs\n",
  "README.md": "# Data\n",
  "dataset_infos.json": "{}",
  "raw.jsonl": lines("a", "b", "c"),
  "valid.jsonl": lines("d"),
  "11_/valid.jsonl": lines("e"),
  "dolly.arrow": "of another library",
};
const NEEDED = ["11_/valid.jsonl", "raw.jsonl", "valid.jsonl"];
const hub = (files: Readonly<Record<string, string>> = FILES, commit = COMMIT) =>
  new TestHubServer({ [DATA]: { files, commit } });
const snapshotOf = (cache: string, commit = COMMIT) => `${cache}/datasets--org--dolly/snapshots/${commit}`;
const envOf = (cache: string) => (name: string) => name === "HF_HUB_CACHE" ? cache : undefined;

testInFolder(
  "the records of a data set are fetched, those in folders too, into the place that Python has for them",
  async (cache) => {
    await using server = hub();
    const { plan } = await fetching(server, cache).fetch(DATA);
    assertEquals(server.taken(), [
      `GET /api/${DATA}/revision/main`,
      ...["raw.jsonl", "valid.jsonl", "11_/valid.jsonl"].map((name) => `GET /${DATA}/resolve/${COMMIT}/${name}`),
    ]);
    assertEquals([plan.folder, filesBelow(plan.folder)], [snapshotOf(cache), NEEDED]);
    assertEquals(plan.leftOut.map(({ name }) => name), [
      ".gitattributes",
      "README.md",
      "dataset_infos.json",
      "dolly.arrow",
    ]);
    assertEquals(await Deno.readTextFile(`${plan.folder}/11_/valid.jsonl`), FILES["11_/valid.jsonl"]);
    assertEquals(await Deno.readTextFile(`${cache}/datasets--org--dolly/refs/main`), COMMIT);
  },
);

testInFolder(
  "a data set of the cache is found by its name, and its only file without a role is trained on",
  async (cache) => {
    await using server = hub();
    await fetching(server, cache).fetch(`${DATA}@${COMMIT}`);
    for (const word of [`org/dolly@${COMMIT}`, `${DATA}@${COMMIT}`]) {
      const { path, hub } = await locateData(word, { caller: "/nowhere", env: envOf(cache) });
      assertEquals([path, hub], [snapshotOf(cache), { repository: DATA, commit: COMMIT }]);
      const { train, test } = await readTrainingSets(path);
      assertEquals([train.map(({ instruction }) => instruction), test.length], [["a", "b", "c"], 1]);
    }
  },
);

testInFolder(
  "data that is not in the cache is refused with the line that brings it; a path stays a path",
  async (cache) => {
    const locateIt = (word: string) => locateData(word, { caller: cache, env: envOf(cache) });
    for (
      const [word, line] of [["org/dolly", DATA], ["org/dolly@v1", `${DATA}@v1`], ["datasets/squad", "datasets/squad"]]
    ) {
      await assertRejects(
        () => locateIt(word),
        InputError,
        `${word}: no file or folder, and no data set in ${cache}; ./run fetch ${line} brings it`,
      );
    }
    await Deno.mkdir(`${cache}/org/dolly`, { recursive: true });
    for (const word of ["org/dolly", "dolly", "./org/other", "data/train.jsonl", "a/b/c"]) {
      assertEquals(await locateIt(word), { path: `${cache}/${word}` });
    }
    assertEquals(await locateIt("/a/b"), { path: "/a/b" });
  },
);

testInFolder("a data set that was stopped on the way has no snapshot, and is continued", async (cache) => {
  await using server = hub({ ...FILES, "z.jsonl": lines("z") });
  server.intervene = (what) => what.endsWith("z.jsonl") ? new Response(null, { status: 403 }) : undefined;
  await assertRejects(() => fetching(server, cache).fetch(`${DATA}@${COMMIT}`), InputError);
  const locateIt = () => locateData(`org/dolly@${COMMIT}`, { env: envOf(cache) });
  await assertRejects(locateIt, InputError, "./run fetch datasets/org/dolly@");
  server.intervene = () => undefined;
  server.taken();
  await fetching(server, cache).fetch(`${DATA}@${COMMIT}`);
  assertEquals(server.taken().filter((what) => what.includes("resolve")), [`GET /${DATA}/resolve/${COMMIT}/z.jsonl`]);
  assertEquals((await locateIt()).path, snapshotOf(cache));
});

testInFolder("without the hub, what the cache has is taken; a data set without records is refused", async (cache) => {
  {
    await using server = hub();
    await fetching(server, cache).fetch(DATA);
  }
  const { plan, fetched } = await fetching({ endpoint: "http://127.0.0.1:1" }, cache, { offline: true }).fetch(DATA);
  assertEquals([plan.files.map(({ name }) => name).sort(), fetched], [NEEDED, 0]);
  await using other = hub({ "README.md": "# Data\n", "a.arrow": "x" }, "f".repeat(40));
  await assertRejects(
    () => fetching(other, cache).fetch(DATA),
    InputError,
    `${DATA}: the repository has no file of records that can be read (${ROW_ENDINGS.join(", ")}); it has a.arrow`,
  );
  await assertRejects(() => fetching(other, cache).fetch("datasets/org/none"), InputError, "no such data set at");
});

Deno.test("names of files of records are no data sets", () => {
  const split = (word: string) => splitDataReference(word)?.[0];
  assertEquals(split("org/dolly@main"), DATA);
  for (const ending of ROW_ENDINGS) assertEquals(split(`data/train${ending}`), undefined);
  assertEquals(["dolly", "../dolly", "~/dolly", "org/", "a--b/c"].map(split), Array(5).fill(undefined));
});
