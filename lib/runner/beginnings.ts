import { hostHere } from "#lib/results/host.ts";
import { readTextIfThere } from "#lib/results/storage.ts";

/*
 * How often something that cells share was begun from nothing, over all processes and machines: more than once means that work was lost, or
 * done twice. A line for each beginning, in a file beside that of the snapshot; whoever writes has claimed that.
 */

/** @param path of the snapshot @param digest of what it is made of: with something else it is another thing */
export function noteBeginning(path: string, digest: string): void {
  try {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const line = `${digest} ${hostHere()} ${Deno.pid} ${new Date().toISOString()}\n`;
    Deno.writeTextFileSync(fileOf(path), line, { append: true });
  } catch {
    // A count that cannot be kept ends no run: the snapshot's own writing says what is wrong.
  }
}

export async function countBeginnings(path: string, digest: string): Promise<number> {
  const text = await readTextIfThere(fileOf(path)) ?? "";
  return text.split("\n").filter((line) => line.startsWith(`${digest} `)).length;
}

function fileOf(path: string): string {
  return `${path}.begun`;
}
