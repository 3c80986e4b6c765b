import { assertEquals } from "@std/assert";
import { compareProvenance } from "./compare_provenance.ts";
import { readProvenance } from "#lib/results/recorded_provenance.ts";

type Json = Record<string, unknown>;

function compare(before: Json, after: Json, ...more: readonly (readonly [Json, Json])[]) {
  const pairs = [[before, after] as const, ...more].map(([before, after], i) => ({
    profile: "tiny",
    experiment: `e${i}`,
    before: readProvenance(JSON.stringify(before))!,
    after: readProvenance(JSON.stringify(after))!,
  }));
  const told = Object.entries(compareProvenance(pairs)).map(([topic, statements]) => [
    topic,
    statements.map(({ path, before, after, where }) => [
      path,
      before,
      after,
      where.map(({ experiment, cells, isAll }) => `${experiment}: ${isAll ? "all" : cells.join()}`).join("; "),
    ]),
  ]);
  return Object.fromEntries(told.filter(([, statements]) => statements.length > 0));
}

/** The form that has one configuration for all cells. */
function whole(configuration: Json, cells: readonly string[], more: Json = {}): Json {
  return { configuration, deno: "1", adapter: "a", cells: Object.fromEntries(cells.map((key) => [key, {}])), ...more };
}

/** The form that has the settings of each cell. */
function perCell(settings: Record<string, Json>, cells: Record<string, Json>, more: Json = {}): Json {
  return { format: 2, settings, environments: { e: { adapter: "a", deno: "1" } }, cells, ...more };
}

Deno.test("a setting of all cells is one statement, also of several experiments", () => {
  const [before, after] = [0.5, 1].map((beta) =>
    whole({ ammd: { beta }, steps: [1, 2] }, ["ammd, seed 1", "gkd, seed 1"])
  );
  assertEquals(compare(before, after, [before, after]), {
    settings: [["ammd.beta", 0.5, 1, "e0: all; e1: all"]],
  });
});

Deno.test("a setting that only some cells read is told of those, once for all their seeds", () => {
  const cell = (settings: string) => ({ settings, environment: "e" });
  const cells = { "ammd/1": cell("x"), "ammd/2": cell("x"), "ammd_sft/1": cell("y"), "gkd/samsum/base/1": cell("z") };
  const settings = (beta: number) => ({ x: { ammd: { beta } }, y: { ammd: { beta }, steps: 3 }, z: { steps: 3 } });
  assertEquals(compare(perCell(settings(0.5), cells), perCell(settings(1), cells)), {
    settings: [["ammd.beta", 0.5, 1, "e0: ammd,ammd_sft"]],
  });
});

Deno.test("of both forms only settings that both have are compared, cell by cell", () => {
  const before = whole({ ammd: { beta: 0.5 }, gkd: { weight: 0.5 }, steps: 3 }, [
    "ammd, seed 1",
    "gkd, samsum/base, seed 1",
  ]);
  const after = perCell({ x: { ammd: { beta: 1 }, steps: 3, new: 1 }, y: { gkd: { weight: 0.7 } } }, {
    "ammd/1": { settings: "x", environment: "e" },
    "gkd/samsum/base/1": { settings: "y", environment: "e" },
  });
  const expected = [["ammd.beta", 0.5, 1, "e0: ammd"], ["new", undefined, 1, "e0: ammd"], [
    "gkd.weight",
    0.5,
    0.7,
    "e0: gkd/samsum/base",
  ]];
  assertEquals(compare(before, after), { settings: expected });
  assertEquals(compare(after, before), { settings: expected.map(([path, a, b, where]) => [path, b, a, where]) });
});

Deno.test("device, data, commits and sources are told each by itself", () => {
  const version = (deno: string, commit: string, hash: string) =>
    perCell({}, { "ammd/1": { commit, dirty: commit === "c2", environment: "e", sources: "s" } }, {
      environments: { e: { adapter: "llvmpipe", deno } },
      sources: { s: { "lib/x.ts": hash, "kernel matmul": "same" } },
      data: { long_prompts: { train: { dropped: hash.length } } },
    });
  assertEquals(compare(version("1", "c1", "a"), version("2", "c2", "bb")), {
    device: [["deno", "1", "2", "e0: all"]],
    data: [["long_prompts.train.dropped", 1, 2, "e0: all"]],
    code: [["lib/x.ts", "a", "bb", "e0: all"], ["commit", "c1", "c2 with changes", "e0: all"]],
  });
});

Deno.test("kernels and versions are told of two of the present form, and of the form before those kernels that both have", () => {
  const now = (version: number, digest: string) => ({
    format: 3,
    settings: { x: { ammd: { beta: 0.5 }, kd: { kdRatio: 0.5 } } },
    environments: { e: { adapter: "a", deno: "1" } },
    numerics: { n: { "method ammd": version } },
    kernels: { k: { add: digest } },
    cells: { "ammd/1": { settings: "x", environment: "e", numerics: "n", kernels: "k" } },
  });
  assertEquals(compare(now(1, "a"), now(2, "b")), {
    code: [["numerics of method ammd", 1, 2, "e0: all"], ["kernel add", "a", "b", "e0: all"]],
  });
  const before = perCell({ x: { ammd: { beta: 1 } } }, {
    "ammd/1": { settings: "x", environment: "e", sources: "s" },
  }, { sources: { s: { "lib/x.ts": "1", "kernel add": "b" } } });
  assertEquals(compare(before, now(1, "a")), {
    settings: [["ammd.beta", 1, 0.5, "e0: all"]],
    code: [["kernel add", "b", "a", "e0: all"]],
  });
});

Deno.test("cells of other seeds are compared with those of the same method and task", () => {
  const [before, after] = [[0.5, 1], [1, 7]].map(([beta, seed]) => whole({ ammd: { beta } }, [`ammd, seed ${seed}`]));
  assertEquals(compare(before, after), { settings: [["ammd.beta", 0.5, 1, "e0: all"]] });
});

Deno.test("what is missing or of another kind is left out", () => {
  const cells = ["ammd, seed 1"];
  const odd: Json[] = [{}, { cells: [] }, { cells: 3, configuration: "x", data: null }, {
    format: 2,
    cells: { "ammd/1": null },
  }, {
    format: 2,
    settings: [],
    environments: { e: 3 },
    sources: null,
    cells: { "ammd/1": { settings: "none", environment: "e", sources: {}, commit: 7 } },
  }];
  for (const each of odd) {
    compare(each, whole({ a: 1 }, cells));
    compare(whole({ a: 1 }, cells), each);
    assertEquals(compare(each, each), {});
  }
  assertEquals(["", "[]", "3", "null", "{"].map(readProvenance), Array(5).fill(undefined));
  const deep = `{"configuration":${'{"a":'.repeat(5000)}1${"}".repeat(5000)},"cells":{"__proto__, seed 1":{}}}`;
  assertEquals([...readProvenance(deep)!.cells.values()][0].settings.size, 1);
});
