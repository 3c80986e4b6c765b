/** What a table's rows have in common in how their students were trained, as it was recorded, and which rows differ in it. */
import { z } from "zod";
import type { RecordedResults, RecordedSettings } from "#lib/bench/experiment.ts";
import { count, distillation } from "#lib/bench/setting_schemas.ts";
import { datasetLabel, orderDatasets, orderMethods } from "#lib/reporting/display_names.ts";
import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";

/** Rows with critics that learn which a line names; of more it speaks without names. */
const MOST_NAMED = 4;

/** Of recorded settings, those that a fair comparison keeps equal: teacher and SFT have none. */
const RECIPE = z.object({
  distillation: distillation.pick({ steps: true, learningRate: true, warmupSteps: true, textsPerStep: true }).loose(),
  optimizer: z.object({ batchSize: count, finalLearningRateFraction: z.number() }),
});

const PARTS = ["length", "rate", "warmup", "end"] as const;

/** A recipe in parts, each as a legend has it. */
type Recipe = Readonly<Record<typeof PARTS[number], string>>;

interface RowRecipe {
  readonly method: string;
  /** The name of its data, where the experiment has tasks. */
  readonly corpus: string;
  readonly recipe: Recipe;
}

/** A table of students whose legend begins with the recipe of its rows; as it was where no row has a recorded one. */
export function withRecipeLegend(
  table: ScoreTable,
  { settings, display }: Pick<RecordedResults, "settings" | "display">,
): ScoreTable {
  const methods = table.rows.map(({ method }) => method);
  const lines = recipeLines(settings.filter(({ method }) => methods.includes(method)), methods, display);
  return { ...table, legend: [...lines, ...table.legend] };
}

function recipeLines(
  recorded: readonly RecordedSettings[],
  methods: readonly string[],
  display: MethodDisplays,
): string[] {
  const rows = recorded.flatMap(rowRecipes);
  if (rows.length === 0) return [];
  const labelsOf = (names: Iterable<string>, mark = (_: string) => "") =>
    orderMethods(names, methods).map((name) => methodLabel(name, display) + mark(name));
  const trained = new Set(rows.map(({ method }) => method));
  const others = recorded.map(({ method }) => method).filter((method) => !trained.has(method));
  const ofCorpus = orderDatasets(rows.map(({ corpus }) => corpus))
    .map((corpus) => ({ corpus, ...commonIn(rows.filter((row) => row.corpus === corpus)) }));
  const alike = [...Map.groupBy(ofCorpus, ({ common }) => phraseOf(common))];
  const told = alike.map(([phrase, of]) =>
    alike.length === 1 ? phrase : `${conjunction(of.map(({ corpus }) => datasetLabel(corpus)))} ${phrase}`
  );
  const learned = recorded.filter(hasLearnedCritics).map(({ method }) => method);
  return [
    `Every row${
      others.length === 0 ? "" : ` but ${conjunction(labelsOf(others))}`
    }: from the SFT student with AdamW, ` +
    `${told.join("; ")}.`,
    ...ofCorpus.flatMap(({ corpus, common, usual, different }) =>
      different.map(({ recipe, methods }) => {
        const where = ofCorpus.length === 1 ? "" : `${datasetLabel(corpus)}, `;
        const whose = labelsOf(methods, (method) => usual.has(method) ? " (some of its cells)" : "").join(", ");
        return `Otherwise, ${where}${differenceOf(recipe, common)}: ${whose}.`;
      })
    ),
    "A row that reads texts of several sources splits its texts of a step among them.",
    ...(learned.length === 0 ? [] : [learnedLine(labelsOf(learned))]),
  ];
}

/** One recipe; none of the teacher and of SFT. */
function rowRecipes({ method, task = "", settings }: RecordedSettings): RowRecipe[] {
  const { data } = RECIPE.safeParse(settings);
  if (data === undefined) return [];
  const { optimizer: { batchSize, finalLearningRateFraction } } = data;
  const { textsPerStep = batchSize, steps, learningRate, warmupSteps } = data.distillation;
  const recipe = {
    length: `${counted(steps, "step")} of ${counted(textsPerStep, "text")}`,
    rate: `peak rate ${learningRate.toExponential()}`,
    warmup: `warm-up ${counted(warmupSteps, "step")}`,
    end: `cosine to ${finalLearningRateFraction} of it`,
  };
  return [{ method, corpus: task.split("/")[0], recipe }];
}

/** The recipe that most rows have, and the others, each with its rows; a row whose seeds differ has several. */
function commonIn(rows: readonly RowRecipe[]) {
  const groups = [...Map.groupBy(rows, ({ recipe }) => phraseOf(recipe)).values()]
    .map((of) => ({ recipe: of[0].recipe, methods: new Set(of.map(({ method }) => method)) }))
    .sort((a, b) => b.methods.size - a.methods.size);
  const [{ recipe: common, methods: usual }, ...different] = groups;
  return { common, usual, different };
}

/** The parts of a recipe that another has otherwise. */
function differenceOf(recipe: Recipe, other: Recipe): string {
  return PARTS.filter((part) => recipe[part] !== other[part]).map((part) => recipe[part]).join(", ");
}

/** Critics that learn are the only ones with steps of their own. */
function hasLearnedCritics({ settings }: RecordedSettings): boolean {
  return Object.values(settings).some((section) =>
    typeof section === "object" && section !== null && "criticSteps" in section
  );
}

function learnedLine(labels: readonly string[]): string {
  const whose = labels.length > MOST_NAMED ? "" : ` (${labels.join(", ")})`;
  return `Critics that learn${whose} read as many texts again for each of their steps.`;
}

function phraseOf(recipe: Recipe): string {
  return PARTS.map((part) => recipe[part]).join(", ");
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function conjunction(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
