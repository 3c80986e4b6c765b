/**
 * Measures the one significance test (`lib/statistics/significance.ts`) on simulated methods: how often it tells equal ones apart, and how
 * often it finds a true difference where scores vary as the recorded ones do. Prints the tables of `docs/results.md`.
 *
 *     deno run --allow-read=results tools/calibrate_significance.ts [SIMULATIONS]
 *
 * SIMULATIONS of each pair of normal methods (default 6000), half as many of skewed ones, a tenth of BLEU, of tables and of power.
 */
import { parseItems } from "#lib/results/items_csv.ts";
import { holm, holmFromBest, SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";
import { type SeedScore, testDifference, type VarianceComponents } from "#lib/statistics/significance.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { bleuMethods, Draws, type Noise, normalMethods, type Simulation, skewedMethods } from "./simulated_methods.ts";

/** Numbers of seeds that are measured. */
const SEEDS = [2, 3, 5, 10];
const RECORDED = "results/tiny/instruction_following";
const BASELINE = "sft_continued";

/** The share of simulated pairs whose p, times the number of tests that it would be one of, is below the level. */
export function shareFound(
  simulation: Simulation,
  { seeds, simulations, name, tests = 1 }: {
    readonly seeds: number;
    readonly simulations: number;
    /** Of the stream of random numbers. */
    readonly name: string;
    readonly tests?: number;
  },
): number {
  const draws = new Draws(`${name}, ${seeds} seeds`);
  let found = 0;
  for (let i = 0; i < simulations; i++) {
    if (testDifference(...simulation(seeds, draws)).p! * tests < SIGNIFICANCE_LEVEL) found++;
  }
  return found / simulations;
}

/**
 * The share of simulated tables of equal methods in which any is told from another one, by Holm's correction: from a baseline, or from the best of
 * them as it happens to come out.
 */
export function shareOfTables(
  noise: Noise,
  { seeds, methods, simulations, reference }: {
    readonly seeds: number;
    readonly methods: number;
    readonly simulations: number;
    readonly reference: "baseline" | "best";
  },
): number {
  const draws = new Draws(`tables, ${seeds} seeds`);
  const scale = Math.SQRT1_2;
  // A method's own scores have half the variance of a difference of two.
  const own = normalMethods({
    items: noise.items,
    seeds: scale * noise.seeds,
    item: scale * noise.item,
    residual: scale * noise.residual,
  });
  const valueOf = (scores: readonly SeedScore[]) => mean(scores.map(({ value }) => value));
  let found = 0;
  for (let i = 0; i < simulations; i++) {
    const all = Array.from({ length: methods + 1 }, () => own(seeds, draws)[1]);
    const best = all.reduce((best, other) => valueOf(other) > valueOf(best) ? other : best);
    const compared = reference === "best" ? best : all[0];
    const tests = all.filter((each) => each !== compared).map((each) => testDifference(compared, each).p!);
    const corrected = (reference === "best" ? holmFromBest : holm)(tests);
    if (corrected.some((p) => p < SIGNIFICANCE_LEVEL)) found++;
  }
  return found / simulations;
}

/** Of a difference of all seeds' and items' means: how much it varies and from what, with as many items as all sets have. */
export function noiseOf(components: readonly Required<VarianceComponents>[], seeds: number, items: number): Noise {
  const of = (name: keyof VarianceComponents) => mean(components.map(({ [name]: part }) => part.value));
  const residual = of("residual") * seeds * items;
  return {
    items,
    seeds: Math.sqrt(Math.max(0, of("seeds") * seeds - residual / items)),
    item: Math.sqrt(Math.max(0, of("items") * items - residual / seeds)),
    residual: Math.sqrt(residual),
  };
}

/** How much differences from SFT continued vary in the recorded table, on each data set and on their average. */
async function recordedNoise(): Promise<{ readonly name: string; readonly noise: Noise }[]> {
  const path = `${RECORDED}/items.csv`;
  const rows = parseItems(await Deno.readTextFile(path), path)
    .filter(({ metric, method }) => metric === "rouge_l" && method !== "teacher");
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  const methods = [...new Set(rows.map(({ method }) => method))].filter((method) => method !== BASELINE);
  const scoresOf = (method: string, sets: readonly string[]): SeedScore[] => {
    const own = rows.filter((row) => row.method === method);
    return [...new Set(own.map(({ seed }) => seed))].map((seed) => {
      const items = sets.map((set) => own.find((row) => row.dataset === set && row.seed === seed)!.values);
      return { seed, value: mean(items.map((values) => mean(values))), items };
    });
  };
  return [...datasets.map((set) => [set]), datasets].map((sets) => {
    const baseline = scoresOf(BASELINE, sets);
    const tests = methods.map((method) => testDifference(baseline, scoresOf(method, sets)));
    const components = tests.map(({ components }) => components as Required<VarianceComponents>);
    const items = baseline[0].items!.reduce((sum, { length }) => sum + length, 0);
    return { name: sets.length > 1 ? "average" : sets[0], noise: noiseOf(components, baseline.length, items) };
  });
}

function printTable(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  console.log([line(heads), line(heads.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line), ""].join("\n"));
}

const perThousand = (share: number) => Math.round(1000 * share);

/** How often equal methods are told apart, per 1,000. */
function printFalsePositives(simulations: number): void {
  const normal = (seeds: number): Noise => ({ items: 200, seeds, item: 0.15, residual: 0.3 });
  const pairs: [string, Simulation, number][] = [
    ...[0, 0.02, 0.05, 0.1, 0.2].map((
      sd,
    ): [string, Simulation, number] => [`normal, seeds vary by ${sd}`, normalMethods(normal(sd)), simulations]),
    ["normal, other seeds on both sides", normalMethods(normal(0.05), 0, false), simulations],
    ...[0, 0.03, 0.1].map((
      sd,
    ): [string, Simulation, number] => [`skewed, seeds vary by ${sd}`, skewedMethods(sd), Math.ceil(simulations / 2)]),
    ...[0, 0.03, 0.1].map((
      sd,
    ): [string, Simulation, number] => [`BLEU, seeds vary by ${sd}`, bleuMethods(sd), Math.ceil(simulations / 10)]),
  ];
  printTable(["Two equal methods, level 5 %", ...SEEDS.map((seeds) => `${seeds} seeds`)], [
    ...pairs.map(([name, simulation, simulations]) => [
      name,
      ...SEEDS.map((seeds) => perThousand(shareFound(simulation, { seeds, simulations, name }))),
    ]),
    ...(["baseline", "best"] as const).flatMap((reference) =>
      [0.02, 0.05, 0.2].map((sd) => [
        `any of 13 methods from the ${reference}, normal, seeds vary by ${sd}`,
        ...SEEDS.map((seeds) =>
          perThousand(
            shareOfTables(normal(sd), { seeds, methods: 13, simulations: Math.ceil(simulations / 10), reference }),
          )
        ),
      ])
    ),
  ]);
}

/** How often a true difference is found, in percent: alone, and as the only one of a table of 14 methods. */
async function printPower(simulations: number): Promise<void> {
  const noises = await recordedNoise();
  const points = (value: number) => (100 * value).toFixed(1);
  printTable(
    ["Recorded differences, points", "Items", "Between seeds", "Of an item", "Of an item on a seed"],
    noises.map(({ name, noise }) => [name, noise.items, ...[noise.seeds, noise.item, noise.residual].map(points)]),
  );
  for (const tests of [1, 14]) {
    printTable(
      [`Power in %, ${tests === 1 ? "one test" : `the first of ${tests} by Holm`}`, ...SEEDS.map((n) => `${n} seeds`)],
      noises.flatMap(({ name, noise }) =>
        [1, 2, 3].map((shift) => [
          `${name}, ${shift} points`,
          ...SEEDS.map((seeds) => {
            const simulation = normalMethods(noise, shift / 100);
            const found = shareFound(simulation, { seeds, simulations, name: `${name} ${shift}`, tests });
            return Math.round(100 * found);
          }),
        ])
      ),
    );
  }
}

if (import.meta.main) {
  const simulations = Number(Deno.args[0] ?? 6000);
  if (!(Number.isInteger(simulations) && simulations >= 20)) {
    console.error(`SIMULATIONS is ${Deno.args[0]}; it must be a whole number from 20`);
    Deno.exit(2);
  }
  printFalsePositives(simulations);
  await printPower(Math.ceil(simulations / 10));
}
