/** What `./run help` shows: the one place where commands are grouped and described. `./run` prints the file itself. */
import TEXT from "./help.txt" with { type: "text" };

export const HELP = TEXT.trimEnd();

/** The names of all tasks, in the order of the help. */
export const TASK_NAMES: readonly string[] = [...HELP.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);

/** The line about a command and an empty one, for its own help; nothing for one that the help does not have. */
export function summaryOf(name: string): string[] {
  const [, summary] = new RegExp(`^ {2}${name} +(.*)$`, "m").exec(HELP) ?? [];
  return summary === undefined ? [] : [summary, ""];
}
