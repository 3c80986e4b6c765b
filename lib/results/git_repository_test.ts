import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { codeVersion, findCommit, findRepository, listFiles, readBlobs } from "./git_repository.ts";
import { TestFolder } from "#lib/comparison/test_results.ts";

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
