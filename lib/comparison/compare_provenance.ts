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

type Topic = "settings" | "device" | "data" | "code";

/** A difference of one cell, or of an experiment as a whole. */
interface Located extends Difference {
  readonly topic: Topic;
  readonly pair: ProvenancePair;
  readonly cell?: string;
  /** Of how many cells the experiment has in both versions. */
  readonly all: number;
}

/**
 * What cells that both versions have were computed with. A cell of other seeds is compared with one of the same method and task.
 * Equal differences of many cells and experiments are one statement.
 */
export function compareProvenance(pairs: readonly ProvenancePair[]): Pick<Comparison, Topic> {
  const located = pairs.flatMap(differencesOf);
  const of = (topic: Topic) => statementsOf(located.filter((each) => each.topic === topic));
  return { settings: of("settings"), device: of("device"), data: of("data"), code: of("code") };
}

function differencesOf(pair: ProvenancePair): Located[] {
  const { before, after } = pair;
  const isOfOneForm = before.settingsAre === after.settingsAre;
  const matched = matchCells(before, after);
  const all = new Set(matched.map(([, { name }]) => name)).size;
  const locate = (topic: Topic, differences: readonly Difference[], cell?: string) =>
    differences.map((difference) => ({ ...difference, topic, pair, cell, all }));
  return [
    ...matched.flatMap(([one, other]) => {
      const settings = differences(one.settings, other.settings);
      const areKnown = one.sources.size > 0 && other.sources.size > 0;
      const sources = areKnown ? differences(one.sources, other.sources) : [];
      const commits = one.commit === other.commit ? [] : [{ path: "commit", before: one.commit, after: other.commit }];
      return [
        ...locate("settings", isOfOneForm ? settings : settings.filter((each) => !isUnread(each, pair)), other.name),
        ...locate("device", differences(one.environment, other.environment).filter(isOfBoth), other.name),
        ...locate(
          "code",
          [...isOfOneForm ? sources : sources.filter(isOfBoth), ...commits.filter(isOfBoth)],
          other.name,
        ),
      ];
    }),
    ...locate("data", differences(before.data, after.data)),
  ];
}

/** Equal differences together, with the cells that they are about. */
function statementsOf(located: readonly Located[]): Statement[] {
  const texts = Map.groupBy(
    located,
    ({ path, before, after }) => JSON.stringify([path, before ?? null, after ?? null]),
  );
  return [...texts.values()].map((equal) => {
    const [{ path, before, after }] = equal;
    const where = [...Map.groupBy(equal, ({ pair }) => pair)].map(([pair, ofPair]): StatementPlace => {
      const { profile, experiment } = pair;
      const cells = [...new Set(ofPair.flatMap(({ cell }) => cell ?? []))];
      return { profile, experiment, cells, isAll: cells.length === 0 || cells.length === ofPair[0].all };
    });
    return { path, before, after, where };
  });
}

/** A record that leaves something out does not say that there was none. */
function isOfBoth({ before, after }: Difference): boolean {
  return before !== undefined && after !== undefined;
}

/** A setting that one form has and the other, which has fewer, leaves out. */
function isUnread({ before, after }: Difference, pair: ProvenancePair): boolean {
  const breadths = [BREADTH[pair.before.settingsAre], BREADTH[pair.after.settingsAre]];
  return before === undefined ? breadths[0] < breadths[1] : after === undefined && breadths[1] < breadths[0];
}

function matchCells({ cells: before }: RecordedProvenance, { cells: after }: RecordedProvenance) {
  const byName = new Map([...before.values()].reverse().map((cell) => [cell.name, cell]));
  return [...after].flatMap(([id, cell]): (readonly [RecordedCell, RecordedCell])[] => {
    const other = before.get(id) ?? byName.get(cell.name);
    return other === undefined ? [] : [[other, cell]];
  });
}

function differences(before: FlatValues, after: FlatValues): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }))
    .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
}
