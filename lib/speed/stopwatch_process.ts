import { InputError } from "#lib/errors.ts";
import type { ShapesName } from "./catalog.ts";
import { linesOf } from "./lines.ts";
import type { Sample, Sampled } from "./sampling.ts";
import { STORIES_FOLDER } from "./stories_folder.ts";
import type { StopwatchReply, StopwatchRequest } from "./stopwatch_protocol.ts";

/** A row of a stopwatch, open until it is disposed of. */
export interface RemoteRow extends Sampled, AsyncDisposable {
  readonly samples: readonly Sample[];
}

/** Times rows of one checkout, one at a time. */
export interface Stopwatch {
  readonly device: string;
  /** @throws {RowError} if the checkout does not have what the row times, or its device cannot run it */
  open(shapes: ShapesName, name: string): Promise<RemoteRow>;
}

/** A row cannot be measured in a checkout; the others may. */
export class RowError extends Error {
  override readonly name = "RowError";
}

/** A stopwatch in a process of its own. */
export class StopwatchProcess implements Stopwatch, AsyncDisposable {
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #replies: AsyncGenerator<string>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #errors: Promise<string>;
  #device = "";

  private constructor(folder: string, process: Deno.ChildProcess) {
    this.#folder = folder;
    this.#process = process;
    this.#replies = linesOf(process.stdout);
    this.#requests = process.stdin.getWriter();
    this.#errors = new Response(process.stderr).text();
  }

  /**
   * Starts the stopwatch on a checkout of this project.
   *
   * @throws {InputError} if the stopwatch cannot use its runtime, or its adapter
   */
  static async start(folder: string): Promise<StopwatchProcess> {
    const permissions = [
      ...["--no-prompt", "--ignore-env", "--allow-env=INIT_CWD,XDG_RUNTIME_DIR"],
      `--allow-read=${STORIES_FOLDER}`,
    ];
    const program = ["--quiet", "--frozen", "--config", "deno.json", import.meta.resolve("./stopwatch.ts")];
    const started = new Deno.Command("deno", {
      args: ["run", ...permissions, ...program],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stopwatch = new StopwatchProcess(folder, started);
    try {
      const ready = await stopwatch.#reply();
      if (ready.kind !== "ready") throw new Error(`${folder}: expected its stopwatch to be ready, not ${ready.kind}`);
      if (ready.deno !== Deno.version.deno) {
        throw new InputError(`the deno on PATH is ${ready.deno}, not this one, ${Deno.version.deno}; start by ./run`);
      }
      stopwatch.#device = ready.device;
      return stopwatch;
    } catch (error) {
      await stopwatch[Symbol.asyncDispose]();
      throw error;
    }
  }

  get device(): string {
    return this.#device;
  }

  async open(shapes: ShapesName, name: string): Promise<RemoteRow> {
    let state = await this.#measure({ kind: "open", shapes, name });
    const measure = () => this.#measure({ kind: "sample" });
    return {
      get samples() {
        return state.samples;
      },
      hasEnough: () => state.hasEnough,
      async sample() {
        state = await measure();
        return state.samples.at(-1)!.ms;
      },
      [Symbol.asyncDispose]: async () => void await this.#ask({ kind: "close" }),
    };
  }

  async #measure(request: StopwatchRequest) {
    const reply = await this.#ask(request);
    if (reply.kind === "error") throw new RowError(reply.message);
    if (reply.kind !== "samples") throw new Error(`${this.#folder}: expected samples, not ${reply.kind}`);
    return reply;
  }

  async #ask(request: StopwatchRequest): Promise<StopwatchReply> {
    await this.#requests.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    return await this.#reply();
  }

  async #reply(): Promise<StopwatchReply> {
    const { value } = await this.#replies.next();
    if (value !== undefined) return JSON.parse(value);
    const errors = (await this.#errors).trim().split("\n");
    const reason = (errors.find((line) => line.startsWith("error: ")) ?? errors[0]).replace(/^error: /, "");
    throw new InputError(`${this.#folder}: its kernels cannot be timed: ${reason || "the process ended"}`);
  }

  /** Ends the process, which has nothing to keep. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {}); // it may have ended by itself
    await this.#replies.return(undefined);
    await this.#process.status;
    await this.#errors;
  }
}

/** @throws {InputError} if the folder is no checkout of this project */
export async function expectCheckout(folder: string): Promise<void> {
  for (const file of ["deno.json", "kernels/runtime/gpu.ts"]) {
    try {
      if ((await Deno.stat(`${folder}/${file}`)).isFile) continue;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
    throw new InputError(`${folder}: has no ${file}; --against takes the folder of another checkout of this project`);
  }
}
