import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BLEU_OF_ITEMS, bleuStatistics, corpusBleu, statisticColumns, sumStatistics } from "#lib/metrics/bleu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import { holm } from "#lib/statistics/multiple_testing.ts";
import { averageOf, differenceOf, resampleMeans, resampleStatistic } from "#lib/statistics/paired_bootstrap.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { buildTable, type TableOptions } from "./table.ts";
import { isTiedWithBest, type ScoreTable, sideOfBaseline } from "./table_model.ts";

const SEEDS = [10, 20, 30];

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
  return buildTable(scoresOf(items), { caption: "Caption", items, ...options });
}

const cellOf = ({ columns, rows }: ScoreTable, method: string, column = "dolly") =>
  rows.find((row) => row.method === method)!.cells[columns.findIndex(({ name }) => name === column)]!;
const sides = (table: ScoreTable, column?: string) =>
  Object.fromEntries(table.rows.map(({ method }) => [method, sideOfBaseline(cellOf(table, method, column))]));
const legendHas = ({ legend }: ScoreTable, start: string) => legend.some((line) => line.startsWith(start));

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

Deno.test("p is the bootstrap's, corrected by Holm for the students of the column", () => {
  const table = build(COURSES);
  const compared = ["kd", "seqkd", "gkd", "ammd"];
  const scores = ["sft_continued", ...compared].map((method) =>
    itemsOf(COURSES.find((course) => course.method === method)!).map(({ values }) => values)
  );
  const [baseline, ...others] = resampleMeans("dolly", scores);
  const differences = others.map((other) => differenceOf(other, baseline));
  const corrected = holm(differences.map(({ p }) => p));
  compared.forEach((method, i) => {
    const expected = { ...differences[i], reference: "sft_continued", correctedP: corrected[i] };
    assertEquals(cellOf(table, method).againstBaseline, expected);
  });
});

Deno.test("the average is tested on the items of all its sets", () => {
  const courses = COURSES.flatMap((course) => [course, { ...course, dataset: "vicuna", items: 30 }]);
  const [a, b] = ["gkd", "sft_continued"].map((method) =>
    averageOf(["dolly", "vicuna"].map((dataset) => {
      const items = courses.filter((course) => course.method === method).flatMap(itemsOf);
      const scores = items.filter((row) => row.dataset === dataset).map(({ values }) => values);
      return resampleMeans(dataset, [scores])[0];
    }))
  );
  const { correctedP: _, reference: __, ...found } = cellOf(build(courses), "gkd", "average").againstBaseline!;
  assertEquals(found, differenceOf(a, b));
});

const TRANSLATIONS = [["sft_continued", 0.5], ["kd", 0.5], ["gkd", 0.8]] as const;
const WORDS = ["der", "die", "Hund", "läuft", "schnell", "nach", "Haus", "."];

/** Sentences of ten words, of which about a share is the reference's: of equal shares equal ones. */
function translations(method: string, share: number): { score: ScoreRow; items: ItemsRow[] }[] {
  return SEEDS.map((seed) => {
    const noise = new RandomStream(seed, `words ${share}`);
    const segments = Array.from({ length: 40 }, (_, item) => {
      const reference = Array.from({ length: 10 }, (_, i) => WORDS[(item * (i + 1)) % WORDS.length]);
      const hypothesis = reference.map((word) => noise.uniform() < share ? word : WORDS[noise.integer(WORDS.length)]);
      return bleuStatistics(hypothesis.join(" "), reference.join(" "));
    });
    const key = { experiment: "e", method, dataset: "iwslt/base", seed };
    const value = corpusBleu(sumStatistics(segments)).bleu;
    const columns = Object.entries(statisticColumns(segments));
    return {
      score: { ...key, metric: "bleu", value, count: segments.length },
      items: columns.map(([metric, values]) => ({ ...key, metric, values })),
    };
  });
}

Deno.test("BLEU is tested by the sums of resampled counts, and only where all its counts are there", () => {
  const rows = TRANSLATIONS.flatMap(([method, share]) => translations(method, share));
  const [scores, items] = [rows.map(({ score }) => score), rows.flatMap((row) => row.items)];
  const table = buildTable(scores, { caption: "Caption", items, statistics: [BLEU_OF_ITEMS] });
  assertEquals(sides(table, "iwslt/base"), { sft_continued: undefined, kd: undefined, gkd: "above" });
  assert(legendHas(table, "Significant: two-sided p below 0.05"));

  const partsOf = (method: string) =>
    BLEU_OF_ITEMS.parts.map((part) =>
      items.filter((row) => row.method === method && row.metric === part).map(({ values }) => values)
    );
  const [gkd, baseline] = resampleStatistic("iwslt/base", [partsOf("gkd"), partsOf("sft_continued")], BLEU_OF_ITEMS);
  const { reference: _, correctedP: __, ...found } = cellOf(table, "gkd", "iwslt/base").againstBaseline!;
  assertEquals(found, differenceOf(gkd, baseline));
  // The mean that was resampled is the one that the table shows.
  assertAlmostEquals(gkd.mean, cellOf(table, "gkd", "iwslt/base").mean, 1e-12);

  const fewer = items.filter(({ method, metric }) => method !== "gkd" || metric !== "bleu.totals_4");
  const untested = buildTable(scores, { caption: "Caption", items: fewer, statistics: [BLEU_OF_ITEMS] });
  assertEquals(cellOf(untested, "gkd", "iwslt/base").againstBaseline, undefined);
  assert(legendHas(untested, "Not tested: cells"));
  assert(legendHas(buildTable(scores, { caption: "Caption", items }), "Significance: not tested"));
});

Deno.test("the baseline is SFT continued where it has scores, else SFT, or the one that is asked for", () => {
  const [, continued, kd] = COURSES;
  const sft = { method: "sft", level: 0.1 };
  const baselineOf = (courses: Course[], options?: Partial<TableOptions>) =>
    cellOf(build(courses, options), "kd").againstBaseline?.reference;
  assertEquals(baselineOf([sft, continued, kd]), "sft_continued");
  assertEquals(baselineOf([sft, kd]), "sft");
  assertEquals(baselineOf([sft, continued, kd], { baseline: "sft" }), "sft");
  assertEquals(baselineOf([sft, continued, kd], { baseline: "absent" }), undefined);
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

Deno.test("without items, or with too few seeds, nothing is tested, and the legend says why", () => {
  const none = build(COURSES, { items: [] });
  assert(legendHas(none, "Significance: not tested, as there are no scores of single items."));
  assert(
    none.rows.every(({ cells: [cell] }) => cell!.againstBaseline === undefined && cell!.againstBest === undefined),
  );
  const single = build(COURSES.map((course) => ({ ...course, seeds: [10] })));
  assert(legendHas(single, "Significance: not tested, as it takes two methods"));
});

Deno.test("the legend says how many seeds are few", () => {
  const legendOf = (count: number) =>
    build(COURSES.map((course) => ({ ...course, seeds: Array.from({ length: count }, (_, i) => i) }))).legend.join(
      "\n",
    );
  assertStringIncludes(
    legendOf(3),
    "3 seeds are few: chance alone puts one of two equal methods ahead on all of them in 1 of 4 cases",
  );
  assertStringIncludes(
    legendOf(5),
    "5 seeds are few: chance alone puts one of two equal methods ahead on all of them in 1 of 16 cases",
  );
  assert(!legendOf(6).includes("are few"));
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
      assertEquals(buildTable(scoresOf(items), { caption: "Caption", items }), table);
    }),
    { numRuns: 8 },
  );
});
