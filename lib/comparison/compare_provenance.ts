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

interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** A difference of one cell, or of an experiment as a whole. */
interface Told extends Difference {
  readonly topic: "settings" | "device" | "data" | "code";
  readonly pair: ProvenancePair;
  readonly cell?: string;
  /** Of how many cells the experiment has in both versions. */
  readonly all: number;
}

/**
 * What cells that both versions have were computed with. A cell of other seeds is compared with one of the same method and task.
 * Equal differences of many cells and experiments are one statement.
 */
export function compareProvenance(pairs: readonly ProvenancePair[]): Pick<Comparison, Told["topic"]> {
  const told = Map.groupBy(pairs.flatMap(differencesOf), ({ topic }) => topic);
  const [settings, device, data, code] = (["settings", "device", "data", "code"] as const)
    .map((topic) => statementsOf(told.get(topic) ?? []));
  return { settings, device, data, code };
}

function differencesOf(pair: ProvenancePair): Told[] {
  const { before, after } = pair;
  const compare = comparer();
  const isOfOneForm = before.settingsAre === after.settingsAre;
  const matched = matchCells(before, after);
  const all = new Set(matched.map(([, { name }]) => name)).size;
  const ofCells = matched.flatMap(([one, other]): Omit<Told, "pair" | "all">[] => {
    const tell = (topic: Told["topic"], differences: readonly Difference[]) =>
      differences.map((difference) => ({ ...difference, topic, cell: other.name }));
    const areKnown = one.sources.size > 0 && other.sources.size > 0;
    const sources = areKnown ? compare(one.sources, other.sources) : [];
    const commits = one.commit === other.commit ? [] : [{ path: "commit", before: one.commit, after: other.commit }];
    return [
      ...tell("settings", compare(one.settings, other.settings).filter((each) => isOfOneForm || !isUnread(each, pair))),
      ...tell("device", compare(one.environment, other.environment).filter(isOfBoth)),
      ...tell("code", [...isOfOneForm ? sources : sources.filter(isOfBoth), ...commits.filter(isOfBoth)]),
    ];
  });
  const ofData = compare(before.data, after.data).map((difference) => ({ ...difference, topic: "data" as const }));
  return [...ofCells, ...ofData].map((difference) => ({ ...difference, pair, all }));
}

/** Equal differences together, with the cells of which they are told. */
function statementsOf(told: readonly Told[]): Statement[] {
  const texts = Map.groupBy(told, ({ path, before, after }) => JSON.stringify([path, before ?? null, after ?? null]));
  return [...texts.values()].map((equal) => {
    const [{ path, before, after }] = equal;
    const where = [...Map.groupBy(equal, ({ pair }) => pair)].map(([pair, ofPair]): StatementPlace => {
      const { profile, experiment } = pair;
      const [{ all }] = ofPair;
      const cells = [...new Set(ofPair.flatMap(({ cell }) => cell ?? []))];
      return { profile, experiment, cells, isAll: cells.length === 0 || cells.length === all };
    });
    return { path, before, after, where };
  });
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

/** Compares values by path. Cells share theirs: those of the same two are compared once. */
function comparer() {
  const known = new Map<FlatValues, Map<FlatValues, readonly Difference[]>>();
  return (before: FlatValues, after: FlatValues): readonly Difference[] => {
    const ofBefore = known.getOrInsertComputed(before, () => new Map());
    return ofBefore.getOrInsertComputed(after, () =>
      [...new Set([...before.keys(), ...after.keys()])]
        .map((path) => ({ path, before: before.get(path), after: after.get(path) }))
        .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after)));
  };
}
