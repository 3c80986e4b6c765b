/** A task of `deno.json`. */
export interface Task {
  readonly task: string;
  /** Its command's words. */
  readonly words: readonly string[];
}

const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))) as {
  tasks: Record<string, { command: string }>;
};

export const TASKS: readonly Task[] = Object.entries(tasks).map(([task, { command }]) => ({
  task,
  words: command.split(/\s+/),
}));

/** What a task may do by one of Deno's permissions, as `deno.json` has it; undefined for nothing. A second program's stand after a space. */
export function granted(words: readonly string[], kind: string): string | undefined {
  const values = words.filter((word) => word.startsWith(`--allow-${kind}=`)).map((word) => word.replace(/^[^=]*=/, ""));
  return values.length > 0 ? values.join(" ") : undefined;
}
