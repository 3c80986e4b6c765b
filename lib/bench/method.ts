import { z } from "zod";
import type { MethodNeeds } from "#lib/memory/needs.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { SeriesStyle } from "#lib/reporting/figures/series_style.ts";
import type { CellResult, PairRecord } from "#lib/results/cell_result.ts";
import type { Checkpoint } from "#lib/training/checkpoint.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import type { Profile } from "./profile.ts";
import type { Distillation } from "./recipe.ts";
import type { Section, SettingIssue } from "./section.ts";
import { studentDistances } from "./student_distances.ts";
import type { Workbench } from "./workbench.ts";

/** Where a method comes from. */
export interface MethodSource {
  /** As in `Distilling the Knowledge in a Neural Network (Hinton, Vinyals & Dean)`. */
  readonly title: string;
  readonly year: number;
  readonly url: string;
}

/**
 * What a method needs of the teacher: nothing; texts that it has written, whoever drew them; or its probabilities, and so a model, which may
 * be made to write or to score texts, too.
 */
export type TeacherAccess = "none" | "texts" | "probabilities";

/** The sections of the profile that a method may read beside its own. */
export type MethodSections = "data" | "teacher" | "student" | "distillation" | "optimizer" | "evaluation";

/** What a cell is of. */
export interface MethodRun {
  /** Of its row. */
  readonly name: string;
  readonly seed: number;
  /** The profile as the row has it: with its own recipe, and its own changes of sections. */
  readonly profile: Profile;
  readonly distillation: Distillation;
}

/** What a row may have otherwise than the profile's `distillation`. */
export type RecipeChanges = Partial<Pick<Distillation, "steps" | "learningRate" | "warmupSteps" | "textsPerStep">>;

/** A row of a table of students: how one is trained for a task. */
export interface Method<Settings extends object = object> {
  readonly summary: string;
  /** Where it comes from; a variant has the source of its method. */
  readonly source?: MethodSource;
  /** What it computes, as plain text of one line or several. */
  readonly equation: string;
  /** Its name in tables and figures. */
  readonly label: string;
  /** How figures draw it; default the next style that is free. */
  readonly style?: SeriesStyle;
  /** Bumped when its numbers may move. */
  readonly numerics: number;
  /** What it cannot do without of the teacher. */
  readonly teacher: TeacherAccess;
  /**
   * Whether it takes the probabilities that it needs before the student trains, at the states of given texts, so that the teacher need not
   * be in memory while it does; default not.
   */
  takesProbabilitiesBefore?(settings: Settings): boolean;
  /** Its settings, each with a description and a default: the section of the profile that the registry names after it. */
  readonly settings: z.ZodObject;
  /** The settings that this row fixes, whatever the profile says. */
  readonly fixed: Partial<Settings>;
  /** Those of its settings that count among these, where some leave others without effect; default all. */
  counting?(settings: Settings): Partial<Settings>;
  /** Whether a step is one whole, so that its texts cannot be read in micro-batches (`optimizer.textsAtOnce`); default not. */
  needsWholeSteps?(settings: Settings): boolean;
  /** What it holds beside a student and its teacher; default nothing. */
  holds?(settings: Settings, profile: Profile): MethodNeeds;
  /** What it reads of the profile beside its own settings. */
  readonly reads: readonly MethodSections[];
  /** Further sections that it reads, which are no other method's; default none. */
  readonly sections?: readonly Section[];
  /** What all its rows have otherwise than the profile's `distillation`, as its settings say; default nothing. */
  ownRecipe?(settings: Settings): RecipeChanges;
  /** What this row has otherwise than that; default nothing. */
  readonly recipe?: RecipeChanges;
  /** What it has otherwise than the profile in its further sections, by their names; default nothing. */
  readonly sectionChanges?: Readonly<Record<string, object>>;
  /** The method that this is a variant of. */
  readonly base?: Method<Settings>;
  /** What is wrong with its settings beside other sections of the profile. */
  check?(settings: Settings, profile: Profile): readonly SettingIssue[];
  run(bench: Workbench, run: MethodRun, settings: Settings): Promise<CellResult>;
}

/** A training run in progress: its student, its name and seed, and where its measures go. */
export interface StudentRun extends MethodRun {
  readonly bench: Workbench;
  readonly student: LanguageModel;
  readonly log: MeasureLog;
  /** Where it is saved, and resumes from. */
  readonly checkpoint?: Checkpoint;
  /** Takes what gives the preference pairs that are to be recorded, which is asked when the run has ended. */
  keepPairs?(recorded: () => readonly PairRecord[]): void;
}

type Described<Settings extends object> =
  & Pick<Method<Settings>, "summary" | "source" | "equation" | "label" | "style" | "numerics" | "teacher">
  & Pick<Method<Settings>, "sections" | "ownRecipe" | "check" | "counting" | "needsWholeSteps" | "holds">
  & Pick<Method<Settings>, "takesProbabilitiesBefore">
  & {
    readonly fixed?: Partial<Settings>;
    readonly reads?: readonly MethodSections[];
  };

type DeclaredWith<Shape extends z.ZodRawShape, Code> =
  & Described<z.output<z.ZodObject<Shape>>>
  & Code
  & {
    /** Default: it has none. */
    readonly settings?: z.ZodObject<Shape>;
  };

const ALL_SECTIONS: readonly MethodSections[] = [
  ...["data", "teacher", "student", "distillation", "optimizer", "evaluation"] as const,
];
const NO_SETTINGS = z.strictObject({});

/** A method whose code gives the result of a cell itself. */
export function defineMethod<Shape extends z.ZodRawShape = Record<never, never>>(
  method: DeclaredWith<Shape, Pick<Method<z.output<z.ZodObject<Shape>>>, "run">>,
): Method<z.output<z.ZodObject<Shape>>> {
  return { settings: NO_SETTINGS, fixed: {}, reads: ALL_SECTIONS, ...method };
}

/** A method that trains on from the SFT student: its code trains the student, which is then scored and measured. */
export function fromSft<Shape extends z.ZodRawShape = Record<never, never>>(
  { train, ...method }: DeclaredWith<Shape, {
    train(run: StudentRun, settings: z.output<z.ZodObject<Shape>>): Promise<void>;
  }>,
): Method<z.output<z.ZodObject<Shape>>> {
  return {
    settings: NO_SETTINGS,
    fixed: {},
    reads: ALL_SECTIONS,
    ...method,
    async run(bench, run, settings) {
      const { name, seed } = run;
      await bench.partFromTeacher();
      using student = await bench.studentFromSft(seed);
      const log = bench.log(name, seed);
      const learned: { pairs?: () => readonly PairRecord[] } = {};
      const keepPairs: StudentRun["keepPairs"] = (recorded) => void (learned.pairs = recorded);
      await train({ ...run, bench, student, log, checkpoint: bench.cellCheckpoint(), keepPairs }, settings);
      student.store.releaseGradients();
      const pairs = learned.pairs && { pairs: learned.pairs() };
      return { ...await scoreStudent(bench, student, seed), curves: log.rows, ...pairs };
    },
  };
}

/** In the place of a setting that a variant's method fixes: what the profile says. */
export const FROM_PROFILE = Symbol("from the profile");

export type Changes<Settings> = { readonly [Key in keyof Settings]?: Settings[Key] | typeof FROM_PROFILE };

/** A method with some of its settings fixed, under a label of its own. */
export function variantOf<Settings extends object>(
  method: Method<Settings>,
  changes: Changes<Settings>,
  { summary, label, style }: Pick<Method, "summary" | "label" | "style">,
): Method<Settings> {
  const fixed = Object.fromEntries(
    Object.entries({ ...method.fixed, ...changes }).filter(([, value]) => value !== FROM_PROFILE),
  ) as Partial<Settings>;
  return { ...method, base: method.base ?? method, fixed, summary, label, style };
}

/**
 * A method trained by another recipe, under a label of its own: a row beside those of the profile's.
 *
 * @throws {RangeError} where the method is not trained on from SFT
 */
export function withRecipe<Row extends Method>(
  method: Row,
  recipe: RecipeChanges,
  { summary, label, style }: Pick<Method, "summary" | "label" | "style">,
): Row {
  if (!method.reads.includes("distillation")) {
    throw new RangeError(`Cannot change the recipe of ${method.label}: it is not trained on from SFT`);
  }
  return { ...method, recipe: { ...method.recipe, ...recipe }, summary, label, style };
}

/**
 * A method with some settings of a section that it shares with others, as of the pairs that it learns from, under a label of its own.
 *
 * @throws {RangeError} where the method does not read the section
 */
export function withSection<Row extends Method, Settings extends object>(
  method: Row,
  section: Section<Settings>,
  changes: Partial<Settings>,
  { summary, label, style }: Pick<Method, "summary" | "label" | "style">,
): Row {
  const { name } = section;
  if (!method.sections?.some((other) => other.name === name)) {
    throw new RangeError(`Cannot change the section ${name} of ${method.label}: it does not read it`);
  }
  const sectionChanges = { ...method.sectionChanges, [name]: { ...method.sectionChanges?.[name], ...changes } };
  return { ...method, sectionChanges, summary, label, style };
}

/** A student's scores, samples and, unless the profile leaves them out, distances to its teacher. */
export async function scoreStudent(
  bench: Workbench,
  student: LanguageModel,
  seed: number,
): Promise<Pick<CellResult, "scores" | "samples">> {
  const { scores, samples } = await scoreAndHandOver(bench, student, seed);
  if (bench.profile.evaluation.heldOut === "loss") return { scores, samples };
  return { scores: [...scores, ...await studentDistances(bench, student, seed)], samples };
}

/** The scores of the cell's model, which is handed over to whoever wants it. */
export async function scoreAndHandOver(
  bench: Workbench,
  model: LanguageModel,
  seed: number,
): Promise<Pick<CellResult, "scores" | "samples">> {
  const scored = await bench.task.score(bench, model, seed);
  await bench.handOver(model);
  return scored;
}
