/**
 * What `gpu_check.sh` runs when there is an adapter: verify, the tests of the kernels, and bench with the layers of GPT-2, each
 * for a limited time. Arguments: the file to write, what `doctor` said, the driver, the commit, and `--quick`.
 */
import { BESIDE, besideFolder, INSIDE, insideFolder } from "#lib/verification/known_fixtures.ts";
import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";

/** A command of the check. */
export interface Step {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
  /** What it may take; then it is ended. */
  readonly limitSeconds: number;
  /** Whether its standard output is JSON. */
  readonly isJson: boolean;
}

/** What a step came to. */
export interface StepResult {
  readonly name: string;
  readonly status: "ok" | "failed" | "out of time";
  readonly seconds: number;
  /** What it printed: a value where that is JSON, else the last lines. */
  readonly output: unknown;
  /** The last lines of its standard error. */
  readonly errors: string;
}

/** All steps together stay under 8 minutes, even if each has to be killed. */
const LIMITS = { verify: 90, kernels: 160, gpt2: 95, reference: 105 } as const;
/** What a step that is asked to end may take to do so. A driver that compiles hears nothing. */
const GRACE_MS = 5000;
const KEPT_CHARACTERS = 10_000;

/** Folders that `verify` takes, in the repository and beside it. */
const FIXTURES = [...INSIDE.map(insideFolder), ...Object.keys(BESIDE).map(besideFolder)];

/** The kernels that are tested where there is little time. */
const FEW_KERNELS = ["matmul", "attention", "layer_norm", "gelu", "cross_entropy", "adamw"];

/**
 * The steps of a check.
 *
 * @param tasks of `deno.json`: the programs run with their permissions
 * @param exists whether a folder is there
 */
export function stepsOf(
  tasks: Readonly<Record<string, { readonly command: string }>>,
  quick: boolean,
  exists: (folder: string) => boolean,
): Step[] {
  const fixtures = FIXTURES.filter(exists).slice(0, quick ? 3 : undefined);
  const task = (name: string, limitSeconds: number, ...args: readonly string[]) => {
    const words = tasks[name].command.split(" ").slice(2);
    return { args: ["run", ...words, ...args, "--json"], limitSeconds, isJson: true };
  };
  const test = ["test", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.,../shared"];
  const kernels = quick ? FEW_KERNELS.map((name) => `kernels/${name}`) : ["kernels"];
  return [
    { name: "verify", ...task("verify", LIMITS.verify, ...fixtures) },
    { name: "kernels", args: [...test, ...kernels], limitSeconds: LIMITS.kernels, isJson: false },
    { name: "bench gpt2", ...task("bench", LIMITS.gpt2, "--shapes", quick ? "gpt2_quick" : "gpt2") },
    { name: "bench reference", ...task("bench", LIMITS.reference) },
  ];
}

/** What a step is run with; given by tests. */
export interface StepOptions {
  /** Calls back after so many milliseconds, unless what it returns is called before. */
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** Shows what comes on the step's standard error. */
  readonly show?: (text: string) => void;
}

/** Runs a step to its end or its limit. */
export async function runStep(
  { name, args, limitSeconds, isJson }: Step,
  { after = afterTime, show = showError }: StepOptions = {},
): Promise<StepResult> {
  const start = performance.now();
  const env = { NO_COLOR: "1" };
  const process = new Deno.Command("deno", { args: [...args], env, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  let isLate = false;
  let hasEnded = false;
  process.status.then(() => hasEnded = true);
  const end = (signal: Deno.Signal) => () => {
    if (hasEnded) return;
    isLate = true;
    process.kill(signal);
  };
  const cancels = [
    after(1000 * limitSeconds, end("SIGTERM")),
    after(1000 * limitSeconds + GRACE_MS, end("SIGKILL")),
  ];
  const [output, errors, status] = await Promise.all([
    new Response(process.stdout).text(),
    shownText(process.stderr, show),
    process.status,
  ]);
  for (const cancel of cancels) cancel();
  return {
    name,
    status: isLate ? "out of time" : status.success ? "ok" : "failed",
    seconds: Math.round((performance.now() - start) / 100) / 10,
    output: (isJson ? parsed(output) : undefined) ?? output.slice(-KEPT_CHARACTERS),
    errors: errors.slice(-KEPT_CHARACTERS),
  };
}

function afterTime(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

function showError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

async function shownText(stream: ReadableStream<Uint8Array<ArrayBuffer>>, show: (text: string) => void) {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    show(text);
    all += text;
  }
  return all;
}

/** The value of a text; undefined where it is not JSON, as that of a program which was ended. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A line about a step's result. */
export function describeResult({ name, status, seconds, output, errors }: StepResult): string {
  const last = `${typeof output === "string" ? output : errors}`.trim().split("\n").at(-1)!;
  return `${name}: ${status}, ${seconds} s${status === "ok" && typeof output !== "string" ? "" : `: ${last}`}`;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** What WebGPU says of the adapter. */
async function describeAdapter() {
  const { info, limits, features } = await requestAdapter();
  const { vendor, architecture, device, description } = info;
  const numbers = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(limits)))
    .map(([name]) => [name, (limits as unknown as Record<string, unknown>)[name]])
    .filter(([, value]) => typeof value === "number");
  const tuning = tuningFor(info).name;
  return {
    ...{ vendor, architecture, device, description, tuning },
    features: [...features],
    limits: Object.fromEntries(numbers),
  };
}

async function check([file, doctor, driver, commit, quick]: readonly string[]): Promise<boolean> {
  const adapter = await describeAdapter();
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const results: StepResult[] = [];
  const isQuick = quick !== undefined || adapter.tuning === "cpu";
  const { os, arch } = Deno.build;
  const about = { commit, quick: isQuick, os, arch, deno: Deno.version.deno, driver, adapter, doctor };
  for (const step of stepsOf(tasks, isQuick, isFolder)) {
    results.push(await runStep(step));
    console.log(describeResult(results.at(-1)!));
    await Deno.writeTextFile(file, `${JSON.stringify({ ...about, steps: results }, undefined, 2)}\n`);
  }
  console.log(`written to ${file}`);
  return results.every(({ status }) => status === "ok");
}

if (import.meta.main) Deno.exit(await check(Deno.args) ? 0 : 1);
