import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { COMMIT, GOOD_TOKEN, TestHubServer } from "./test_hub_server.ts";
import { fetching, FILES, hubOf, NEEDED, WEIGHTS } from "./test_fetching.ts";

/** The one line that a fetch ends with. */
async function errorOf({ fetch }: Pick<ReturnType<typeof fetching>, "fetch">, word?: string): Promise<string> {
  const { message } = await assertRejects(() => fetch(word), InputError);
  assertEquals(message.includes("\n"), false, message);
  return message;
}

testInFolder("a gated model tells where its terms are, and is fetched with a token that has access", async (cache) => {
  await using hub = hubOf({ gated: true });
  assertEquals(
    await errorOf(fetching(hub, cache)),
    `org/model: gated: accept its terms at ${hub.endpoint}/org/model, then set HF_TOKEN to a token of yours, or log in so that ` +
      `${cache}/token has one`,
  );
  const refused = await errorOf(fetching(hub, cache, { token: "hf_other" }));
  assertMatch(
    refused,
    /^org\/model: gated: the token that is set has no access; accept the terms at \S+ with its account$/,
  );
  assertEquals(refused.includes("hf_other"), false);
  hub.taken();
  await fetching(hub, cache, { token: GOOD_TOKEN }).fetch();
  assertEquals(hub.taken().filter((what) => !what.endsWith(" auth")).length, 0);
});

testInFolder("the token is sent to the hub, and not to where it redirects", async (cache) => {
  await using files = hubOf();
  await using hub = hubOf({ gated: true }, { filesAt: files.endpoint });
  await fetching(hub, cache, { token: GOOD_TOKEN }).fetch();
  assertEquals(hub.taken().every((what) => what.endsWith(" auth")), true);
  assertEquals(files.taken(), [`GET /cdn/org/model/resolve/${COMMIT}/model.safetensors`]);
});

testInFolder("a host that the process may not reach is told with the flag that permits it", async (cache) => {
  await using hub = hubOf({}, { filesAt: "http://files.test:8080" });
  assertEquals(
    await errorOf(fetching(hub, cache)),
    "the hub redirects files to files.test:8080, which this process may not reach; if you trust that host: " +
      "./run fetch org/model --files-from files.test:8080",
  );
  assertEquals(
    await errorOf(fetching({ endpoint: "http://hub.test" }, cache)),
    "the hub is at hub.test:80, which this process may not reach; run instead: ./run fetch org/model",
  );
});

testInFolder("a redirect that leads nowhere, or round in a circle, is told", async (cache) => {
  await using hub = hubOf();
  for (
    const [location, why] of [["file:///etc/passwd", "which is no address"], ["/again", "redirected more than 5 times"]]
  ) {
    hub.intervene = () => new Response(null, { status: 302, headers: { location } });
    assertMatch(await errorOf(fetching(hub, cache)), new RegExp(`${why}$`));
  }
});

testInFolder("a name, a revision or a token that the hub does not know is told as such", async (cache) => {
  await using hub = hubOf();
  const plain = fetching(hub, cache);
  assertEquals(
    await errorOf(plain, "org/modle"),
    `org/modle: no such model at ${hub.endpoint}; check the name (a private one needs HF_TOKEN)`,
  );
  assertMatch(
    await errorOf(fetching(hub, cache, { token: "hf_x" }), "org/modle"),
    /\(the token that is set has no access to a private/,
  );
  for (const revision of ["v9", "c".repeat(40)]) {
    const message = await errorOf(plain, `org/model@${revision}`);
    assertEquals(
      message,
      `org/model@${revision}: no revision "${revision}"; name a branch, a tag or a commit that is there`,
    );
  }
  const headers = { "x-error-message": "Invalid credentials in Authorization header" };
  hub.intervene = () => new Response(null, { status: 401, headers });
  assertMatch(await errorOf(plain), /: the hub does not accept the token \(HF_TOKEN, or the file of a login\)$/);
  hub.intervene = () => new Response(null, { status: 403, headers: { "x-error-message": "Access is\u00ad disabled" } });
  assertMatch(await errorOf(plain), /answers 403, "Access is\\u\{ad\} disabled"$/);
});

testInFolder("a branch or a tag with a slash is fetched and kept by its name", async (cache) => {
  await using hub = hubOf({ revisions: ["refs/pr/1"] });
  await fetching(hub, cache).fetch("org/model@refs/pr/1");
  assertEquals(await Deno.readTextFile(`${cache}/models--org--model/refs/refs/pr/1`), COMMIT);
});

testInFolder("a model that has been renamed is fetched under its old name", async (cache) => {
  await using hub = new TestHubServer({ "org/new": { files: FILES }, "old": { files: {}, movedTo: "org/new" } });
  const { plan } = await fetching(hub, cache).fetch("old");
  assertEquals(plan.folder, `${cache}/models--old/snapshots/${COMMIT}`);
  assertEquals(plan.files.length, NEEDED.length);
});

testInFolder("429 and 5xx are tried again after waits that double, and a Retry-After is kept to", async (cache) => {
  await using hub = hubOf();
  const statuses = [429, 503, 500, 408];
  hub.intervene = (_, number) => {
    const headers: Record<string, string> = number === 1 ? { "retry-after": "7" } : {};
    return number < statuses.length ? new Response("wait", { status: statuses[number], headers }) : undefined;
  };
  const { fetch, waits, said } = fetching(hub, cache);
  await fetch();
  assertEquals(waits, [1000, 7000, 4000, 8000]);
  assertEquals(said[1], "org/model: 503 Service Unavailable; again in 7 s");
});

testInFolder("tries are bounded, and so is the wait that a server may ask for", async (cache) => {
  await using hub = hubOf();
  hub.intervene = () => new Response(null, { status: 502 });
  const { fetch, waits } = fetching(hub, cache);
  assertMatch(
    await errorOf({ fetch }),
    /^org\/model: not in \S+, and http:\S+ gives nothing: 502 Bad Gateway \(tried 5 times\)$/,
  );
  assertEquals(waits.length, 4);
  hub.intervene = () =>
    new Response(null, { status: 429, headers: { "retry-after": "Mon, 01 Jan 2024 00:10:00 GMT" } });
  assertMatch(await errorOf(fetching(hub, cache)), /429 Too Many Requests; it asks to be left alone for 10 min$/);
});

testInFolder("a server that is silent is not waited for without end", async (cache) => {
  await using hub = hubOf();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  hub.intervene = (_, number) => number === 0 ? promise : undefined;
  const { fetch, said } = fetching(hub, cache, { silenceMs: 300 });
  await fetch();
  resolve(undefined);
  assertEquals(said.filter((line) => line.includes("no answer within 0.3 s")).length, 1);
});

testInFolder("a mirror that lists names alone is asked for each file that is needed", async (cache) => {
  await using hub = hubOf({}, { listsNamesOnly: true });
  await fetching(hub, cache).fetch();
  const heads = hub.taken().filter((what) => what.startsWith("HEAD "));
  assertEquals(heads.map((what) => what.split("/").at(-1)), [...NEEDED]);
  assertEquals(await Deno.readFile(`${cache}/models--org--model/snapshots/${COMMIT}/model.safetensors`), WEIGHTS);
});

testInFolder("a page that is no list, as that of a login, is told", async (cache) => {
  await using hub = hubOf();
  for (const body of ["<html>Log in</html>", '{"sha": "main", "siblings": []}', "[]"]) {
    hub.intervene = () => new Response(body);
    assertMatch(
      await errorOf(fetching(hub, cache)),
      /answers with no list of files; is HF_ENDPOINT right, and no login page/,
    );
  }
});

testInFolder("offline the cache is taken, and what it lacks is told; no request is made", async (cache) => {
  await using hub = hubOf();
  const offline = fetching(hub, cache, { offline: true });
  assertEquals(await errorOf(offline), `org/model: not in ${cache}, and HF_HUB_OFFLINE is set`);
  assertEquals(hub.taken(), []);
  await fetching(hub, cache).fetch();
  hub.taken();
  assertEquals((await offline.fetch()).plan.commit, COMMIT);
  await Deno.remove(`${cache}/models--org--model/snapshots/${COMMIT}/model.safetensors`);
  assertMatch(
    await errorOf(offline),
    /^org\/model: in \S+ it has no weights that can be read, .*, and HF_HUB_OFFLINE is set$/,
  );
  assertEquals(hub.taken(), []);
});

testInFolder("where the hub cannot be reached a whole model of the cache is taken, which is said", async (cache) => {
  const hub = hubOf();
  await fetching(hub, cache).fetch();
  await hub[Symbol.asyncDispose]();
  const { fetch, said } = fetching(hub, cache);
  assertEquals((await fetch()).plan.commit, COMMIT);
  assertMatch(
    said.at(-1)!,
    /Connection refused.*\(tried 5 times\); the cache has commit 0123456789ab, which is taken$/,
  );
});

testInFolder("a repository without a model for this program is refused by what it has", async (cache) => {
  const refusals: [Record<string, string>, RegExp][] = [
    [{ "README.md": "" }, /: the repository has no config\.json$/],
    [
      { "config.json": "{}", "m.Q4.gguf": "" },
      /has no weights that can be read, model\.safetensors or pytorch_model\.bin; it has m\.Q4\.gguf$/,
    ],
    [{ "adapter_config.json": "{}" }, /has no weights that can be read, adapter_model\.safetensors$/],
  ];
  for (const [files, expected] of refusals) {
    await using hub = hubOf({ files });
    assertMatch(await errorOf(fetching(hub, cache)), expected);
  }
});
