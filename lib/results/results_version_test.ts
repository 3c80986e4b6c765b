import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { compareResults } from "#lib/comparison/compare_results.ts";
import { readDifferent, ResultsHistory } from "./results_version.ts";
import { TestFolder } from "#lib/comparison/test_results.ts";

const SCORES = "method,dataset,metric,seed,value\nammd,dolly,rouge_l,1,0.5\n";
const imports = (version: string) => JSON.stringify({ imports: { zod: version } });

Deno.test("the project is the nearest folder above the results that has a deno.json", async () => {
  await using folder = await TestFolder.create();
  const files = (version: string) => ({
    "deno.json": imports(`root ${version}`),
    "a/deno.json": imports(`a ${version}`),
  });
  await folder.write({ ...files("1"), "a/b/results/tiny/x/scores.csv": SCORES, "results/tiny/x/scores.csv": SCORES });
  await folder.commit("first");
  await folder.write(files("2"));
  for (const [results, name] of [["a/b/results", "a"], ["results", "root"]]) {
    const history = new ResultsHistory(`${folder.path}/${results}`);
    const { dependencies } = await compareResults(await history.openCommit("HEAD"), await history.openWorkingTree());
    assertEquals(dependencies, [{ kind: "import", name: "zod", before: `${name} 1`, after: `${name} 2` }]);
  }
});

Deno.test("only what was recorded of experiments is a result, and only what differs is read", async () => {
  await using folder = await TestFolder.create();
  const same = { "tiny/x/scores.csv": SCORES, "tiny/x/items.csv": "", "smoke/x/curves.csv": "step,value\n" };
  const under = (name: string, files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]));
  await folder.write(
    under("a", {
      ...same,
      "tiny/x/table.md": "1",
      "tiny/notes.txt": "",
      "tiny/x/deeper/scores.csv": "",
      "tiny/.y/scores.csv": SCORES,
    }),
  );
  await folder.commit("first");
  await folder.write(under("a", { "tiny/x/items.csv": "values\n", "tiny/.x.part/scores.csv": SCORES }));
  const history = new ResultsHistory(`${folder.path}/a`);
  const versions = [await history.openCommit("HEAD"), await history.openWorkingTree()] as const;
  for (const { files } of versions) assertEquals([...files.keys()].sort(), Object.keys(same).sort());
  assertEquals(
    [...await readDifferent(versions, versions[0].files.keys(), ({ files }) => files)],
    [["tiny/x/items.csv", { before: "", after: "values\n" }]],
  );
  const [copied, other] = [
    await history.openFolder(`${folder.path}/a`, "a"),
    await history.openFolder(`${folder.path}/a/`, "b"),
  ];
  assertEquals(copied.projectFiles, undefined);
  assertEquals([...await readDifferent([copied, other], copied.files.keys(), ({ files }) => files)], []);
});

Deno.test("a name that is both a branch and a folder is the branch, unless it begins with a dot", async () => {
  await using folder = await TestFolder.create();
  await folder.write({ "results/tiny/x/scores.csv": SCORES, "old/tiny/x/scores.csv": SCORES });
  const commit = await folder.commit("first");
  const history = new ResultsHistory(`${folder.path}/results`);
  const open = (name: string) => history.open(name, (path) => `${folder.path}/${path}`);
  assertEquals((await open("old")).label, "old");
  await folder.git("branch", "old");
  assertEquals((await open("old")).label, `old (${commit.slice(0, 7)})`);
  assertEquals((await open("./old")).label, "./old");
  assertEquals((await open(commit.slice(0, 12))).label, commit.slice(0, 7));
  await assertRejects(() => open("./results/tiny"), InputError, "no results in");
});
