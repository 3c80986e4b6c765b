import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { changeScores, drawScores, resultFiles, TestFolder } from "#lib/comparison/test_results.ts";
import { diff } from "./diff.ts";
import { main } from "./main.ts";
import { keptTerminal } from "./test_terminal.ts";

const EXPERIMENT = "instruction_following";
const FOLDER = `results/tiny/${EXPERIMENT}`;
const SCORES = drawScores("ammd", { level: 0.5 });
const CHANGED = changeScores(SCORES, { shift: 0.03, seedSd: 0.007, itemSd: 0.05 });

function files(scores: typeof SCORES): Record<string, string> {
  return resultFiles(EXPERIMENT, [{ method: "ammd", dataset: "dolly", metric: "rouge_l", scores }]);
}

/** Runs `diff`, as called from a folder, and keeps what it writes. */
async function run(callerFolder: string, ...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(["diff", ...args], { experiments: [], terminal, commands: [diff], callerFolder });
  return { status, printed: printed(), reported: reported() };
}

/** A repository of two commits, the second with better scores. */
async function twoCommits(): Promise<TestFolder> {
  const folder = await TestFolder.create();
  await folder.write({ ...files(SCORES), "README.md": "" });
  await folder.commit("first");
  await folder.write(files(CHANGED));
  await folder.commit("second");
  return folder;
}

Deno.test("diff tells what the working tree changed since HEAD, and nothing where it changed nothing", async () => {
  await using folder = await twoCommits();
  const results = ["--results", "results"];
  const same = await run(folder.path, ...results);
  assertEquals([same.status, same.reported], [0, ""]);
  assertMatch(
    same.printed,
    /^No differences: HEAD \([0-9a-f]{7}\) and working tree have the same results \(profile tiny\)\.$/,
  );
  await folder.write({ ...files(SCORES), "README.md": "changed too" });
  const dirty = await run(folder.path, ...results);
  assertEquals(dirty.status, 1);
  assertMatch(
    dirty.printed,
    /^\*\*HEAD \([0-9a-f]{7}\) → working tree, profile tiny\*\*\n\nRows: 1 larger than the noise \(1 worse\)\.\n/,
  );
  assertEquals((await run(folder.path, "HEAD~1", ...results)).status, 0);
});

Deno.test("diff compares two commits, whatever the working tree holds, also from a folder below the repository's root", async () => {
  await using folder = await TestFolder.create();
  const below = (some: Record<string, string>) =>
    Object.fromEntries(Object.entries(some).map(([path, text]) => [`below/here/${path}`, text]));
  await folder.write(below(files(SCORES)));
  await folder.commit("first");
  await folder.write(below(files(CHANGED)));
  const second = await folder.commit("second");
  await Deno.remove(`${folder.path}/below`, { recursive: true });
  await Deno.mkdir(`${folder.path}/below`);
  const { status, printed, reported } = await run(
    `${folder.path}/below`,
    "HEAD~1",
    second,
    "--results",
    "here/results",
  );
  assertEquals([status, reported], [1, ""]);
  assertStringIncludes(printed, `→ ${second.slice(0, 7)}, profile tiny`);
  assertMatch(printed, /\| ammd +\| Dolly +\| ROUGE-L \|.* \*\*larger than the noise: up, better\*\* \|/);
});

Deno.test("diff compares two folders without git, and a folder with a commit", async () => {
  await using folder = await TestFolder.create();
  const under = (name: string, some: Record<string, string>) =>
    Object.fromEntries(Object.entries(some).map(([path, text]) => [path.replace(/^results/, name), text]));
  await folder.write({ ...under("a", files(SCORES)), ...under("b/c", files(CHANGED)) });
  const { status, printed, reported } = await run(folder.path, "./a", "b/c", "--results", "a");
  assertEquals(status, 2);
  assertMatch(reported, /not in a git repository/);
  assertEquals(printed, "");
  const compared = await run(folder.path, "./a", "./b/c");
  assertEquals([compared.status, compared.reported], [1, ""]);
  assertMatch(compared.printed, /^\*\*\.\/a → \.\/b\/c, profile tiny\*\*/);
  await folder.commit("first");
  const named = await run(folder.path, "HEAD", "b/c", "--results", "a");
  assertEquals([named.status, named.reported], [1, ""]);
});

Deno.test("diff compares what a shallow clone has, and tells how to get the rest", async () => {
  await using folder = await twoCommits();
  await using clones = await TestFolder.create();
  await clones.git("clone", "--quiet", "--depth", "1", `file://${folder.path}`, "clone");
  const clone = `${clones.path}/clone`;
  await clones.write(Object.fromEntries(Object.entries(files(SCORES)).map(([path, text]) => [`clone/${path}`, text])));
  assertEquals((await run(clone, "--results", "results")).status, 1);
  const { status, reported } = await run(clone, "HEAD~1", "--results", "results");
  assertEquals(status, 2);
  assertMatch(reported, /^error: unknown revision "HEAD~1": .*git fetch --unshallow/);
});

Deno.test("diff ends with 2 where there is nothing to compare, and says what would be right", async () => {
  await using folder = await twoCommits();
  await using empty = await TestFolder.create();
  await empty.write({ "README.md": "" });
  await empty.commit("no results");
  await Deno.mkdir(`${empty.path}/results`);
  const results = ["--results", "results"];
  const troubles: [TestFolder, string[], RegExp][] = [
    [
      folder,
      ["nonesuch", ...results],
      /^error: unknown revision "nonesuch": neither a commit, branch or tag of .* nor a folder\n$/,
    ],
    [folder, ["HEAD~1..HEAD", ...results], /two commits are two arguments/],
    [folder, ["HEAD~1", "HEAD", "HEAD", ...results], /two commits or folders, not 3/],
    [folder, ["--profile", "paper", ...results], /no results of profile paper in either; there are those of tiny/],
    [folder, ["./nonesuch", ...results], /\.\/nonesuch: no such folder/],
    [empty, results, /no results in/],
    [empty, ["HEAD", "HEAD", ...results], /^error: HEAD \([0-9a-f]{7}\): no results in [0-9a-f]{7}:results\//],
    [folder, ["--format", "html", ...results], /unknown --format "html"/],
  ];
  for (const [where, args, message] of troubles) {
    const { status, printed, reported } = await run(where.path, ...args);
    assertEquals([status, printed], [2, ""], args.join(" "));
    assertMatch(reported, message);
    assertEquals(reported.split("\n").length, 2, reported);
  }
});

Deno.test("diff ends with 2, not with the 1 of a difference, where a file cannot be read", async () => {
  await using folder = await twoCommits();
  const path = `${folder.path}/${FOLDER}/scores.csv`;
  await folder.write({ [`${FOLDER}/scores.csv`]: "method,dataset,metric,seed,value\nammd,dolly,rouge_l,1,a lot\n" });
  const broken = await run(folder.path, "--results", "results");
  assertEquals(broken.status, 2);
  assertStringIncludes(broken.reported, 'scores.csv, line 2: value is "a lot" but must be a number');
  await Deno.remove(path);
  await Deno.mkdir(path);
  assertEquals((await run(folder.path, "--results", "results")).status, 2);
});

Deno.test("diff writes JSON and CSV for programs", async () => {
  await using folder = await twoCommits();
  const json = JSON.parse((await run(folder.path, "HEAD~1", "--results", "results", "--format", "json")).printed);
  assertEquals(Object.keys(json), [
    ...[
      "same",
      "before",
      "after",
      "profiles",
      "experiments",
      "settings",
      "device",
      "data",
      "code",
      "dependencies",
      "notes",
    ],
  ]);
  const { printed } = await run(folder.path, "HEAD~1", "--results", "results", "--format", "csv");
  const [header, line, ...more] = printed.split("\n");
  assertStringIncludes(header, "status,profile,experiment,method,dataset,metric,before,after,change,");
  assertStringIncludes(line, `changed,tiny,${EXPERIMENT},ammd,dolly,rouge_l,0.`);
  assert(line.endsWith(",larger,up,better"));
  assertEquals(more, []);
});
