import { assertEquals, assertMatch } from "@std/assert";
import type { NeededFile } from "#lib/hub/fetch_model.ts";
import { COMMIT, TestHubServer } from "#lib/hub/test_hub_server.ts";
import { filesBelow, hubOf, NEEDED, REPOSITORY, snapshotIn } from "#lib/hub/test_fetching.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { FetchProgress } from "./fetch_progress.ts";
import { cannotRunScript, runTask } from "./test_run_script.ts";
import { STORIES } from "./test_stories.ts";

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
/** Runs `./run fetch` as a person does, with variables of their own. */
const runFetch = (args: readonly string[], env: Record<string, string>) => runTask(["fetch", ...args], env);

testInFolder("./run fetch brings models with no more than its permissions, and says what it left", async (home) => {
  await using hub = hubOf({ revisions: ["v1"] });
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home };
  const dry = await runFetch([REPOSITORY, "--dry-run"], env);
  assertEquals([dry.code, filesBelow(home)], [0, []]);
  assertMatch(
    dry.out,
    /^org\/model: commit 0123456789abcdef\w+, 3 files, 3\.1 MB\n( {2}\S+ +\S+ \w+ {2}to fetch\n){3} {2}to \S+\n/,
  );
  assertMatch(dry.out, /\n {2}left on the hub \(45 B\): [^\n]+\n {2}3\.1 MB to fetch[^\n]*\n$/);
  const { code, out, err } = await runFetch([REPOSITORY, "org/none", `${REPOSITORY}@v1`, "--quiet"], env);
  assertEquals([code, err], [
    1,
    `error: org/none: no such model at ${hub.endpoint}; check the name (a private one needs HF_TOKEN)\n`,
  ]);
  assertMatch(
    out,
    /^org\/model: [^\n]*, fetched 3\.1 MB\n {2}\/\S+\n {2}left [^\n]+\norg\/model@v1: [^\n]*, nothing to fetch\n/,
  );
  const snapshot = snapshotIn(`${home}/hub`);
  assertEquals(filesBelow(snapshot), [...NEEDED].sort());
  assertMatch(await Deno.readLink(`${snapshot}/config.json`), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  const offline = await runFetch([`${REPOSITORY}@${COMMIT}`], { ...env, HF_HUB_OFFLINE: "1" });
  assertEquals([offline.code, offline.err], [0, ""]);
}, { cannotRun: cannotRunScript });

testInFolder(
  "a command that takes models finds a fetched one by its name, with the right to read that one alone",
  async (home) => {
    const recorded = `${PROJECT}lib/verification/fixtures/gpt2`;
    const files = Object.fromEntries(
      filesBelow(recorded).map((name) => [name, Deno.readFileSync(`${recorded}/${name}`)]),
    );
    await using hub = hubOf({ files });
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home };
    const before = await runTask(["verify", REPOSITORY], env);
    const line = `error: org/model: no folder, and not in ${home}/hub; ./run fetch org/model brings it\n`;
    assertEquals([before.code, before.err], [2, line]);
    assertEquals((await runFetch([REPOSITORY, "--quiet"], env)).err, "");
    hub.taken();
    const { code, out, err } = await runTask(["verify", REPOSITORY], env);
    assertEquals([code, err, hub.taken()], [0, "", []]);
    assertMatch(out, /snapshots\/0123456789abcdef\w+: ok +loss [^\n]*\n/);
  },
  { cannotRun: cannotRunScript },
);

testInFolder("wrong names are refused before anything is fetched", async (home) => {
  const { code, out, err } = await runFetch([REPOSITORY, "../evil"], {
    HF_ENDPOINT: "http://127.0.0.1:1",
    HF_HOME: home,
  });
  assertEquals([code, out, err.split("\n").length], [2, "", 2]);
  assertMatch(err, /^error: \.\.\/evil: no model or data set of the hub; write ORG\/NAME/);
}, { cannotRun: cannotRunScript });

Deno.test("progress is that of all files, with a rate and the time left by what came last", () => {
  const file = (name: string, size: number, present = 0): NeededFile => ({
    name,
    size,
    digest: "",
    present,
    isLinked: present === size,
  });
  const reference = { repository: REPOSITORY, revision: "main" };
  const files = [file("config.json", 1000, 1000), file("a", 4_000_000, 1_000_000), file("b", 5_999_000)];
  let ms = 0;
  const progress = new FetchProgress(
    { reference, commit: COMMIT, folder: "", files, leftOut: [], free: undefined, isListed: true },
    () => ms,
  );
  assertEquals(progress.text(), " 10 %  file 2/3  a  org/model");
  ms = 2000;
  progress.update(files[1], 3_000_000, 2_000_000);
  assertEquals(progress.text(), " 30 %  7 s left  1.0 MB/s  file 2/3  a  org/model");
  ms = 3000;
  progress.update(files[1], 4_000_000, 3_000_000);
  ms = 33_000;
  progress.update(files[2], 1_000_000, 1_000_000);
  // Of the last half minute, in which a third of what came before came.
  assertEquals(progress.text(), " 50 %  2 min 30 s left  33.3 kB/s  file 3/3  b  org/model");
});

testInFolder(
  "distil and evaluate find a fetched data set by its name, with the right to read that one alone",
  async (home) => {
    const records = ["Once", "One day", "There was", "The cat"].map((prompt) =>
      `${JSON.stringify({ prompt, response: " a little girl named Lily." })}\n`
    );
    const files = { "raw.jsonl": records.slice(1).join(""), "valid.jsonl": records[0] };
    await using hub = new TestHubServer({ "datasets/org/tales": { files } });
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home };
    const distil = ["distil", "--teacher", STORIES, "--student", STORIES, "--max-new-tokens", "16", "--dry-run"];
    const of = (args: readonly string[]) => runTask([...args, "--data", "org/tales", "--quiet"], env);
    const before = await of(distil);
    const line =
      `error: org/tales: no file or folder, and no data set in ${home}/hub; ./run fetch datasets/org/tales brings it\n`;
    assertEquals([before.code, before.err.replace(/^[^\n]*driver[^\n]*\n/, "")], [2, line]);
    const { code, out } = await runFetch(["datasets/org/tales"], env);
    assertEquals(code, 0);
    assertMatch(out, /^datasets\/org\/tales: commit 0123456789abcdef\w+, 2 files, \d+ B, fetched \d+ B\n/);
    const planned = await of(distil);
    assertMatch(planned.out, /^records +3 to train on, 1 to score on \(\w+\)$/m, planned.err);
    const scored = await of(["evaluate", STORIES, "--dry-run"]);
    assertMatch(scored.out, /1 of 1 records \(prompt\)/, scored.err);
  },
  { cannotRun: cannotRunScript },
);
