import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { locate } from "./locate.ts";
import { hostOf, hubPlaces } from "./places.ts";
import { formatReference, parseReference } from "./reference.ts";
import { hubSettings } from "./settings.ts";
import { COMMIT } from "./test_hub_server.ts";
import { fetching, hubOf, snapshotIn } from "./test_fetching.ts";

testInFolder("a model is found as a folder, by its branch, or by its commit; a folder goes first", async (home) => {
  await using hub = hubOf();
  const cache = `${home}/hub`;
  await fetching(hub, cache).fetch();
  const env = (name: string) => name === "HF_HOME" ? home : undefined;
  const options = { caller: home, env };
  const located = { folder: snapshotIn(cache), hub: { repository: "org/model", commit: COMMIT } };
  assertEquals(await locate("org/model", options), located);
  assertEquals(await locate(`org/model@${COMMIT}`, options), located);
  assertEquals(await locate(located.folder, options), { folder: located.folder });
  await Deno.mkdir(`${home}/org/model`, { recursive: true });
  assertEquals(await locate("org/model", options), { folder: `${home}/org/model` });
});

testInFolder("a model that is not here is told with the line that fetches it", async (home) => {
  await using hub = hubOf();
  const cache = `${home}/hub`;
  const options = { caller: home, env: (name: string) => name === "HF_HOME" ? home : undefined };
  const errorOf = async (word: string) => (await assertRejects(() => locate(word, options), InputError)).message;
  assertEquals(
    await errorOf("org/model@v1"),
    `org/model@v1: no folder, and not in ${cache}; ./run fetch org/model@v1 brings it`,
  );
  await fetching(hub, cache).fetch();
  await Deno.remove(`${snapshotIn(cache)}/config.json`);
  assertEquals(
    await errorOf("org/model"),
    `org/model: in ${cache} it has no config.json; it has model.safetensors; ./run fetch org/model brings what is missing`,
  );
  await Deno.writeTextFile(`${home}/file`, "");
  assertMatch(await errorOf("file"), /^file: a file; name the folder that it is in/);
  for (const word of ["./models/none", `${home}/none`, "a/b/c", "org/"]) {
    assertEquals(await errorOf(word), `${word}: no such folder; name one, or a model of the hub as ORG/NAME`);
  }
  // It is outside of what the tests may read: whether it is there cannot be said.
  await assertRejects(() => locate("/none/such", options), Deno.errors.NotCapable);
});

Deno.test("a reference is a repository and a revision, main unless one is named", () => {
  assertEquals(parseReference("gpt2"), { repository: "gpt2", revision: "main" });
  assertEquals(parseReference("org/a.b-c_1@refs/pr/3"), { repository: "org/a.b-c_1", revision: "refs/pr/3" });
  for (const word of ["org/name", "org/name@v1.0", `org/name@${COMMIT}`]) {
    assertEquals(formatReference(parseReference(word)), word);
  }
  const wrong = [
    "",
    "org/",
    "/name",
    "a/b/c",
    "../name",
    "org/..",
    "org/a--b",
    "org/na me",
    "org/näme",
    "org\\name",
    "-x/y",
    "org/.git",
  ];
  for (const word of wrong) {
    assertThrows(() => parseReference(word), InputError, "no model or data set of the hub; write ORG/NAME");
  }
  for (const revision of ["", "../x", "a/../b", "/x", "x/", "a b", "a\nb", ".x", "x.lock", "x".repeat(201)]) {
    assertThrows(() => parseReference(`org/name@${revision}`), InputError, "is no revision; name a branch");
  }
  assertThrows(
    () => parseReference("https://huggingface.co/org/name/tree/main"),
    InputError,
    "an address; write org/name,",
  );
});

Deno.test("the places are those of Python's huggingface_hub", () => {
  const places = (variables: Record<string, string>) => hubPlaces((name) => variables[name], "/here");
  assertEquals(places({ HOME: "/me" }), {
    endpoint: "https://huggingface.co",
    cacheFolder: "/me/.cache/huggingface/hub",
    tokenFile: "/me/.cache/huggingface/token",
  });
  assertEquals(places({ HOME: "/me", XDG_CACHE_HOME: "/c" })?.cacheFolder, "/c/huggingface/hub");
  assertEquals(places({ HF_HOME: "/d/", XDG_CACHE_HOME: "/c" })?.cacheFolder, "/d/hub");
  assertEquals(places({ HOME: "/me", HF_HOME: "~/x", HF_HUB_CACHE: "y" })?.cacheFolder, "/here/y");
  assertEquals(places({ HOME: "/me", HF_HOME: "~/x" })?.tokenFile, "/me/x/token");
  assertEquals(places({ HF_HOME: "", HOME: "" }), undefined);
  assertEquals(places({ HOME: "/me", HF_ENDPOINT: "https://mirror.test/" })?.endpoint, "https://mirror.test");
  const hosts = [
    "https://a.test/x",
    "http://a.test:81",
    "http://[::1]:8",
    "http://me:secret@a.test",
    "a.test",
    "https://a.test,b",
  ];
  assertEquals(hosts.map(hostOf), ["a.test:443", "a.test:81", "[::1]:8", undefined, undefined, undefined]);
});

testInFolder(
  "the token is that of HF_TOKEN, else of the login's file; a wrong value is told without it",
  async (home) => {
    const settings = (variables: Record<string, string> = {}) =>
      hubSettings((name) => ({ HF_HOME: home, ...variables })[name], home);
    assertEquals((await settings()).token, undefined);
    await Deno.writeTextFile(`${home}/token`, "hf_file\n");
    assertEquals((await settings()).token, "hf_file");
    assertEquals((await settings({ HF_TOKEN: " hf_variable " })).token, "hf_variable");
    for (const token of ["hf a", "hf_\u00e9", "hf_a\nX-Header: b"]) {
      const { message } = await assertRejects(() => settings({ HF_TOKEN: token }), InputError);
      assertEquals(message, "HF_TOKEN: no token: it has spaces, or characters that no token has; it is like hf_…");
    }
    await assertRejects(() => settings({ HF_ENDPOINT: "huggingface.co" }), InputError, "is no address");
    const offline = ["1", "true", "ON", "yes", "0", "", "no"];
    assertEquals(await Promise.all(offline.map(async (text) => (await settings({ HF_HUB_OFFLINE: text })).offline)), [
      ...[true, true, true, true, false, false, false],
    ]);
  },
);
