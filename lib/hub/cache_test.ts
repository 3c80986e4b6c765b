import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { programWords, runWithSmallDisk, whyNoSmallDisk } from "#lib/runner/test_process.ts";
import { makeLink, testInFolder } from "#lib/test_folder.ts";
import { COMMIT, describe, TestHubServer } from "./test_hub_server.ts";
import { fetching, FILES, filesBelow, hubOf, NEEDED, REPOSITORY, snapshotIn, WEIGHTS } from "./test_fetching.ts";

const noLinks = Deno.build.os === "windows" ? "needs symbolic links" : undefined;
const noSmallDisk = await whyNoSmallDisk();

/** A program that fetches, in a process of its own. */
const FETCHING = (endpoint: string, cache: string) =>
  `import { fetching } from "#lib/hub/test_fetching.ts";
  const { fetch, said } = fetching({ endpoint: ${JSON.stringify(endpoint)} }, ${JSON.stringify(cache)});
  try { console.log("fetched", (await fetch()).fetched, said.join()); }
  catch (error) { console.log(error.name + ": " + error.message); }`;

for (
  const name of [
    "../evil.json",
    "/etc/evil.json",
    "a/../../evil.json",
    "a\\b.json",
    "C:evil",
    "a//b",
    "./config.json",
    "a\u0000b",
  ]
) {
  testInFolder(`a file of the name ${JSON.stringify(name)} is refused, and nothing is written`, async (folder) => {
    await using hub = hubOf({ files: { ...FILES, [name]: "evil" } });
    const { message } = await assertRejects(() => fetching(hub, `${folder}/a/b`).fetch(), InputError);
    assertMatch(
      message,
      /^org\/model: the hub lists a file "[^\n]*", a name that leads elsewhere; nothing was fetched$/,
    );
    assertEquals(filesBelow(folder), []);
  });
}

testInFolder("shards are those that the list has: an index that names another place leads nowhere", async (cache) => {
  const index = JSON.stringify({ weight_map: { a: "../../../evil.safetensors" } });
  await using hub = hubOf({ files: { "config.json": "{}", "model.safetensors.index.json": index } });
  const { message } = await assertRejects(() => fetching(hub, cache).fetch(), InputError);
  assertMatch(message, /no \.\.\/\.\.\/\.\.\/evil\.safetensors, which model\.safetensors\.index\.json names$/);
});

testInFolder("a link in the cache does not lead what is fetched elsewhere", async (folder) => {
  await using hub = hubOf();
  const [cache, elsewhere] = [`${folder}/cache`, `${folder}/elsewhere`];
  await Deno.mkdir(elsewhere);
  for (const place of ["blobs", `snapshots/${COMMIT}`]) {
    await Deno.mkdir(`${cache}/models--org--model/snapshots`, { recursive: true });
    await makeLink(`${cache}/models--org--model/${place}`, elsewhere);
    const { message } = await assertRejects(() => fetching(hub, cache).fetch(), InputError);
    assertMatch(message, /a link leads it to \S+elsewhere, outside the repository's folder; remove the link$/);
    assertEquals(filesBelow(elsewhere), []);
    await Deno.remove(cache, { recursive: true });
  }
  // What is being fetched is not written through a link.
  const { digest } = describe("model.safetensors", WEIGHTS);
  await Deno.mkdir(`${cache}/models--org--model/blobs`, { recursive: true });
  await Deno.writeTextFile(`${elsewhere}/mine`, "mine");
  await makeLink(`${cache}/models--org--model/blobs/${digest}.incomplete`, `${elsewhere}/mine`);
  await fetching(hub, cache).fetch();
  assertEquals(await Deno.readTextFile(`${elsewhere}/mine`), "mine");
}, { cannotRun: noLinks });

testInFolder("a cache that is itself a link is followed, as Python's tools do", async (folder) => {
  await using hub = hubOf();
  await Deno.mkdir(`${folder}/disk`);
  await makeLink(`${folder}/cache`, `${folder}/disk`);
  await fetching(hub, `${folder}/cache`).fetch();
  assertEquals(filesBelow(snapshotIn(`${folder}/disk`)), [...NEEDED].sort());
}, { cannotRun: noLinks });

testInFolder("a snapshot's file of another size or blob is put right", async (cache) => {
  await using hub = hubOf();
  const { plan } = await fetching(hub, cache).fetch();
  const path = `${plan.folder}/config.json`;
  await Deno.remove(path);
  await Deno.writeTextFile(path, "{");
  await fetching(hub, cache).fetch();
  assertEquals(await Deno.readTextFile(path), FILES["config.json"]);
});

testInFolder("of two processes at once one fetches a file and the other waits for it", async (folder) => {
  await using hub = hubOf();
  const { promise: bothAsked, resolve } = Promise.withResolvers<undefined>();
  let lists = 0;
  // Neither gets the list before both have asked, so that both find nothing in the cache.
  hub.intervene = (what) => {
    if (!what.includes("/api/")) return undefined;
    if (++lists === 2) resolve(undefined);
    return bothAsked;
  };
  const program = FETCHING(hub.endpoint, `${folder}/cache`);
  const args = [...await programWords(folder, "program", program, ["--allow-net=127.0.0.1"])];
  const outputs = await Promise.all([0, 1].map(() => new Deno.Command("deno", { args, stdin: "null" }).output()));
  const said = outputs.map(({ stdout, stderr }) => new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  for (const text of said) assertMatch(text, /^fetched \d+ .*\n$/);
  const fetched = said.map((text) => Number(text.split(" ")[1]));
  assertEquals(
    fetched[0] + fetched[1],
    NEEDED.reduce((sum, name) => sum + describe(name, FILES[name]).bytes.length, 0),
  );
  const gets = hub.taken().filter((what) => what.startsWith(`GET /${REPOSITORY}/`));
  assertEquals(gets.map((what) => what.split("/").at(-1)).sort(), [...NEEDED].sort());
  assertEquals(await Deno.readFile(`${snapshotIn(`${folder}/cache`)}/model.safetensors`), WEIGHTS);
});

testInFolder("a disk that becomes full is told, and what was fetched is kept", async (folder) => {
  await using hub = hubOf();
  const { err, out } = await runWithSmallDisk(folder, FETCHING(hub.endpoint, "disk/cache"), "true", [
    "--allow-net=127.0.0.1",
  ]);
  const { digest } = describe("model.safetensors", WEIGHTS);
  assertEquals([err, out.trim()], [
    "",
    `StorageError: disk/cache/models--org--model/blobs/${digest}.incomplete: cannot be written: the disk is full; ` +
    "what was fetched is kept; free some space, or take another folder with HF_HOME=DIR",
  ]);
}, { cannotRun: noSmallDisk });

/** What `testdata/README.md` tells of. */
type Recorded = Record<string, { readonly text?: string; readonly link?: string }>;

async function recordedCache(): Promise<Recorded> {
  return JSON.parse(await Deno.readTextFile(new URL("testdata/huggingface_hub_cache.json", import.meta.url)));
}

/** The hub that the recorded cache was fetched from. */
function recordedHub(recorded: Recorded): TestHubServer {
  const names = Object.entries(recorded).flatMap(([path, { link }]) => link === undefined ? [] : [path]);
  const files = names.map((path) => {
    const blob = recorded[path].link!.replace("../../", "models--org--m/");
    return [path.split("/").at(-1)!, recorded[blob].text!];
  });
  return new TestHubServer({ "org/m": { files: Object.fromEntries(files) } });
}

testInFolder(
  "a cache that Python's huggingface_hub wrote is found, and nothing of it is fetched again",
  async (cache) => {
    const recorded = await recordedCache();
    for (const [path, { text, link }] of Object.entries(recorded)) {
      await Deno.mkdir(`${cache}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      if (link === undefined) await Deno.writeTextFile(`${cache}/${path}`, text!);
      else await makeLink(`${cache}/${path}`, link);
    }
    await using hub = recordedHub(recorded);
    assertEquals((await fetching(hub, cache, { offline: true }).fetch("org/m")).plan.files.length, 4);
    assertEquals((await fetching(hub, cache).fetch("org/m")).fetched, 0);
    assertEquals(hub.taken(), ["GET /api/models/org/m/revision/main"]);
  },
  { cannotRun: noLinks },
);

testInFolder(
  "what is fetched lies as Python's huggingface_hub lays it: names, links, locks and refs",
  async (cache) => {
    const recorded = await recordedCache();
    await using hub = recordedHub(recorded);
    await fetching(hub, cache).fetch("org/m");
    for (const [path, { text, link }] of Object.entries(recorded)) {
      if (path === "CACHEDIR.TAG") continue; // a note for backups
      if (link === undefined) assertEquals(await Deno.readTextFile(`${cache}/${path}`), text, path);
      else assertEquals(await Deno.readLink(`${cache}/${path}`), link, path);
    }
    const further = filesBelow(cache).filter((path) => !(path in recorded) && !path.includes("/.no_exist/"));
    assertEquals(further, [".locks/models--org--m/record.lock"]);
  },
  { cannotRun: noLinks },
);
