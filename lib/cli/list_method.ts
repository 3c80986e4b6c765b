import { z } from "zod";
import type { Experiment, ExperimentMethod } from "#lib/bench/experiment.ts";
import type { TeacherAccess } from "#lib/bench/method.ts";
import { effectiveSettings, type RegisteredMethod, sectionOf } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { COMMON_SECTIONS, type ProfileSchema } from "#lib/bench/profile_schema.ts";
import { descriptionOf, unwrapped } from "#lib/bench/section.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { settingLines } from "./setting_lines.ts";

const NOTATION =
  "p, q: next-token probabilities of teacher and student; CE: cross-entropy on the data; N: tokens of a step";

/** What a method needs of the teacher, in words. */
const ACCESS: Readonly<Record<TeacherAccess, string>> = {
  none: "not needed",
  texts: "its texts are enough",
  probabilities: "its probabilities are needed, so that it has to be a model",
};

/** What is known of a profile that settings are shown of. */
export interface ShownProfile {
  readonly name: string;
  readonly profile: Profile;
  readonly schema: ProfileSchema;
}

/**
 * What a method computes, where it comes from, and its settings; or the settings of a section of the profile.
 *
 * @throws {InputError} where there is neither of the name
 */
export function describeName(name: string, experiments: readonly Experiment[], shown: ShownProfile): string {
  const having = experiments.filter(({ methods }) => methods.some((method) => method.name === name));
  const method = having[0]?.methods.find((each) => each.name === name);
  const sections = Object.keys(shown.schema.shape);
  if (method) {
    const described = describeMethod(method, having.map(({ name }) => name), shown);
    // The models `teacher` and `student` have sections of their own.
    return name in COMMON_SECTIONS.shape ? `${described}\n\n${describeSection(name, shown)}` : described;
  }
  expectKnown("method or section", name, [
    ...new Set([...experiments.flatMap(({ methods }) => methods.map(({ name }) => name)), ...sections]),
  ]);
  return describeSection(name, shown);
}

function describeMethod(
  { name, label = name, summary, definition }: ExperimentMethod,
  tables: readonly string[],
  shown: ShownProfile,
): string {
  const { source, equation, teacher, reads = [] } = definition ?? {};
  const facts: [title: string, lines: readonly string[]][] = [
    ["Source", source ? [`${source.title}, ${source.year}`, source.url] : []],
    ["Equation", equation === undefined ? [] : [...equation.split("\n"), NOTATION]],
    ["Teacher", teacher === undefined ? [] : [ACCESS[teacher]]],
    ["Tables", [tables.join(", ")]],
    ["Reads", reads.length === 0 ? [] : [`${reads.join(", ")} of the profile: ./run list SECTION explains them`]],
  ];
  return [
    `${name === label ? name : `${name} (${label})`}: ${summary}`,
    "",
    ...facts.flatMap(([title, lines]) => lines.map((line, i) => `${(i === 0 ? title : "").padEnd(10)}${line}`)),
    ...(definition ? ["", ...settingsOf(definition, shown)] : []),
  ].join("\n");
}

function settingsOf(method: RegisteredMethod, { name, profile }: ShownProfile): string[] {
  const { registered, settings, fixed } = method;
  if (Object.keys(settings.shape).length === 0) return ["It has no settings of its own."];
  return [
    sectionOf(method)
      ? `Settings, with their values in profile ${name}; --set ${registered}.KEY=VALUE changes one`
      : "Settings, all of them fixed",
    ...settingLines(settings, effectiveSettings(method, profile), fixed),
  ];
}

function describeSection(name: string, { name: profileName, profile, schema }: ShownProfile): string {
  const section = schema.shape[name];
  const [inner, value] = [unwrapped(section), (profile as Readonly<Record<string, unknown>>)[name]];
  const kind = name in COMMON_SECTIONS.shape ? "a section of every profile" : "a section of the profile";
  const heading = `${name}: ${descriptionOf(section) ?? kind}`;
  if (!(inner instanceof z.ZodObject)) return `${heading}; in profile ${profileName} ${JSON.stringify(value)}`;
  return [
    heading,
    "",
    `Settings, with their values in profile ${profileName}; --set ${name}.KEY=VALUE changes one`,
    ...settingLines(inner, value as object ?? {}),
  ].join("\n");
}
