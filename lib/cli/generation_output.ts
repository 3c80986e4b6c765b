import { storageErrorOf } from "#lib/results/storage.ts";
import { excerpt, visibleJson, visibleLength } from "#lib/visible_text.ts";
import { formatDuration, type ProgressLine } from "./progress_line.ts";
import type { Terminal } from "./terminal.ts";
import type { TextTaker, WrittenText } from "./write_texts.ts";

/** What is not lost where the file of `--out` cannot be written. */
const PLACE = { kept: "the lines before are whole", instead: "take another file with --out FILE" };

export interface OutputOptions {
  readonly terminal: Terminal;
  readonly line: ProgressLine;
  /** The file of `--out`. */
  readonly out: string | undefined;
  readonly json: boolean;
  /** Whether there is one prompt, whose text is shown as it comes. */
  readonly isOne: boolean;
}

/** Where `generate` writes: one text as it comes, several with their prompts or as JSON, and at the end what it took. */
export class GenerationOutput implements TextTaker, Disposable {
  readonly streams: boolean;
  readonly #options: OutputOptions;
  readonly #file: Deno.FsFile | undefined;
  readonly #start = performance.now();
  /** What may have to be shown otherwise if more follows. */
  #held = "";
  #endsLine = true;
  #tokens = 0;
  #texts = 0;
  #unknownIds = 0;
  #last: WrittenText | undefined;

  private constructor(options: OutputOptions, file: Deno.FsFile | undefined) {
    [this.#options, this.#file] = [options, file];
    this.streams = options.isOne && !options.json;
  }

  /** @throws {StorageError} if the file cannot be written */
  static async open(options: OutputOptions): Promise<GenerationOutput> {
    const { out } = options;
    if (out === undefined) return new GenerationOutput(options, undefined);
    try {
      return new GenerationOutput(options, await Deno.open(out, { write: true, create: true, truncate: true }));
    } catch (error) {
      throw await storageErrorOf(error, out, "written", PLACE);
    }
  }

  token(piece: string): void {
    this.#tokens++;
    if (this.streams) this.#show(piece);
    else this.#options.line.update(() => this.#summary());
  }

  async text(written: WrittenText, rest: string): Promise<void> {
    const { terminal, line, json, out } = this.#options;
    this.#texts++;
    this.#last = written;
    await this.#keep(written);
    if (this.streams) return this.#showEnd(rest);
    line.end();
    if (json) terminal.print(visibleJson(written));
    else if (out === undefined) {
      terminal.print(`> ${excerpt(written.prompt, Math.max(8, terminal.columns - 3))}\n${written.text.trim()}\n`);
    }
  }

  unknownIds(count: number): void {
    this.#unknownIds += count;
  }

  /** Says what it took. */
  end(): void {
    const { terminal, line } = this.#options;
    line.end();
    terminal.report(`${this.#summary()}\n`);
    if (this.#unknownIds === 0) return;
    terminal.report(
      `${this.#unknownIds} of the ids have no token in this tokenizer, and are shown as \ufffd: is it this model's?\n`,
    );
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }

  #show(piece: string): void {
    this.#held += piece;
    const length = visibleLength(this.#held);
    this.#write(this.#held.slice(0, length));
    this.#held = this.#held.slice(length);
  }

  #showEnd(rest: string): void {
    this.#write(this.#held + rest);
    this.#held = "";
    if (!this.#endsLine) this.#write("\n");
  }

  #write(text: string): void {
    if (text === "") return;
    this.#endsLine = text.endsWith("\n");
    this.#options.terminal.write(text);
  }

  async #keep(written: WrittenText): Promise<void> {
    if (!this.#file) return;
    try {
      let bytes = new TextEncoder().encode(`${JSON.stringify(written)}\n`);
      while (bytes.length > 0) bytes = bytes.subarray(await this.#file.write(bytes));
    } catch (error) {
      throw await storageErrorOf(error, this.#options.out!, "written", PLACE);
    }
  }

  /** As in `100 tokens in 4 s, 25.3 tokens/s; ended by eos`. */
  #summary(): string {
    const ms = performance.now() - this.#start;
    const rate = (1000 * this.#tokens / ms).toFixed(1);
    const texts = this.#options.isOne ? "" : `${this.#texts} ${this.#texts === 1 ? "text" : "texts"}, `;
    const tokens = `${this.#tokens.toLocaleString("en")} ${this.#tokens === 1 ? "token" : "tokens"}`;
    const ended = this.#options.isOne && this.#last ? `; ${ENDS[this.#last.ended]}` : "";
    return `${texts}${tokens} in ${formatDuration(ms)}, ${rate} tokens/s${ended}`;
  }
}

const ENDS: Readonly<Record<WrittenText["ended"], string>> = {
  eos: "the model ended the text",
  length: "--max-new-tokens ended the text",
  interrupted: "interrupted",
};
