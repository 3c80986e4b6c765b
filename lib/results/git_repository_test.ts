import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { codeVersion, findCommit, findRepository, listFiles, readBlobs } from "./git_repository.ts";
import { TestFolder } from "#lib/comparison/test_results.ts";
import { programWords } from "#lib/runner/test_process.ts";

const FILES = { "a.csv": "", "sub/b c.csv": "x\ny", "sub/ü\t.csv": "\u0000\n\n", "other/a.csv": "x\ny" };

Deno.test("files of a commit come back by path, with the ids that git gives to their content", async () => {
  await using folder = await TestFolder.create();
  await folder.write(FILES);
  // Deno links only where it may read and write everything.
  await new Deno.Command("sh", { args: ["-c", 'ln -s a.csv "$1"', "sh", `${folder.path}/sub/link`] }).output();
  const commit = await folder.commit("first");
  const repository = await findRepository(`${folder.path}/sub`);
  assertEquals(repository, { root: folder.path, prefix: "sub/", isShallow: false });
  const ids = await listFiles(repository, commit, []);
  assertEquals([...ids.keys()].sort(), Object.keys(FILES).sort());
  assertEquals([...(await listFiles(repository, commit, ["sub/", "a.csv"])).keys()], [
    "a.csv",
    "sub/b c.csv",
    "sub/ü\t.csv",
  ]);
  const blobs = await readBlobs(repository, ids.values());
  for (const [path, text] of Object.entries(FILES)) {
    const id = ids.get(path)!;
    assertEquals(new TextDecoder().decode(blobs.get(id)), text);
  }
  assertEquals(ids.get("sub/b c.csv"), ids.get("other/a.csv"));
});

Deno.test("a repository whose hashes are SHA-256 is read as well", async () => {
  await using folder = await TestFolder.create();
  await folder.git("init", "--quiet", "--object-format=sha256");
  await folder.write(FILES);
  const commit = await folder.commit("first");
  assertEquals(commit.length, 64);
  const id = (await listFiles(await findRepository(folder.path), commit, ["other"])).get("other/a.csv")!;
  const blobs = await readBlobs(await findRepository(folder.path), [id]);
  assertEquals([id.length, new TextDecoder().decode(blobs.get(id))], [64, "x\ny"]);
});

Deno.test("a revision is what git knows of commits, and an option is none", async () => {
  await using folder = await TestFolder.create();
  await folder.write({ a: "1" });
  const first = await folder.commit("first");
  await folder.git("-c", "user.name=Test", "-c", "user.email=test@example.org", "tag", "-m", "tagged", "v1");
  await folder.write({ a: "2" });
  const second = await folder.commit("second");
  const repository = await findRepository(folder.path);
  const commits = await Promise.all(
    ["HEAD", "HEAD~1", "v1", first.slice(0, 9)].map((name) => findCommit(repository, name)),
  );
  assertEquals(commits, [second, first, first, first]);
  for (const name of ["HEAD:a", "HEAD~2", "nonesuch", "--all", "", "HEAD~1..HEAD"]) {
    assertEquals(await findCommit(repository, name), undefined, name);
  }
});

Deno.test("no repository, and content that a clone lacks, are told", async () => {
  await using folder = await TestFolder.create();
  const outside = await assertRejects(() => findRepository(folder.path), InputError);
  assert(outside.message.includes("is not in a git repository"));
  await folder.write({ a: "1" });
  await folder.commit("first");
  const repository = await findRepository(folder.path);
  const lacking = await assertRejects(() => readBlobs(repository, ["0".repeat(40)]), InputError);
  assert(lacking.message.includes("it is not in this clone"));
});

/** What a copy of the project has, as far as git is asked about it. */
const PROJECT_FILES = { "deno.json": "{}", "experiments/main.ts": "", "results/tiny/x/scores.csv": "1" };

Deno.test("the code's commit is known where the repository holds the project, whose results are not its code", async () => {
  await using folder = await TestFolder.create();
  await folder.write(PROJECT_FILES);
  const commit = await folder.commit("first");
  await folder.write({ "results/tiny/x/scores.csv": "2" });
  assertEquals(await codeVersion(folder.path), { commit, dirty: false });
  await folder.write({ "experiments/main.ts": "changed" });
  assertEquals(await codeVersion(folder.path), { commit, dirty: true });
  await folder.write({ "experiments/main.ts": "", "lib/new.ts": "" });
  assertEquals(await codeVersion(folder.path), { commit, dirty: true });
});

Deno.test("a copy that another repository holds is of that repository's commit", async () => {
  await using folder = await TestFolder.create();
  const files = Object.entries(PROJECT_FILES).map(([path, text]) => [`third_party/here/${path}`, text]);
  await folder.write(Object.fromEntries(files));
  const commit = await folder.commit("first");
  await folder.write({ "README.md": "changed elsewhere" });
  assertEquals(await codeVersion(`${folder.path}/third_party/here`), { commit, dirty: false });
});

Deno.test("the commit is unknown, as are changes, and why is said: in another repository, without a commit, in none", async () => {
  await using other = await TestFolder.create();
  await other.write({ "README.md": "", "deno.json": "{}" });
  await other.commit("another project");
  await other.write(Object.fromEntries(Object.entries(PROJECT_FILES).map(([path, text]) => [`copy/${path}`, text])));
  await using fresh = await TestFolder.create();
  await fresh.write(PROJECT_FILES);
  await fresh.git("init", "--quiet");
  await fresh.git("add", "--all");
  await using none = await TestFolder.create();
  const cases: [string, RegExp][] = [
    [`${other.path}/copy`, /recorded as unknown: the repository around it does not hold the project's files$/],
    [fresh.path, /recorded as unknown: nothing is committed yet$/],
    [none.path, /recorded as unknown: not a git repository/],
  ];
  for (const [path, message] of cases) {
    const { commit, dirty, unknown } = await codeVersion(path);
    assertEquals([commit, dirty], ["unknown", "unknown"]);
    assertMatch(unknown!, message);
    assertEquals(unknown!.includes("\n"), false);
  }
});

/** Prints what is known of the project in a folder. */
const ASK = (folder: string) => `
  import { codeVersion, findCommit, findRepository, listFiles } from "#lib/results/git_repository.ts";
  const folder = ${JSON.stringify(folder)};
  const repository = await findRepository(folder);
  const commit = await findCommit(repository, "HEAD");
  const files = await listFiles(repository, commit, []);
  console.log(JSON.stringify({ repository, commit, files: [...files.keys()], code: await codeVersion(folder) }));`;

/** What such a program prints, with more variables in its environment. */
async function ask(words: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("deno", { args: [...words], env: { ...env } }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test("variables of git in the environment, of a hook or a rebase, change nothing of what is asked", async () => {
  await using programs = await TestFolder.create();
  await using folder = await TestFolder.create();
  await folder.write(PROJECT_FILES);
  const commit = await folder.commit("first");
  await using other = await TestFolder.create();
  await other.write({ "README.md": "" });
  await other.commit("another project");
  const words = [...await programWords(programs.path, "ask", ASK(folder.path))];
  words.splice(1, 0, "--allow-env");
  const byHand = await ask(words, {});
  assertEquals(JSON.parse(byHand).code, { commit, dirty: false });
  const environments: Record<string, string>[] = [
    { GIT_DIR: `${other.path}/.git`, GIT_WORK_TREE: other.path, GIT_INDEX_FILE: `${other.path}/.git/index` },
    { GIT_INDEX_FILE: `${folder.path}/nonesuch`, GIT_PREFIX: "deeper/" },
    { GIT_OBJECT_DIRECTORY: `${other.path}/.git/objects`, GIT_NAMESPACE: "x" },
    { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.worktree", GIT_CONFIG_VALUE_0: other.path },
    { GIT_CEILING_DIRECTORIES: folder.path, GIT_TRACE: "1", LANG: "de_DE.UTF-8", LANGUAGE: "de" },
  ];
  for (const env of environments) assertEquals(await ask(words, env), byHand, JSON.stringify(env));
});

Deno.test("in a hook of a linked work tree the work tree's own commit and files are found", async () => {
  await using programs = await TestFolder.create();
  await using folder = await TestFolder.create();
  await folder.write(PROJECT_FILES);
  await folder.commit("first");
  const linked = `${programs.path}/linked`;
  await folder.git("worktree", "add", "--quiet", linked, "-b", "linked");
  const words = [...await programWords(programs.path, "ask", ASK(linked))];
  words.splice(1, 0, "--allow-env");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const hook = `${folder.path}/.git/hooks/pre-commit`;
  await Deno.mkdir(`${folder.path}/.git/hooks`, { recursive: true });
  await Deno.writeTextFile(
    hook,
    `#!/bin/sh\nPATH='${await searchPath()}' deno ${quoted} > '${programs.path}/said' 2>&1\n`,
  );
  await Deno.chmod(hook, 0o755);
  await Deno.writeTextFile(`${linked}/experiments/main.ts`, "changed");
  const byHand = await ask(words, {});
  await folder.git(
    ...[
      "-C",
      linked,
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@example.org",
      "commit",
      "--quiet",
      "-am",
      "second",
    ],
  );
  const { repository, commit, code } = JSON.parse(await Deno.readTextFile(`${programs.path}/said`));
  assertEquals([repository.root, code.dirty], [linked, true]);
  assertEquals(commit, JSON.parse(byHand).commit);
});

async function shell(script: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Git's children get another. */
async function searchPath(): Promise<string> {
  return await shell('echo "$PATH"');
}

const isRoot = Deno.build.os !== "windows" && await shell("id -u") === "0";

Deno.test({
  name: `a repository of another user is named with git's remedy${
    isRoot ? "" : " (skipped: needs root, to give files away)"
  }`,
  ignore: !isRoot,
  async fn() {
    await using folder = await TestFolder.create();
    await folder.write(PROJECT_FILES);
    await folder.commit("first");
    await shell(`chown -R 12345:12345 '${folder.path}'`);
    const remedy =
      `belongs to another user; if you trust it, run git config --global --add safe.directory ${folder.path}`;
    const { message } = await assertRejects(() => findRepository(folder.path), InputError);
    assert(message.includes(remedy), message);
    const { commit, dirty, unknown } = await codeVersion(folder.path);
    assertEquals([commit, dirty], ["unknown", "unknown"]);
    assert(unknown!.endsWith(remedy), unknown);
    await shell(`chown -R 0:0 '${folder.path}'`);
  },
});
