import type { Interrupted } from "#lib/errors.ts";
import { type Cell, fullAddressOf } from "./cell.ts";
import type { CellWatcher, Computation } from "./compute_cell.ts";
import { type Answer, linesOf, type Message, type Order, receivedError } from "./worker_messages.ts";

/** Letters of what a process wrote last to standard error that say why it ended. */
const KEPT_LETTERS = 400;

/** A worker has ended without an answer: killed, crashed, or asked to stop by somebody else. */
export class WorkerEnded extends Error {
  override readonly name = "WorkerEnded";
}

/** A process that computes cells, one at a time. */
export class WorkerProcess {
  readonly #process: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #watcher: CellWatcher;
  /** Of the cell that it is computing. */
  #current: { readonly cell: Cell; readonly answered: (answer: Answer | undefined) => void } | undefined;
  #isAlive = true;
  /** Resolves when it has ended, to how it did. */
  readonly #end: Promise<string>;

  constructor(process: Deno.ChildProcess, watcher: CellWatcher) {
    this.#process = process;
    this.#orders = process.stdin.getWriter();
    this.#watcher = watcher;
    this.#end = this.#follow();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /**
   * Computes a cell.
   *
   * @throws {WorkerEnded} where the process ends first; else what the cell failed with
   */
  async compute(cell: Cell, waits: boolean): Promise<Computation> {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#current = { cell, answered: resolve };
    if (this.#isAlive) this.#send({ cell: fullAddressOf(cell), waits });
    else resolve(undefined);
    const answer = await promise;
    this.#current = undefined;
    if (answer === undefined) throw new WorkerEnded(await this.#end);
    if ("failed" in answer) throw receivedError(answer.failed);
    return answer.done;
  }

  /** Asks it to save what it is computing, and to end. */
  stop(signal: Interrupted["signal"]): void {
    if (this.#isAlive) this.#send({ stop: signal });
  }

  kill(): void {
    if (this.#isAlive) this.#process.kill("SIGKILL");
  }

  /** Lets it end, when it has saved what it is computing. */
  async close(): Promise<void> {
    await this.#orders.close().catch(() => {});
    await this.#end;
  }

  #send(order: Order): void {
    // Whether it is there to read it shows at the end of its output.
    this.#orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`)).catch(() => {});
  }

  async #follow(): Promise<string> {
    const said = this.#lastWords();
    for await (const line of linesOf(this.#process.stdout)) {
      // A driver may write there, too.
      if (line.startsWith("{")) this.#receive(JSON.parse(line));
    }
    const { code, signal } = await this.#process.status;
    this.#isAlive = false;
    this.#current?.answered(undefined);
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    const words = await said;
    return words === "" ? how : `${how}: ${words}`;
  }

  #receive(message: Message): void {
    const current = this.#current;
    if ("note" in message) this.#watcher.note(message.note);
    else if (!current) return;
    else if ("say" in message) this.#watcher.say(current.cell, message.say);
    else if ("progress" in message) this.#watcher.progress(current.cell, message.progress);
    else current.answered(message);
  }

  async #lastWords(): Promise<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of this.#process.stderr) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(-KEPT_LETTERS);
    }
    return text.trim().replaceAll(/\s*\n\s*/g, "; ");
  }
}
