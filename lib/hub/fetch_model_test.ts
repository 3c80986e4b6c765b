import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError, Interrupted, StorageError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { COMMIT, describe } from "./test_hub_server.ts";
import { fetching, FILES, filesBelow, hubOf, NEEDED, REPOSITORY, snapshotIn, WEIGHTS } from "./test_fetching.ts";

const LIST = `GET /api/models/${REPOSITORY}/revision/main`;
const at = (name: string, commit = COMMIT) => `/${REPOSITORY}/resolve/${commit}/${name}`;
const WEIGHT_BLOB = `models--org--model/blobs/${describe("model.safetensors", WEIGHTS).digest}`;

testInFolder(
  "a model is fetched with one request for the list and one a file, where a large one is redirected once",
  async (cache) => {
    await using hub = hubOf();
    const { plan, fetched } = await fetching(hub, cache).fetch();
    const gets = NEEDED.map((name) => `GET ${at(name)}`);
    assertEquals(hub.taken(), [LIST, ...gets, `GET /cdn${at("model.safetensors")}`]);
    assertEquals(plan.files.map(({ name }) => name).sort(), [...NEEDED].sort());
    assertEquals(fetched, plan.files.reduce((sum, { size }) => sum + size, 0));
    for (const name of NEEDED) {
      assertEquals(await Deno.readFile(`${plan.folder}/${name}`), describe(name, FILES[name]).bytes);
      const digest = describe(name, FILES[name]).digest;
      assertEquals(await Deno.readLink(`${plan.folder}/${name}`), `../../blobs/${digest}`);
    }
    assertEquals(await Deno.readTextFile(`${cache}/models--org--model/refs/main`), COMMIT);
  },
);

testInFolder(
  "what other libraries read is left on the hub, and a safetensors file is taken before a pickle",
  async (cache) => {
    await using hub = hubOf();
    const { plan } = await fetching(hub, cache).fetch();
    assertEquals(plan.leftOut.map(({ name }) => name), [
      "README.md",
      "pytorch_model.bin",
      "tf_model.h5",
      "onnx/model.onnx",
    ]);
    assertEquals(filesBelow(snapshotIn(cache)), [...NEEDED].sort());
  },
);

testInFolder("a second time one request asks what main is; a pinned commit asks nothing", async (cache) => {
  await using hub = hubOf();
  await fetching(hub, cache).fetch();
  hub.taken();
  assertEquals((await fetching(hub, cache).fetch()).fetched, 0);
  assertEquals(hub.taken(), [LIST]);
  const { plan, fetched } = await fetching(hub, cache).fetch(`${REPOSITORY}@${COMMIT}`);
  assertEquals([plan.commit, fetched, hub.taken()], [COMMIT, 0, []]);
});

testInFolder("a pinned commit of which another program has fetched a part is completed", async (cache) => {
  await using hub = hubOf();
  await fetching(hub, cache).fetch();
  // As a program leaves it that has asked for other names.
  await Deno.remove(`${cache}/models--org--model/.no_exist`, { recursive: true });
  await Deno.remove(`${snapshotIn(cache)}/tokenizer.json`);
  hub.taken();
  await fetching(hub, cache).fetch(`${REPOSITORY}@${COMMIT}`);
  // Its blob is there still.
  assertEquals(hub.taken(), [`GET /api/models/${REPOSITORY}/revision/${COMMIT}`]);
  assertEquals(filesBelow(snapshotIn(cache)), [...NEEDED].sort());
});

testInFolder("a branch that has moved is fetched anew but for the files that are the same", async (cache) => {
  await using hub = hubOf();
  await fetching(hub, cache).fetch();
  const commit = "f".repeat(40);
  await using later = hubOf({ commit, files: { ...FILES, "config.json": '{"model_type": "llama"}\n' } });
  const { plan } = await fetching(later, cache).fetch();
  assertEquals(later.taken(), [LIST, `GET ${at("config.json", commit)}`]);
  assertEquals([plan.commit, filesBelow(plan.folder)], [commit, [...NEEDED].sort()]);
  assertEquals(await Deno.readTextFile(`${cache}/models--org--model/refs/main`), commit);
});

testInFolder("a connection that is cut off is continued at the byte where it ended", async (cache) => {
  await using hub = hubOf();
  hub.cutAt = 1_000_003;
  const { fetch, said, waits } = fetching(hub, cache);
  const { fetched } = await fetch();
  const resumed = hub.taken().filter((what) => what.includes(" range "));
  assertEquals(resumed, ["", "/cdn"].map((cdn) => `GET ${cdn}${at("model.safetensors")} range bytes=1000003-`));
  assertMatch(
    said.join("\n"),
    /^org\/model\/model\.safetensors: cut off after 1000003 of \d+ bytes \(.*\); again in 1 s$/,
  );
  assertEquals([waits, fetched > WEIGHTS.length], [[1000], true]);
  assertEquals(await Deno.readFile(`${cache}/${WEIGHT_BLOB}`), WEIGHTS);
});

testInFolder("a process that was stopped leaves what it has, and the next one continues from there", async (cache) => {
  await using hub = hubOf();
  const stop = new AbortController();
  const interrupted = fetching(hub, cache, { stop: stop.signal }).fetch(REPOSITORY, (name, bytes) => {
    if (name === "model.safetensors" && bytes >= 500_000) stop.abort(new Interrupted("SIGINT"));
  });
  await assertRejects(() => interrupted, Interrupted);
  const { size } = await Deno.stat(`${cache}/${WEIGHT_BLOB}.incomplete`);
  assert(size >= 500_000 && size < WEIGHTS.length, String(size));
  hub.taken();
  const { fetched } = await fetching(hub, cache).fetch();
  assertEquals(fetched, WEIGHTS.length - size);
  assertEquals(hub.taken().at(-1), `GET /cdn${at("model.safetensors")} range bytes=${size}-`);
});

testInFolder("a server without ranges is asked for the whole file again", async (cache) => {
  await using hub = hubOf({}, { ignoresRanges: true });
  hub.cutAt = 700_000;
  await fetching(hub, cache).fetch();
  assertEquals(await Deno.readFile(`${cache}/${WEIGHT_BLOB}`), WEIGHTS);
});

testInFolder("what has another digest than the hub lists gets no name and is removed", async (cache) => {
  await using hub = hubOf();
  hub.sendInstead = WEIGHTS.map((byte, i) => i === 5 ? byte ^ 1 : byte);
  const { message } = await assertRejects(() => fetching(hub, cache).fetch(), InputError);
  assertMatch(
    message,
    /^org\/model\/model\.safetensors: what came has the digest \w{12}…, the hub lists \w{12}…; it was removed: [^\n]*$/,
  );
  assertEquals(filesBelow(`${cache}/models--org--model/blobs`).filter((name) => name.length > 40), []);
  // The snapshot is made when all files are right.
  await assertRejects(() => Deno.stat(snapshotIn(cache)), Deno.errors.NotFound);
  hub.sendInstead = undefined;
  await fetching(hub, cache).fetch();
});

testInFolder("a part of other bytes, as a parallel download leaves it, is fetched anew", async (cache) => {
  await using hub = hubOf();
  await Deno.mkdir(`${cache}/models--org--model/blobs`, { recursive: true });
  for (const size of [1000, WEIGHTS.length, WEIGHTS.length + 1]) {
    await Deno.remove(`${cache}/${WEIGHT_BLOB}`).catch(() => {});
    await Deno.remove(`${snapshotIn(cache)}/model.safetensors`).catch(() => {});
    await Deno.writeFile(`${cache}/${WEIGHT_BLOB}.incomplete`, new Uint8Array(size));
    await fetching(hub, cache).fetch();
    assertEquals(await Deno.readFile(`${cache}/${WEIGHT_BLOB}`), WEIGHTS);
  }
});

testInFolder("a server that sends more than it lists, or less, is given up after some tries", async (cache) => {
  await using hub = hubOf();
  for (const sent of [new Uint8Array(WEIGHTS.length + 1), new Uint8Array(0)]) {
    hub.sendInstead = sent;
    const { fetch, waits } = fetching(hub, cache);
    const { message } = await assertRejects(fetch, InputError);
    assertMatch(
      message,
      /^org\/model\/model\.safetensors: (more than the|cut off after 0 of) \d+ bytes.* \(tried 5 times\)$/,
    );
    assertEquals(waits, [1000, 2000, 4000, 8000]);
  }
});

testInFolder("a sharded model is taken by its index, and one that lacks a shard is refused by name", async (cache) => {
  const index = { weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" } };
  const first = {
    "config.json": "{}",
    "model.safetensors.index.json": JSON.stringify(index),
    "model-00001-of-00002.safetensors": "one",
    "pytorch_model.bin": "pickled",
  };
  await using hub = hubOf({ files: { ...first, "model-00002-of-00002.safetensors": "two" } });
  const { plan } = await fetching(hub, cache).fetch();
  assertEquals(plan.files.length, 4);
  await using lacking = hubOf({ files: first, commit: "a".repeat(40) });
  const { message } = await assertRejects(() => fetching(lacking, cache).fetch(), InputError);
  assertStringIncludes(message, "no model-00002-of-00002.safetensors, which model.safetensors.index.json names");
});

testInFolder("a disk that has too little room is told before anything is fetched", async (cache) => {
  await using hub = hubOf();
  const { message } = await assertRejects(() => fetching(hub, cache, { free: 3_000_000 }).fetch(), StorageError);
  assertMatch(
    message,
    /models--org--model: 3\.1 MB are to be fetched and 3\.0 MB are free; free some space, or take another disk/,
  );
  assertEquals(hub.taken(), [LIST]);
  await fetching(hub, cache, { free: 4_000_000 }).fetch();
});
