/**
 * What of the data a run does not see, in sentences for the reader of its tables: records that a limit leaves out or cuts, letters that
 * the tokenizer does not know, references that the metric cannot see.
 */
export class DataNotes {
  /** In the order in which things were found. */
  readonly lines: string[];
  readonly #prefix: string;

  /**
   * @param corpus names the data where a table has several
   * @param lines what is noted already
   */
  constructor(corpus?: string, lines: readonly string[] = []) {
    this.#prefix = corpus === undefined ? "" : `${corpus}, `;
    this.lines = [...lines];
  }

  /** For provenance: nothing where nothing was lost. */
  get description(): { readonly notes?: readonly string[] } {
    return this.lines.length === 0 ? {} : { notes: this.lines };
  }

  /** The first records of a set, up to a limit; notes the others. @param setting names the limit */
  first<Record>(
    set: string,
    records: readonly Record[],
    limit: number | undefined,
    setting: string,
  ): readonly Record[] {
    const used = records.slice(0, limit);
    if (used.length < records.length) {
      this.#add(`${set}: the first ${used.length} of ${records.length} records are used (${setting}).`);
    }
    return used;
  }

  /** Notes that so many things of a set are lost, if any are. */
  count(set: string, count: number, total: number, what: string): void {
    if (count > 0) this.#add(`${set}: ${count} of ${total} ${what}.`);
  }

  /** Notes prompts with letters that no training text has. @param unknown the id that stands for one, where there is such an id */
  unknownLetters(set: string, prompts: readonly (readonly number[])[], unknown: number | undefined): void {
    if (unknown === undefined) return;
    const count = prompts.filter((ids) => ids.includes(unknown)).length;
    this.count(set, count, prompts.length, "prompts have letters that the training texts lack: models see <unk> there");
  }

  /** Notes references that a metric finds nothing in. @param sees whether it finds something in one */
  unseenReferences(
    set: string,
    records: readonly { readonly references: readonly string[] }[],
    metric: string,
    sees: (reference: string) => boolean,
  ): void {
    const references = records.flatMap(({ references }) => references);
    const unseen = references.filter((reference) => !sees(reference)).length;
    this.count(set, unseen, references.length, `references have no word that ${metric} sees: they score 0.0 always`);
  }

  #add(line: string): void {
    this.lines.push(`${this.#prefix}${line}`);
  }
}
