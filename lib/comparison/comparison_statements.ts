import type { Comparison, DependencyChange, Statement, StatementPlace } from "./comparison.ts";
import { listNames } from "./row_groups.ts";

const MAX_VALUE_LENGTH = 80;

/** What only one version has is one line for all statements about the same cells, so that it hides no change. */
export function statementLines(statements: readonly Statement[], comparison: Comparison): string[] {
  const isOneSided = ({ before, after }: Statement) => before === undefined || after === undefined;
  const where = (statement: Statement) => whereText(statement.where, comparison);
  const groups = Map.groupBy(
    statements.filter(isOneSided),
    (statement) => JSON.stringify([statement.before === undefined, where(statement)]),
  );
  return [
    ...statements.filter((statement) => !isOneSided(statement)).map((statement) =>
      `${statement.path}: ${changeText(statement.before, statement.after)}${where(statement)}`
    ),
    ...[...groups.values()].map((group) => {
      const texts = group.map(({ path, before, after }) => `${path} ${valueText(before ?? after)}`);
      return `${group[0].before === undefined ? "New" : "Missing"}: ${texts.join(", ")}${where(group[0])}`;
    }),
  ];
}

/** Imports first, then what the lock holds. */
export function dependencyLines(dependencies: readonly DependencyChange[]): string[] {
  return (["import", "locked"] as const).flatMap((kind) => {
    const mark = kind === "locked" ? " in the lock" : "";
    const ofKind = dependencies.filter((each) => each.kind === kind)
      .map(({ name, before, after }) => ({ name, before: versionOf(name, before), after: versionOf(name, after) }));
    const changed = ofKind.filter(({ before, after }) => before !== undefined && after !== undefined);
    const added = ofKind.filter(({ before }) => before === undefined).map(({ name, after }) => `${name} ${after}`);
    const missing = ofKind.filter(({ after }) => after === undefined).map(({ name, before }) => `${name} ${before}`);
    return [
      ...changed.map(({ name, before, after }) => `${name}${mark}: ${changeText(before, after)}`),
      ...added.length > 0 ? [`New${mark}: ${listNames(added)}`] : [],
      ...missing.length > 0 ? [`Missing${mark}: ${listNames(missing)}`] : [],
    ];
  });
}

/** What is imported under a package's own name is shown by its version alone. */
function versionOf(name: string, target: string | undefined): string | undefined {
  const own = ["npm", "jsr"].map((registry) => `${registry}:${name}@`).find((start) => target?.startsWith(start));
  return own === undefined ? target : target!.slice(own.length);
}

/** Source files are many: those of the same cells are one line. */
export function codeLines(code: readonly Statement[], comparison: Comparison): string[] {
  const isCommit = ({ path }: Statement) => path === "commit";
  const commits = code.filter(isCommit).map(({ path, before, after, where }) =>
    `${path}: ${changeText(shortCommit(before), shortCommit(after))}${whereText(where, comparison)}`
  );
  const sources = Map.groupBy(code.filter((each) => !isCommit(each)), ({ where }) => whereText(where, comparison));
  return [
    ...commits,
    ...[...sources].map(([where, statements]) => `changed: ${statements.map(sourceText).join(", ")}${where}`),
  ];
}

function shortCommit(commit: unknown): unknown {
  return typeof commit === "string" ? commit.replace(/^([0-9a-f]{7})[0-9a-f]+/, "$1") : commit;
}

/** A hash means nothing to a person, a version does. */
function sourceText({ path, before, after }: Statement): string {
  if (before === undefined) return `${path} (new)`;
  if (after === undefined) return `${path} (gone)`;
  if (path.startsWith("numerics of ")) return `${path} ${changeText(before, after)}`;
  const [, name] = /^package (.+)$/.exec(path) ?? [];
  if (name === undefined) return path;
  return `${path} ${changeText(versionOf(name, valueText(before)), versionOf(name, valueText(after)))}`;
}

function changeText(before: unknown, after: unknown): string {
  return `${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  const text = value === undefined ? "none" : typeof value === "string" && value !== "" ? value : JSON.stringify(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** Which cells a statement is about; with one experiment in sight its name is left out. */
function whereText(where: readonly StatementPlace[], { profiles, experiments }: Comparison): string {
  const isOne = experiments.length <= 1 && where.length === 1;
  const all = where.filter(({ isAll }) => isAll).map((place) => nameOf(place, profiles));
  const some = where.filter(({ isAll }) => !isAll).map((place) => {
    return `${isOne ? "cells " : `${nameOf(place, profiles)}: `}${listNames(place.cells)}`;
  });
  const parts = [...all.length > 0 ? [isOne ? "all cells" : `all cells of ${all.join(", ")}`] : [], ...some];
  return ` (${parts.join("; ")})`;
}

function nameOf({ profile, experiment }: StatementPlace, profiles: readonly string[]): string {
  return profiles.length > 1 ? `${profile}/${experiment}` : experiment;
}
