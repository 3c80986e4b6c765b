import { RandomStream } from "#lib/random/random_stream.ts";
import { formatItems, type ItemsRow } from "#lib/results/items_csv.ts";
import { formatScores, type ScoreRow } from "#lib/results/scores_csv.ts";

/** A folder of files that is gone when it is disposed of, and a git repository once something is committed. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TestFolder> {
    return new TestFolder(await Deno.realPath(await Deno.makeTempDir()));
  }

  /** @param files by path from the folder; undefined removes one */
  async write(files: Readonly<Record<string, string | undefined>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const target = `${this.path}/${path}`;
      if (text === undefined) await Deno.remove(target);
      else {
        await Deno.mkdir(target.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(target, text);
      }
    }
  }

  /** Commits all files; the same files in the same order give the same commits everywhere. */
  async commit(message: string): Promise<string> {
    await this.git("init", "--quiet");
    await this.git("add", "--all");
    const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgSign=false"];
    await this.git(...who, "commit", "--quiet", "--message", message);
    return await this.git("rev-parse", "HEAD");
  }

  /** What git prints. */
  async git(...args: readonly string[]): Promise<string> {
    const date = "2026-01-01T00:00:00Z";
    const { success, stdout, stderr } = await new Deno.Command("git", {
      args: ["-C", this.path, ...args],
      // Tests may run in a hook of the project itself.
      clearEnv: true,
      env: {
        ...{
          GIT_AUTHOR_DATE: date,
          GIT_COMMITTER_DATE: date,
          GIT_CONFIG_GLOBAL: "/dev/null",
          GIT_CONFIG_NOSYSTEM: "1",
        },
      },
    }).output();
    if (!success) throw new Error(`git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The scores of a method's seeds, item by item. */
export interface TestRow {
  readonly method: string;
  readonly dataset: string;
  readonly metric: string;
  /** Of each seed the items' scores. */
  readonly scores: ReadonlyMap<number, readonly number[]>;
  /** Whether they are kept item by item. */
  readonly hasItems?: boolean;
}

/** `scores.csv` and `items.csv` of an experiment, below `results/tiny/`. */
export function resultFiles(experiment: string, rows: readonly TestRow[]): Record<string, string> {
  const scores: ScoreRow[] = [];
  const items: ItemsRow[] = [];
  for (const { method, dataset, metric, scores: bySeed, hasItems = true } of rows) {
    for (const [seed, values] of bySeed) {
      const key = { experiment, method, dataset, metric, seed };
      const value = values.reduce((sum, each) => sum + each, 0) / values.length;
      scores.push({ ...key, value, count: values.length });
      if (hasItems) items.push({ ...key, values });
    }
  }
  const folder = `results/tiny/${experiment}`;
  return { [`${folder}/scores.csv`]: formatScores(scores), [`${folder}/items.csv`]: formatItems(items) };
}

/** How scores are drawn: standard deviations between seeds, between items, and of an item on one seed. */
export interface TestDraws {
  readonly level: number;
  readonly seeds?: readonly number[];
  readonly items?: number;
  readonly seedSd?: number;
  readonly itemSd?: number;
  readonly residualSd?: number;
}

/** The same of every name: another name is another training of all seeds, on the same items. */
export function drawScores(
  name: string,
  { level, seeds = [1, 2, 3, 4, 5], items = 60, seedSd = 0.02, itemSd = 0.15, residualSd = 0.1 }: TestDraws,
): ReadonlyMap<number, readonly number[]> {
  const ofItems = new RandomStream(1, "items");
  const effects = Array.from({ length: items }, () => level + itemSd * ofItems.normal());
  const stream = new RandomStream(1, name);
  return new Map(seeds.map((seed) => {
    const shift = seedSd * stream.normal();
    return [seed, effects.map((effect) => effect + shift + residualSd * stream.normal())];
  }));
}

/** The same trainings with a change of theirs: by `shift`, varying by a standard deviation of `seedSd` and, item by item, `itemSd`. */
export function changeScores(
  scores: ReadonlyMap<number, readonly number[]>,
  { shift, seedSd = 0, itemSd = 0 }: { readonly shift: number; readonly seedSd?: number; readonly itemSd?: number },
): ReadonlyMap<number, readonly number[]> {
  const stream = new RandomStream(1, `change by ${shift}`);
  return new Map([...scores].map(([seed, values]) => {
    const ofSeed = shift + seedSd * stream.normal();
    return [seed, values.map((value) => value + ofSeed + itemSd * stream.normal())];
  }));
}
