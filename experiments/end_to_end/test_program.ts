/** The program in a process of its own. */
export interface Running {
  readonly process: Deno.ChildProcess;
  /** Waits until the run has written a line of this form to standard error, and gives all that it wrote so far. */
  until(pattern: RegExp): Promise<string>;
  /** Waits for its end. */
  end(): Promise<{ code: number; err: string }>;
}

export const PROGRAM = new URL("../main.ts", import.meta.url).href;

/** Starts it as a user would; what it prints is not kept. */
export function start(args: readonly string[], program = PROGRAM): Running {
  const words = ["run", "--quiet", "--allow-all", program, ...args];
  const process = new Deno.Command("deno", { args: words, stdout: "null", stderr: "piped" }).spawn();
  const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let err = "";
  const read = async (isEnough: () => boolean) => {
    while (!isEnough()) {
      const { value, done } = await reader.read();
      if (done) break;
      err += value;
    }
    return err;
  };
  return {
    process,
    until: (pattern) => read(() => pattern.test(err)),
    end: async () => ({ err: await read(() => false), code: (await process.status).code }),
  };
}
