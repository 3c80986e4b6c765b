import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { BLEU_OF_ITEMS, bleuStatistics, corpusBleu, statisticColumns, sumStatistics } from "#lib/metrics/bleu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { jackknifeValues } from "#lib/statistics/item_scores.ts";
import { type SeedScore, testDifference } from "#lib/statistics/significance.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { buildTable } from "./table.ts";
import { cellOf, legendHas, OPTIONS, SEEDS, sides } from "./test_table.ts";

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

Deno.test("BLEU is tested by its jackknife values, and only where all its counts are there", () => {
  const rows = TRANSLATIONS.flatMap(([method, share]) => translations(method, share));
  const [scores, items] = [rows.map(({ score }) => score), rows.flatMap((row) => row.items)];
  const table = buildTable(scores, { ...OPTIONS, items });
  assertEquals(sides(table, "iwslt/base"), { sft_continued: undefined, kd: undefined, gkd: "above" });
  assert(legendHas(table, "Significant: a larger difference"));

  const scoresOfSeeds = (method: string) =>
    SEEDS.map((seed): SeedScore => {
      const parts = BLEU_OF_ITEMS.parts.map((part) =>
        items.find((row) => row.method === method && row.metric === part && row.seed === seed)!.values
      );
      const values = jackknifeValues(parts, BLEU_OF_ITEMS);
      return { seed, value: mean(values), items: [values] };
    });
  const expected = testDifference(scoresOfSeeds("sft_continued"), scoresOfSeeds("gkd"));
  const found = cellOf(table, "gkd", "iwslt/base").againstBaseline!;
  assertEquals(found.p, expected.p);
  // The difference that is tested is the one that the table shows.
  const [gkd, baseline] = ["gkd", "sft_continued"].map((method) => cellOf(table, method, "iwslt/base").mean);
  assertAlmostEquals(found.difference, gkd - baseline, 1e-12);

  const fewer = items.filter(({ method, metric }) => method !== "gkd" || metric !== "bleu.totals_4");
  const untested = buildTable(scores, { ...OPTIONS, items: fewer });
  assertEquals(cellOf(untested, "gkd", "iwslt/base").againstBaseline, undefined);
  assert(legendHas(untested, "Not tested: cells"));
  const without = items.filter(({ metric }) => metric !== "bleu.totals_4");
  assert(legendHas(buildTable(scores, { ...OPTIONS, items: without }), "Significance: not tested"));
});
