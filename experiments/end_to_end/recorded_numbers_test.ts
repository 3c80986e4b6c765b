import { assertEquals } from "@std/assert";
import { testInFolder } from "./test_run.ts";
import {
  type CellNumbers,
  computeNumbers,
  dataDigests,
  NUMBERS_FILE,
  recordedAddresses,
  type RecordedNumbers,
  versionsToBump,
} from "./test_numbers.ts";

/*
 * The guarantee "what is in git is what this code gives": results are found stale by declared versions, and here is found what moved
 * numbers without one being bumped. It takes some 25 s of one core.
 */

const AGAIN = "record anew: deno run --allow-read --allow-write tools/record_numbers.ts";
/**
 * On another adapter than the recorded one, or another Deno, the ends of curves may differ by so much, relative to the larger. Every
 * normalisation off by 1e-6, eight units in the last place, moves them by at most 1e-5 and flips no sampled token; another order
 * of the training data moves a loss by more than 1e-2.
 */
const TOLERANCE = 1e-3;

const recorded: RecordedNumbers = JSON.parse(await Deno.readTextFile(NUMBERS_FILE));

testInFolder(
  "the code gives the recorded numbers, or a version was bumped and they were recorded anew; cells read what they declare",
  async (folder) => {
    const now = await computeNumbers(folder);
    const isOfHere = now.adapter === recorded.adapter && now.deno === recorded.deno;
    const bumped: string[] = [];
    const moved: string[] = [];
    const lines = Object.entries(now.cells).flatMap(([address, cell]) => {
      const before = recorded.cells[address] ?? NOTHING;
      const versions = changedVersions(before, cell);
      const difference = versions.length > 0 ? versions.join(", ") : differenceOf(before, cell, isOfHere);
      if (difference !== undefined) (versions.length > 0 ? bumped : moved).push(address);
      return difference === undefined ? [] : [`${address}: ${difference}`];
    });
    const advice = [
      ...(moved.length === 0
        ? []
        : [`if that is meant: bump numerics of ${versionsToBump(moved, now.cells).join(", ")}, then ${AGAIN}`]),
      ...(bumped.length === 0 ? [] : [AGAIN]),
    ];
    assertEquals([...lines, ...advice], []);
    assertEquals(
      now.undeclared,
      [],
      "what a cell may read stands in its method's making, or else it is stale too late",
    );
  },
);

Deno.test("the recorded numbers are of the cells and versions of now, and of the embedded data", () => {
  assertEquals(Object.keys(recorded.cells), recordedAddresses(), AGAIN);
  assertEquals(dataDigests(), recorded.data, `if data was meant to change: bump numerics of its task, then ${AGAIN}`);
});

Deno.test("what to bump is the widest version all of whose cells have moved", () => {
  const cell = (...names: string[]): CellNumbers => ({
    numerics: Object.fromEntries(names.map((name) => [name, 1])),
    rows: "",
    ends: {},
  });
  const cells = {
    a: cell("lib", "task x", "method kd"),
    b: cell("lib", "task x", "method gkd"),
    c: cell("lib", "task y", "method gkd"),
  };
  assertEquals(versionsToBump(["a", "b", "c"], cells), ["lib"]);
  assertEquals(versionsToBump(["a", "b"], cells), ["task x"]);
  assertEquals(versionsToBump(["a"], cells), ["method kd"]);
  assertEquals(versionsToBump(["b"], cells), ["method gkd"]);
  assertEquals(versionsToBump(["a", "c"], cells), ["method kd", "task y"]);
});

const NOTHING: CellNumbers = { numerics: {}, rows: "", ends: {} };

/** The versions of a cell that are not those recorded. */
function changedVersions({ numerics: before }: CellNumbers, { numerics: now }: CellNumbers): string[] {
  return Object.keys({ ...before, ...now }).filter((name) => before[name] !== now[name])
    .map((name) => `numerics of ${name} ${before[name] ?? "none"} → ${now[name] ?? "none"}`);
}

/** How a cell differs from what is recorded, in words; undefined where it does not. */
function differenceOf(before: CellNumbers, now: CellNumbers, isOfHere: boolean): string | undefined {
  const measures = Object.keys({ ...before.ends, ...now.ends });
  const differing = measures.filter((measure) => {
    const [a = NaN, b = NaN] = [before.ends[measure], now.ends[measure]];
    return isOfHere ? a !== b : !(Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b)));
  });
  if (differing.length > 0) {
    const [measure] = differing;
    return `${measure} ${before.ends[measure]} → ${now.ends[measure]}, and ${differing.length - 1} more of its curves`;
  }
  return isOfHere && before.rows !== now.rows ? "other scores, items, samples or values on the way" : undefined;
}
