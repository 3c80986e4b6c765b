import { assertEquals, assertMatch } from "@std/assert";
import { runProgram, testInFolder } from "./test_run.ts";

// What a scheduler calls: cells that are kept, and a run that records them.

const GRID = ["imitation_gap", "--profile", "smoke", "--seeds", "10", "--methods", "distance_0,distance_1"];
const CELLS = ["imitation_gap/distance_0/10", "imitation_gap/distance_1/10"];

function folders(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => name.startsWith("smoke")).sort();
}

testInFolder(
  "cells that are kept are recorded by reproduce --collect, to the files of an ordinary run",
  async (folder) => {
    const [kept, whole] = [`${folder}/kept`, `${folder}/whole`];
    const keep = (...args: string[]) => runProgram("cell", "--keep", ...args, "--profile", "smoke", "--results", kept);
    const collect = () => runProgram("reproduce", ...GRID, "--collect", "--results", kept);
    assertEquals((await keep(CELLS[0])).status, 0);
    const half = await collect();
    assertEquals(half.status, 1);
    assertMatch(half.reported, /^missing: imitation_gap\/distance_1\/10: never submitted\nrecorded 1\/2\n$/);
    const second = await keep(...CELLS);
    assertMatch(second.reported, /^imitation_gap\/distance_0\/10: is there\n/);
    const { status, reported, printed } = await collect();
    assertEquals([status, reported], [0, "recorded 2/2\n"]);
    // An ordinary run records what is kept as well, and computes the rest.
    assertEquals((await runProgram("cell", "--keep", CELLS[0], "--profile", "smoke", "--results", whole)).status, 0);
    const ordinary = await runProgram("reproduce", ...GRID, "--quiet", "--results", whole);
    assertMatch(ordinary.reported, /^cached 1\/2, ran 1$/m);
    assertEquals([ordinary.status, ordinary.printed], [0, printed]);
    for (const { name } of Deno.readDirSync(`${whole}/smoke/imitation_gap`)) {
      if (name === "provenance.json") continue;
      const [a, b] = [kept, whole].map((results) => Deno.readTextFileSync(`${results}/smoke/imitation_gap/${name}`));
      assertEquals(a, b, name);
    }
  },
);

testInFolder(
  "another adapter than that of the results has a state of its own, and is refused by --same-adapter",
  async (folder) => {
    const args = ["cell", "--keep", CELLS[0], "--profile", "smoke", "--results", folder, "--adapter", "Fake GPU 9000"];
    const refused = await runProgram(...args, "--same-adapter");
    assertEquals(refused.status, 2);
    const { printed } = await runProgram("cell", "--probe");
    const { adapter } = JSON.parse(printed);
    assertEquals(
      refused.reported,
      `error: this node has the adapter ${adapter}, and --same-adapter wants Fake GPU 9000\n`,
    );
    assertEquals((await runProgram(...args)).status, 0);
    const [own, beside] = folders(`${folder}/.state`);
    assertEquals([own, beside.split("@")[0]], ["smoke", "smoke"]);
    const [computed, logs] = [`${folder}/.state/${own}/computed`, `${folder}/.state/${beside}/logs`];
    assertEquals([computed, logs].map((path) => [...Deno.readDirSync(path)].length), [1, 1]);
  },
);

testInFolder("flags for Slurm that go not together are told in a line", async (folder) => {
  const refused = async (...args: string[]) => {
    const { status, reported } = await runProgram("reproduce", ...GRID, "--results", folder, ...args);
    assertEquals(status, 2, reported);
    return reported;
  };
  assertEquals(await refused("--per-task", "2"), "error: --per-task is for --executor slurm\n");
  assertEquals(await refused("--same-adapter"), "error: --same-adapter is for --executor slurm\n");
  const slurm = ["--executor", "slurm"];
  assertEquals(
    await refused(...slurm, "--force"),
    "error: --force is for cells that are computed here, not for --executor slurm\n",
  );
  assertEquals(await refused(...slurm, "--array-limit", "0"), "error: --array-limit 0: at least 1\n");
});
