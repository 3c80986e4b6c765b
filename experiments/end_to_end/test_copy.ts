import { assertEquals } from "@std/assert";
import { testInFolder } from "./test_run.ts";

const PROJECT = new URL("../../", import.meta.url);
const PARTS = ["experiments", "kernels", "lib", "tools/std", "deno.json", "deno.lock"];

/** No driver: whoever asks for an adapter gets none. */
export const NO_GPU = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere" };

/** What a process ended with. */
export interface ProcessRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A copy of the program, whose sources a test may change, with results of its own. */
export class ProgramCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(folder: string): Promise<ProgramCopy> {
    const project = decodeURIComponent(PROJECT.pathname);
    await Deno.mkdir(`${folder}/tools`, { recursive: true });
    for (const part of PARTS) await run("sh", ["-c", 'cp -R "$0" "$1"', `${project}${part}`, `${folder}/${part}`]);
    return new ProgramCopy(folder);
  }

  /** Runs a command in a process of its own. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProcessRun> {
    return await run("deno", ["run", "--quiet", "--allow-all", "experiments/main.ts", ...args], {
      cwd: this.folder,
      env,
    });
  }

  /** The methods that `reproduce` of these arguments would run again, with the reasons that a dry run without a GPU says. */
  async plan(args: readonly string[]): Promise<Record<string, string>> {
    const { code, out, err } = await this.run(["reproduce", ...args, "--dry-run"], NO_GPU);
    assertEquals([code, err], [0, ""]);
    const lines = [...out.matchAll(/^ {2}([^:]+): (.+)$/gm)];
    return Object.fromEntries(
      lines.flatMap(([, names, why]) => names.split(", ").map((name) => [name.split("/")[0], why])),
    );
  }

  /** Changes a file for as long as a test looks at what follows from it. */
  async whileChanged<Seen>(path: string, change: (text: string) => string, look: () => Promise<Seen>): Promise<Seen> {
    const text = await Deno.readTextFile(`${this.folder}/${path}`);
    const changed = change(text);
    if (changed === text) throw new RangeError(`Cannot test a change of ${path}: it is the same`);
    await Deno.writeTextFile(`${this.folder}/${path}`, changed);
    try {
      return await look();
    } finally {
      await Deno.writeTextFile(`${this.folder}/${path}`, text);
    }
  }
}

async function run(command: string, args: readonly string[], options: Deno.CommandOptions = {}): Promise<ProcessRun> {
  const { code, stdout, stderr } = await new Deno.Command(command, { ...options, args: [...args] }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** A test with a copy of the program. */
export function testCopy(name: string, fn: (copy: ProgramCopy) => Promise<void>): void {
  testInFolder(name, async (folder) => fn(await ProgramCopy.make(folder)));
}
