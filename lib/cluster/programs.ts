import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

/** What a program of Slurm ended with. */
export interface Ended {
  readonly isDone: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs a program of Slurm; undefined where there is none, or this process may not run it. */
export async function runSlurm(program: string, args: readonly string[]): Promise<Ended | undefined> {
  try {
    return await run(program, args);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

async function run(program: string, args: readonly string[]): Promise<Ended | undefined> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { isDone: success, out, err };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * What a program of Slurm prints.
 *
 * @throws {InputError} where there is none, or it refuses
 */
export async function slurmOutput(program: string, args: readonly string[]): Promise<string> {
  const ended = await run(program, args);
  if (!ended) {
    const remedy = "start it on a machine of the cluster, or compute on this one with --jobs N";
    throw new InputError(`there is no ${program} here, which --executor slurm needs; ${remedy}`);
  }
  if (!ended.isDone) throw new InputError(`${program} refuses: ${reasonOf(ended.err)}`);
  return ended.out;
}

/** Slurm's last word, without the program's name before it. */
function reasonOf(err: string): string {
  const lines = err.trim().split("\n").map((line) => line.replace(/^\w+: (error: )?/, ""));
  return excerpt(lines.at(-1) || "it does not say why", 200);
}

/** Words as a shell would split them: quotes keep spaces. @throws {InputError} where a quote is not closed */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gys;
  let end = 0;
  for (const [whole, word] of text.matchAll(pattern)) {
    end += whole.length;
    words.push(
      word.replaceAll(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
        (_, a, b, c) => a ?? b?.replaceAll(/\\(.)/gs, "$1") ?? c,
      ),
    );
  }
  if (text.slice(end).trim() !== "") throw new InputError(`--slurm-args ${excerpt(text)}: a quote is not closed`);
  return words;
}
