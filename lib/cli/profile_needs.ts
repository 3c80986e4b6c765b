import type { ExperimentMethod } from "#lib/bench/experiment.ts";
import { effectiveSettings } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { hasCheckpoints, loraOf } from "#lib/distillation/checkpoint_task.ts";
import type { NamedThing } from "#lib/distillation/pinned_profile.ts";
import { InputError } from "#lib/errors.ts";
import { splitAdapter } from "#lib/hub/places.ts";
import { readJsonFile } from "#lib/json_file.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { type AdapterLimits, type Fit, judgeFit } from "#lib/memory/fit.ts";
import { type ModelConfig, parseModelConfig } from "#lib/models/model_config.ts";
import { publishedShape } from "#lib/models/published_shapes.ts";
import { isFile } from "#lib/results/storage.ts";
import { type Cell, settingsOf } from "#lib/runner/cell.ts";
import { cellsToRun, type ExperimentPlan } from "#lib/runner/plan.ts";
import type { RecordedRates } from "#lib/speed/recorded_rates.ts";
import { needsOf as methodNeeds } from "./distil_fit.ts";
import { type TimeNeeds, timeOf } from "./profile_time.ts";

/** A teacher and a student of a profile of checkpoints, and what training them takes. */
export interface PairNeeds {
  /** The experiment, or the task where it has some. */
  readonly name: string;
  readonly teacher: string;
  readonly student: string;
  /** Why nothing is planned: a configuration that is not here and not known, or is wrong. */
  readonly problem?: string;
  readonly texts: TextShape;
  /** The teacher's own training where it has any, and distillation by the method that needs most; `whole` where that cannot read a step in parts. */
  readonly fits: readonly { readonly what: string; readonly fit: Fit; readonly whole: boolean }[];
  readonly time?: TimeNeeds;
}

/** What a profile of checkpoints needs before it can be run. */
export interface ProfileNeeds {
  readonly named: readonly NamedThing[];
  readonly pairs: readonly PairNeeds[];
  readonly rates: RecordedRates | undefined;
}

/**
 * What is to be brought, and what a step takes of memory and all steps of time, for each pair of models that cells to be run have. A model
 * that is not here is planned by its published shape.
 */
export async function needsOf(
  plans: readonly ExperimentPlan[],
  { profile, named }: { readonly profile: Profile; readonly named: readonly NamedThing[] },
  { limits, rates }: { readonly limits: AdapterLimits; readonly rates: RecordedRates | undefined },
): Promise<ProfileNeeds> {
  const pairs: PairNeeds[] = [];
  for (const plan of plans) {
    const byTask = Map.groupBy(cellsToRun(plan).filter(({ sameAs }) => sameAs === undefined), ({ cell }) => cell.task);
    for (const [task, cells] of byTask) {
      const ofTask = settingsOf({ experiment: plan.experiment, task }, profile);
      if (!hasCheckpoints(ofTask)) continue;
      const isDistilled = ({ definition }: ExperimentMethod) => definition?.reads.includes("distillation") ?? false;
      const distilled = cells.filter(({ cell }) => isDistilled(cell.method));
      const counts = { distilled: distilled.length, sft: new Set(cells.map(({ cell }) => cell.seed)).size };
      const methods = [...new Set((distilled.length > 0 ? distilled : cells).map(({ cell }) => cell.method))];
      pairs.push(await pairOf(task ?? plan.experiment.name, ofTask, { named, limits, rates, counts, methods }));
    }
  }
  return { named, pairs, rates };
}

/** Of what a profile names that which cells read: other tasks of it have models and data of their own. */
export function namedBy(
  cells: readonly Pick<Cell, "experiment" | "task">[],
  { profile, named }: { readonly profile: Profile; readonly named: readonly NamedThing[] },
): readonly NamedThing[] {
  if (named.length === 0) return named;
  const tasks = new Map(
    cells.map(({ experiment, task }) => [`${experiment.name} ${task ?? ""}`, { experiment, task }]),
  );
  const settings = [...tasks.values()].flatMap(({ experiment, task }) =>
    experiment.methods.map((method) => JSON.stringify(method.making(profile, task).settings))
  );
  return named.filter(({ pin }) => settings.some((text) => text.includes(JSON.stringify(pin))));
}

interface PairContext {
  readonly named: readonly NamedThing[];
  readonly limits: AdapterLimits;
  readonly rates: RecordedRates | undefined;
  /** Those that are run. */
  readonly methods: readonly ExperimentMethod[];
  /** Trainings: of distilled students, and of SFT students. */
  readonly counts: { readonly distilled: number; readonly sft: number };
}

async function pairOf(
  name: string,
  profile: Profile,
  { named, limits, rates, counts, methods }: PairContext,
): Promise<PairNeeds> {
  const { data, optimizer, distillation } = profile;
  const batch = Math.max(optimizer.batchSize, distillation.textsPerStep ?? 1);
  const texts = { batch, tokens: data.maxPromptTokens + data.maxNewTokens, responseTokens: data.maxNewTokens };
  const things = [profile.teacher.checkpoint, profile.student.checkpoint].map((pin) =>
    named.find((thing) => thing.kind === "model" && thing.pin === pin)!
  );
  const about = { name, teacher: things[0].word, student: things[1].word, texts };
  try {
    const [teacher, student] = [await configOf(things[0]), await configOf(things[1])];
    const fits = fitsOf(teacher, student, { profile, texts, limits, methods });
    const time = rates && timeOf({ teacher, student, profile, texts, rates, ...counts });
    return { ...about, fits, ...(time && { time }) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...about, fits: [], problem: error.message };
  }
}

/** The configuration of a model that is here, or of a published one. @throws {InputError} where neither is known */
async function configOf({ word, path }: NamedThing): Promise<ModelConfig> {
  const [base] = splitAdapter(word) ?? [word];
  const file = `${path}/config.json`;
  if (path !== undefined && isFile(file)) return parseModelConfig(await readJsonFile(file), file);
  const shape = publishedShape(base);
  if (shape) return shape;
  throw new InputError(`what ${word} needs is not known before its config.json is here`);
}

/** The teacher's own training where it has any, and the method that needs most, or the first that does not fit. */
function fitsOf(
  teacher: ModelConfig,
  student: ModelConfig,
  { profile, texts, limits, methods }: FitContext,
): PairNeeds["fits"] {
  const { textsAtOnce, recompute } = profile.optimizer;
  const textsWritten = profile.evaluation.batchSize;
  const [ofTeacher, ofStudent] = [loraOf(profile.teacher.lora, teacher), loraOf(profile.student.lora, student)];
  const saving = { textsAtOnce, recompute, teacherForm: profile.teacher.form, lora: ofStudent };
  const fits = methods.flatMap(({ name, definition: method }) => {
    if (method === undefined) return [];
    const needs = methodNeeds(method, profile);
    const fit = judgeFit({ teacher, student, texts, textsWritten, saving, needs }, limits);
    const whole = method.needsWholeSteps?.(effectiveSettings(method, profile)) ?? false;
    return [{ what: `training ${name}`, fit, whole }];
  });
  const most = fits.toSorted((a, b) => b.fit.plan.totalBytes - a.fit.plan.totalBytes);
  const distilling = most.filter(({ fit }) => !fit.fits).concat(most).slice(0, 1);
  if (profile.teacher.training.steps === 0) return distilling;
  // Then it is the teacher that takes gradients and moments; nobody teaches it.
  const own = judgeFit(
    { teacher: student, student: teacher, texts, saving: { textsAtOnce, recompute, lora: ofTeacher } },
    limits,
  );
  const parts = own.plan.parts.map((part) => ({ ...part, name: otherRole(part.name) }));
  const training = { what: "training the teacher", fit: { ...own, plan: { ...own.plan, parts } }, whole: false };
  return [training, ...distilling];
}

interface FitContext {
  readonly profile: Profile;
  readonly texts: TextShape;
  readonly limits: AdapterLimits;
  readonly methods: readonly ExperimentMethod[];
}

/** Of a plan in which the two have changed places. */
function otherRole(name: string): string {
  return name.replace(/^(student|teacher)/, (role) => role === "student" ? "teacher" : "student");
}
