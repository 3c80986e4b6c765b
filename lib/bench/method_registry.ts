import type { Method, MethodRun } from "./method.ts";
import type { ExperimentMethod, Making } from "./experiment.ts";
import { InputError } from "#lib/errors.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { NUMERICS } from "./numerics.ts";
import type { Profile } from "./profile.ts";
import { distillationOf } from "./recipe.ts";
import { defineSection, type Section } from "./section.ts";
import type { Workbench } from "./workbench.ts";

/** A method that the registry has named. */
export interface RegisteredMethod<Settings extends object = object> extends Method<Settings> {
  /** The registry's name of the method that this is, or is a variant of: that of its section, and of its runs. */
  readonly registered: string;
}

const NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Names methods: a method's runs, its section of the profile and its version are called as the registry calls it, nowhere else, so that
 * no copy can pass for what it was copied from.
 *
 * @throws {RangeError} where two names stand for one method, two methods have one label, or a variant is of a method without a name
 */
export function registerMethods<const Methods extends Readonly<Record<string, Method>>>(
  methods: Methods,
): { readonly [Name in keyof Methods]: Methods[Name] & Pick<RegisteredMethod, "registered"> } {
  checkDistinct(methods);
  const entries = Object.entries<Method>(methods);
  return Object.fromEntries(entries.map(([name, method]) => {
    if (!NAME.test(name)) {
      throw new RangeError(`Cannot register "${name}": a name has lower case letters, digits and _`);
    }
    const root = method.base ?? method;
    const [registered] = entries.find(([, other]) => other === root) ?? [];
    if (registered === undefined) {
      throw new RangeError(`Cannot register ${name}: the method that it is a variant of is not registered`);
    }
    return [name, { ...method, registered }];
  })) as ReturnType<typeof registerMethods<Methods>>;
}

/**
 * Refuses rows that are one and the same, or look so.
 *
 * @throws {RangeError} that names the two
 */
export function checkDistinct(methods: Readonly<Record<string, Method>>): void {
  const refuseTwins = (what: string, keyOf: (method: Method) => unknown) => {
    const names = new Map<unknown, string>();
    for (const [name, method] of Object.entries(methods)) {
      const twin = names.get(keyOf(method));
      if (twin !== undefined) throw new RangeError(`Cannot register ${name} beside ${twin}: both ${what}`);
      names.set(keyOf(method), name);
    }
  };
  const roots: object[] = [];
  const rootOf = (method: Method) => {
    const root = (method as RegisteredMethod).registered ?? method.base ?? method;
    if (typeof root === "string") return root;
    if (!roots.includes(root)) roots.push(root);
    return roots.indexOf(root);
  };
  const sorted = (values: object = {}) => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  refuseTwins(
    "are one method with the same settings",
    (method) => {
      const sections = sorted(method.sectionChanges).map(([name, changes]) => [name, sorted(changes)]);
      return JSON.stringify([rootOf(method), sorted(method.fixed), sorted(method.recipe), sections]);
    },
  );
  refuseTwins("have the same label", ({ label }) => label);
}

/** The section of the profile that holds a method's settings; none where it has no settings, or all of them are fixed. */
export function sectionOf<Settings extends object>(method: RegisteredMethod<Settings>): Section<Settings> | undefined {
  const { registered, settings, fixed, check } = method;
  if (Object.keys(settings.shape).every((key) => key in fixed)) return undefined;
  // A method's settings are those of its schema.
  const section = {
    ...{ name: registered, ofMethod: true, schema: settings },
    // What a row fixes is what it is checked with, whatever the profile says.
    check: check && ((own: Settings, profile: Profile) => check({ ...own, ...fixed }, profile)),
  };
  return defineSection(section as Parameters<typeof defineSection>[0]) as unknown as Section<Settings>;
}

/** The settings that a row's code is given: those of the profile, but for those that the row fixes. */
export function effectiveSettings<Settings extends object>(
  method: RegisteredMethod<Settings>,
  profile: Profile,
): Settings {
  const own = sectionOf(method)?.of(profile);
  const keys = Object.keys(method.settings.shape) as (keyof Settings)[];
  return Object.fromEntries(keys.map((key) => [key, key in method.fixed ? method.fixed[key] : own?.[key]])) as Settings;
}

/** The profile as a row has it. Its sections are looked at when they are asked for, as what a cell looks at is what it depends on. */
function profileOfRow(method: RegisteredMethod, profile: Profile): Profile {
  const sections = profile as unknown as Readonly<Record<string, object>>;
  const changed: Profile = Object.create(profile);
  const define = (name: string, get: () => object) => Object.defineProperty(changed, name, { get, enumerable: true });
  for (const [name, other] of Object.entries(method.sectionChanges ?? {})) {
    define(name, () => ({ ...sections[name], ...other }));
  }
  define("distillation", () => {
    const ownRecipe = method.ownRecipe?.(effectiveSettings(method, changed));
    return { ...profile.distillation, ...ownRecipe, ...method.recipe };
  });
  return changed;
}

/** Those of them that decide its numbers. */
function countingSettings<Settings extends object>(
  method: RegisteredMethod<Settings>,
  profile: Profile,
): Partial<Settings> {
  const settings = effectiveSettings(method, profile);
  return method.counting?.(settings) ?? settings;
}

/**
 * Computes a cell of a row.
 *
 * @throws {InputError} what is wrong with sections as the row has them, where the profile's own are right
 */
export async function runMethod(
  method: RegisteredMethod,
  bench: Workbench,
  run: Pick<MethodRun, "name" | "seed">,
): Promise<CellResult> {
  const profile = profileOfRow(method, bench.profile);
  checkSections(method, profile);
  const whole: MethodRun = {
    ...run,
    profile,
    // Asked for by those alone that are trained on from SFT: no other depends on it.
    get distillation() {
      return distillationOf(profile);
    },
  };
  for (const section of method.sections ?? []) {
    const description = await section.prepare?.(section.of(profile), bench);
    if (description) bench.describe(section.name, description);
  }
  return await method.run(bench, whole, effectiveSettings(method, profile));
}

function checkSections({ label, sections = [], sectionChanges = {} }: Method, profile: Profile): void {
  for (const section of sections.filter(({ name }) => name in sectionChanges)) {
    for (const { path, message } of section.check?.(section.of(profile), profile) ?? []) {
      throw new InputError(`${label}: ${[section.name, ...path].join(".")} ${message}`);
    }
  }
}

/** A task as the making of its cells needs it. */
export interface TaskMaking {
  /** Students of one name are alike: `llama`, `samsum/base`. */
  readonly name: string;
  /** Its version, by what it is of: `{ "task instruction_following": 1 }`. */
  readonly numerics: Readonly<Record<string, number>>;
  /** Sections that it reads itself, beside those that methods read. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What decides the numbers of a row's cells. @param profile the settings of the task */
export function makingOf(method: RegisteredMethod, profile: Profile, task: TaskMaking): Making {
  const { registered, reads, sections: further = [], numerics } = method;
  const ofRow = profileOfRow(method, profile);
  const common = Object.fromEntries(reads.map((name) => [name, ofRow[name]]));
  const counted = further.map((section) => {
    const settings = section.of(ofRow);
    return [section.name, section.counting?.(settings, ofRow) ?? settings];
  });
  const own = countingSettings(method, profile);
  return {
    run: `${task.name}: ${runNameOf(method, profile)}`,
    settings: {
      ...common,
      ...Object.fromEntries(counted),
      ...task.settings,
      ...(Object.keys(own).length === 0 ? {} : { [registered]: own }),
    },
    numerics: { ...NUMERICS, ...task.numerics, [`method ${registered}`]: numerics },
  };
}

/**
 * The registry's name of the method, and what the row has otherwise than the method itself: `ammd`, `ammd {"beta":1}`. A recipe of its own
 * is always named, `kd {"distillation":{"learningRate":0.001}}`: a scan is what it was when the profile takes the rate that it found. Of
 * another section only what the profile has otherwise is, `dpo {"preferences":{"oracle":"teacherWins"}}`.
 */
function runNameOf(method: RegisteredMethod, profile: Profile): string {
  const { registered, base, fixed, recipe, sections = [], sectionChanges = {} } = method;
  const ofMethod = effectiveSettings({ ...method, fixed: base?.fixed ?? fixed }, profile);
  const isOfRow = (key: string) => key in fixed || key in (base?.fixed ?? {});
  const changes = Object.entries(countingSettings(method, profile)).filter(([key, value]) =>
    isOfRow(key) && JSON.stringify(value) !== JSON.stringify(ofMethod[key as keyof typeof ofMethod])
  );
  const ofSections = sections.flatMap((section) => {
    const inProfile = section.of(profile) as Readonly<Record<string, unknown>>;
    const other = Object.entries(sectionChanges[section.name] ?? {}).filter(([key, value]) => value !== inProfile[key]);
    return other.length === 0 ? [] : [[section.name, Object.fromEntries(other)]];
  });
  const all = {
    ...Object.fromEntries([...changes, ...ofSections]),
    ...(recipe === undefined ? {} : { distillation: recipe }),
  };
  return Object.keys(all).length === 0 ? registered : `${registered} ${JSON.stringify(all)}`;
}

/** A row as an experiment has it. */
export function rowOf(name: string, method: RegisteredMethod, making: ExperimentMethod["making"]): ExperimentMethod {
  const { summary, label, style } = method;
  return { name, summary, label, style, definition: method, making };
}
