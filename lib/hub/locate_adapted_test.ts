import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { locateAdapted } from "./locate_adapted.ts";
import { COMMIT } from "./test_hub_server.ts";
import { fetching, hubOf, snapshotIn } from "./test_fetching.ts";

testInFolder(
  "an adapter is found with its base, each a folder or a model of the hub; a folder of the whole name goes first",
  async (home) => {
    await using hub = hubOf();
    await fetching(hub, `${home}/hub`).fetch();
    const options = { caller: home, env: (name: string) => name === "HF_HOME" ? home : undefined };
    await Deno.mkdir(`${home}/a`);
    const hubModel = { folder: snapshotIn(`${home}/hub`), hub: { repository: "org/model", commit: COMMIT } };
    assertEquals(await locateAdapted("a", options), { folder: `${home}/a` });
    assertEquals(await locateAdapted("org/model+a", options), { folder: `${home}/a`, base: hubModel });
    assertEquals(await locateAdapted(`a+org/model@${COMMIT}`, options), { ...hubModel, base: { folder: `${home}/a` } });
    await Deno.mkdir(`${home}/b+c`);
    assertEquals(await locateAdapted("b+c", options), { folder: `${home}/b+c` });
    assertEquals(await locateAdapted("b+c+a", options), { folder: `${home}/a`, base: { folder: `${home}/b+c` } });
    await assertRejects(() => locateAdapted("./none+a", options), InputError, "./none: no such folder");
    await assertRejects(() => locateAdapted("a+./none", options), InputError, "./none: no such folder");
  },
);
