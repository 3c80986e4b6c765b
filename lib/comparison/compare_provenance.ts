import type { Comparison, Statement, StatementPlace } from "./comparison.ts";
import {
  BREADTH,
  type FlatValues,
  type RecordedCell,
  type RecordedProvenance,
} from "#lib/results/recorded_provenance.ts";

/** The provenance of one experiment in both versions. */
export interface ProvenancePair {
  readonly profile: string;
  readonly experiment: string;
  readonly before: RecordedProvenance;
  readonly after: RecordedProvenance;
}

type Topic = "settings" | "device" | "data" | "code";

interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What cells that both versions have were computed with. A cell of other seeds is compared with one of the same method and task.
 * Equal differences of many cells and experiments are one statement.
 */
export function compareProvenance(pairs: readonly ProvenancePair[]): Pick<Comparison, Topic> {
  const statements = {
    settings: new Statements(),
    device: new Statements(),
    data: new Statements(),
    code: new Statements(),
  };
  for (const pair of pairs) {
    const matched = matchCells(pair.before, pair.after);
    const differencesOf = rememberDifferences();
    const names = new Set(matched.map(([, { name }]) => name));
    const tell = (topic: Topic, differences: readonly Difference[], cell?: string) =>
      statements[topic].add(differences, pair, names, cell);
    const isOfOneForm = pair.before.settingsAre === pair.after.settingsAre;
    for (const [before, after] of matched) {
      const settings = differencesOf(before.settings, after.settings);
      tell("settings", settings.filter((each) => isOfOneForm || !isUnread(each, pair)), after.name);
      tell("device", differencesOf(before.environment, after.environment).filter(isOfBoth), after.name);
      if (before.sources.size > 0 && after.sources.size > 0) {
        const code = differencesOf(before.sources, after.sources);
        tell("code", isOfOneForm ? code : code.filter(isOfBoth), after.name);
      }
      const commit = { path: "commit", before: before.commit, after: after.commit };
      if (commit.before !== commit.after && isOfBoth(commit)) tell("code", [commit], after.name);
    }
    tell("data", differencesOf(pair.before.data, pair.after.data));
  }
  const { settings, device, data, code } = statements;
  return { settings: settings.all(), device: device.all(), data: data.all(), code: code.all() };
}

/** A record that leaves something out does not tell that there was none. */
function isOfBoth({ before, after }: Difference): boolean {
  return before !== undefined && after !== undefined;
}

/** A setting that one form has and the other, which has fewer, leaves out. */
function isUnread({ before, after }: Difference, pair: ProvenancePair): boolean {
  const missing = before === undefined ? pair.before : after === undefined ? pair.after : undefined;
  const other = missing === pair.before ? pair.after : pair.before;
  return missing !== undefined && BREADTH[missing.settingsAre] < BREADTH[other.settingsAre];
}

function matchCells({ cells: before }: RecordedProvenance, { cells: after }: RecordedProvenance) {
  const byName = new Map([...before.values()].reverse().map((cell) => [cell.name, cell]));
  return [...after].flatMap(([id, cell]): (readonly [RecordedCell, RecordedCell])[] => {
    const other = before.get(id) ?? byName.get(cell.name);
    return other === undefined ? [] : [[other, cell]];
  });
}

/** Cells share their values: those of the same two are compared once. */
function rememberDifferences() {
  const known = new Map<FlatValues, Map<FlatValues, readonly Difference[]>>();
  return (before: FlatValues, after: FlatValues): readonly Difference[] => {
    if (!known.has(before)) known.set(before, new Map());
    const ofBefore = known.get(before)!;
    if (!ofBefore.has(after)) ofBefore.set(after, differencesBetween(before, after));
    return ofBefore.get(after)!;
  };
}

function differencesBetween(before: FlatValues, after: FlatValues): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }));
}

/** Collects for each different statement the cells of which it is told. */
class Statements {
  readonly #byText = new Map<string, { difference: Difference; places: Map<ProvenancePair, Place> }>();

  /** @param cell of all that are told of; undefined for the experiment as a whole */
  add(differences: readonly Difference[], pair: ProvenancePair, names: ReadonlySet<string>, cell?: string): void {
    for (const difference of differences) {
      const key = JSON.stringify([difference.path, difference.before ?? null, difference.after ?? null]);
      let statement = this.#byText.get(key);
      if (statement === undefined) this.#byText.set(key, statement = { difference, places: new Map() });
      let place = statement.places.get(pair);
      if (place === undefined) statement.places.set(pair, place = { cells: new Set(), names });
      if (cell !== undefined) place.cells.add(cell);
    }
  }

  all(): Statement[] {
    return [...this.#byText.values()].map(({ difference, places }) => ({
      ...difference,
      where: [...places].map(([{ profile, experiment }, { cells, names }]): StatementPlace => (
        { profile, experiment, cells: [...cells], isAll: cells.size === 0 || cells.size === names.size }
      )),
    }));
  }
}

interface Place {
  readonly cells: Set<string>;
  /** All cells that both versions have. */
  readonly names: ReadonlySet<string>;
}
