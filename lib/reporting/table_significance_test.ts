import { assert, assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import { holm, holmFromBest } from "#lib/statistics/multiple_testing.ts";
import { confidenceInterval, type SeedScore, testDifference } from "#lib/statistics/significance.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { buildTable, type TableOptions } from "./table.ts";
import { chosenColumns } from "./table_columns.ts";
import { gainsOver, TableItems } from "./table_significance.ts";
import { isTiedWithBest, type ScoreTable } from "./table_model.ts";
import { cellOf, legendHas, OPTIONS, SEEDS, sides } from "./test_table.ts";

interface Course {
  readonly method: string;
  readonly dataset?: string;
  readonly metric?: string;
  readonly seeds?: readonly number[];
  readonly items?: number;
  /** What every item has on average. */
  readonly level: number;
}

/** Items that vary as much among themselves as between methods. */
function itemsOf(
  { method, dataset = "dolly", metric = "rouge_l", seeds = SEEDS, items = 40, level }: Course,
): ItemsRow[] {
  return seeds.map((seed) => {
    const noise = new RandomStream(seed, `${method} ${dataset} ${metric}`);
    const values = Array.from({ length: items }, () => level + 0.05 * noise.normal());
    return { experiment: "e", method, dataset, metric, seed, values };
  });
}

const scoresOf = (items: readonly ItemsRow[]) =>
  items.map(({ values, ...key }): ScoreRow => ({ ...key, value: mean(values), count: values.length }));

function build(courses: readonly Course[], options: Partial<TableOptions> = {}): ScoreTable {
  const items = courses.flatMap(itemsOf);
  return buildTable(scoresOf(items), { ...OPTIONS, items, ...options });
}

const COURSES: Course[] = [
  { method: "teacher", level: 0.9 },
  { method: "sft_continued", level: 0.4 },
  { method: "kd", level: 0.41 },
  { method: "gkd", level: 0.5 },
  { method: "ammd", level: 0.51 },
  { method: "seqkd", level: 0.3 },
];

Deno.test("a method far above the baseline and one far below are marked so; a near one and the teacher are not", () => {
  assertEquals(sides(build(COURSES)), {
    teacher: undefined,
    sft_continued: undefined,
    kd: undefined,
    seqkd: "below",
    gkd: "above",
    ammd: "above",
  });
});

Deno.test("the best is not tied with itself, one that is near it is, one that is far is not", () => {
  const table = build(COURSES);
  const tied = table.rows.filter(({ cells }) => isTiedWithBest(cells[0]!)).map(({ method }) => method);
  assertEquals(tied, ["gkd"]);
  assert(cellOf(table, "ammd").best);
  assertEquals(cellOf(table, "ammd").againstBest, undefined);
  assertEquals(cellOf(table, "gkd").againstBest!.reference, "ammd");
  assertEquals(cellOf(table, "teacher").againstBest, undefined);
});

/** What the test of a method gets, from the same items. */
const seedScores = (courses: readonly Course[], method: string): SeedScore[] => {
  const rows = courses.filter((course) => course.method === method).flatMap(itemsOf);
  return [...Map.groupBy(rows, ({ seed }) => seed)].map(([seed, of]) => (
    { seed, value: mean(of.map(({ values }) => mean(values))), items: of.map(({ values }) => values) }
  ));
};

Deno.test("p is that of the one test, corrected by Holm for the students of the column, and from the best for all pairs", () => {
  const table = build(COURSES);
  for (const reference of ["sft_continued", "ammd"]) {
    const compared = ["sft_continued", "kd", "seqkd", "gkd", "ammd"].filter((method) => method !== reference);
    const tests = compared.map((method) => testDifference(seedScores(COURSES, reference), seedScores(COURSES, method)));
    const correct = reference === "ammd" ? holmFromBest : holm;
    const corrected = correct(tests.map(({ p }) => p!));
    compared.forEach((method, i) => {
      const { againstBaseline, againstBest } = cellOf(table, method);
      const found = reference === "ammd" ? againstBest : againstBaseline;
      const { difference, p, components } = tests[i];
      assertEquals(found, { difference, p: p!, components, reference, correctedP: corrected[i] });
    });
  }
});

Deno.test("the average is tested on the items of all its sets, whose seeds are the same trainings", () => {
  const courses = COURSES.flatMap((course) => [course, { ...course, dataset: "vicuna", items: 30 }]);
  const expected = testDifference(seedScores(courses, "sft_continued"), seedScores(courses, "gkd"));
  const { difference, p, components } = cellOf(build(courses), "gkd", "average").againstBaseline!;
  assertEquals({ difference, p, components }, {
    difference: expected.difference,
    p: expected.p!,
    components: expected.components,
  });
  assertEquals(components.items!.degreesOfFreedom < 39 + 29, true);
});

Deno.test("the baseline is the one that is asked for, where it has scores", () => {
  const [, continued, kd] = COURSES;
  const sft = { method: "sft", level: 0.1 };
  const baselineOf = (baseline: string | undefined) =>
    cellOf(build([sft, continued, kd], { baseline }), "kd").againstBaseline?.reference;
  assertEquals(["sft_continued", "sft", "absent", undefined].map(baselineOf), ["sft_continued", "sft", ...[
    undefined,
    undefined,
  ]]);
  const labelled = build([sft, continued, kd], { baseline: "sft", display: { sft: { label: "Start" } } });
  assert(legendHas(labelled, "* and †: significantly above (*) and below (†) Start."));
});

Deno.test("of a metric of which less is better the lowest is the best, and above is still above", () => {
  const table = build(COURSES.map((course) => ({ ...course, metric: "forward_kl" })));
  assertEquals(cellOf(table, "seqkd").best, true);
  assertEquals(sides(table).gkd, "above");
  assert(legendHas(table, "Bold: lowest mean of the column"));
  assert(legendHas(table, "Lower is better: forward KL."));
});

Deno.test("of a metric of which neither more nor less is better there is no best, but there is a side", () => {
  const table = build(COURSES.map((course) => ({ ...course, metric: "response_tokens" })));
  assert(table.rows.every(({ cells: [cell] }) => !cell!.best && cell!.againstBest === undefined));
  assertEquals(sides(table).gkd, "above");
  assert(!legendHas(table, "Bold") && !legendHas(table, "Italic"));
});

Deno.test("methods without items, of one seed, other seeds or other items are not tested, and the legend says so", () => {
  const [, continued, kd, gkd] = COURSES;
  const assertUntested = (table: ScoreTable) => {
    assertEquals(cellOf(table, "gkd").againstBaseline, undefined);
    assertEquals(cellOf(table, "kd").againstBaseline!.reference, "sft_continued");
    assert(legendHas(table, "Not tested: cells"));
  };
  assertUntested(build([continued, kd, { ...gkd, seeds: [10] }]));
  assertUntested(build([continued, kd, { ...gkd, seeds: [10, 20] }]));
  assertUntested(build([continued, kd, { ...gkd, seeds: [10, 20, 40] }]));
  assertUntested(build([continued, kd, { ...gkd, items: 39 }]));
  const some = [continued, kd].flatMap(itemsOf);
  assertUntested(build([continued, kd, gkd], { items: some }));
  assert(!legendHas(build([continued, kd, gkd]), "Not tested: cells"));
});

Deno.test("without items nothing is tested, and the legend says why", () => {
  const none = build(COURSES, { items: [] });
  assert(legendHas(none, "Significance: not tested, as there are no scores of single items."));
  assert(
    none.rows.every(({ cells: [cell] }) => cell!.againstBaseline === undefined && cell!.againstBest === undefined),
  );
  const alone = build(COURSES.filter(({ method }) => method === "kd"));
  assert(legendHas(alone, "Significance: not tested, as it takes two methods"));
});

Deno.test("with one seed items alone are tested, and the legend says that a mark is about the trained models", () => {
  const table = build(COURSES.map((course) => ({ ...course, seeds: [10] })));
  assertEquals(sides(table).seqkd, "below");
  assertEquals(cellOf(table, "gkd").againstBaseline!.components.seeds, undefined);
  assert(legendHas(table, "Significant, with one seed: a larger difference than other items would make"));
  assert(!legendHas(table, "With 1 seeds") && !legendHas(table, "Significant: "));
});

Deno.test("the legend says how large a difference must be to be found with so few seeds", () => {
  const line = (courses: readonly Course[]) => build(courses).legend.find((line) => line.startsWith("With "))!;
  const of = (count: number) =>
    line(COURSES.map((course) => ({ ...course, seeds: Array.from({ length: count }, (_, i) => i) })));
  // A difference varies by 0.05 √2 / √40 from seed to seed: of 5 seeds 3.761 standard errors of 0.5 points, 1.9 points, give or take.
  assertMatch(
    of(5),
    /^With 5 seeds a true difference from sft_continued of (1\.\d|2\.[0-4]) points would be found with 80 % power in a/,
  );
  assertMatch(
    of(3),
    /of [23]\.\d points .* in a single test, of [4-9]\.\d points after the correction: methods without a mark/,
  );
  const two = line(COURSES.flatMap((course) => [course, { ...course, dataset: "vicuna", items: 400 }]));
  assertMatch(two, /of \d\.\d \(Vicuna\) to \d\.\d points \(Dolly\) would/);
});

Deno.test("a set of an average that does not show the teacher to be better than SFT is named, others are not", () => {
  const courses = (sni: number) =>
    ["dolly", "sni"].flatMap((dataset) => [
      { method: "teacher", dataset, level: dataset === "sni" ? sni : 0.6 },
      { method: "sft", dataset, level: 0.4 },
      { method: "kd", dataset, level: 0.42 },
    ]);
  const linesOf = (table: ScoreTable) => table.legend.filter((line) => line.includes("does not separate"));
  const line = linesOf(build(courses(0.4)));
  assertEquals(line.length, 1);
  assertMatch(
    line[0],
    /^S-NI does not separate the teacher from sft here \((39|40)\.\d against (39|40)\.\d\): its part of the average ranks no method\.$/,
  );
  assertEquals(linesOf(build(courses(0.3))).length, 1);
  assertEquals(linesOf(build(courses(0.5))), []);
  assertEquals(linesOf(build(courses(0.4), { items: [] })), []);
  assertEquals(linesOf(build(courses(0.4).filter(({ dataset }) => dataset === "sni"))), []);
});

Deno.test("items that repeat a key are refused", () => {
  const items = itemsOf(COURSES[1]);
  assertThrows(
    () => buildTable([], { caption: "", items: [...items, ...items] }),
    RangeError,
    "two sets of items for sft_continued dolly rouge_l 10",
  );
});

Deno.test("the order of methods and rows changes no test", () => {
  const table = build(COURSES);
  fc.assert(
    fc.property(fc.shuffledSubarray(COURSES, { minLength: COURSES.length }), (courses) => {
      const items = courses.flatMap(itemsOf).toReversed();
      assertEquals(buildTable(scoresOf(items), { ...OPTIONS, items }), table);
    }),
    { numRuns: 8 },
  );
});

Deno.test("gains pair seeds, and their intervals are those of the test", () => {
  const courses = [...COURSES, { method: "akl", level: 0.5, seeds: [10, 40] }];
  const items = courses.flatMap(itemsOf);
  const [column] = chosenColumns([{ dataset: "dolly", metric: "rouge_l" }], scoresOf(items));
  const { values, intervals } = gainsOver("sft_continued", column, new TableItems(items));
  const of = (method: string) => values.filter((value) => value.method === method);
  assertEquals(of("gkd").map(({ seed }) => seed), SEEDS);
  assertEquals(of("sft_continued").map(({ value }) => value), [0, 0, 0]);
  assertEquals(of("akl").map(({ seed }) => seed), [10]);
  const tested = testDifference(seedScores(courses, "sft_continued"), seedScores(courses, "gkd"));
  assertEquals(intervals.get("gkd"), confidenceInterval(tested));
  assertAlmostEquals(mean(of("gkd").map(({ value }) => value)), tested.difference, 1e-12);
  assertEquals([...intervals.keys()], ["teacher", "kd", "gkd", "ammd", "seqkd"]);
  assertEquals(gainsOver("absent", column, new TableItems(items)), { values: [], intervals: new Map() });
});
