import { EVALUATION_SET_NAMES } from "#lib/data/records.ts";
import { TASK_NAMES, type TaskName } from "#lib/data/task_records.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { listProfiles } from "#lib/bench/profile.ts";
import { defineCommand } from "./command.ts";

/** What is scored on, as the embedded data fills it: the sets of instruction following, and the tasks of encoder-decoders. */
const DATA_SETS: Readonly<Record<typeof EVALUATION_SET_NAMES[number] | TaskName, string>> = {
  dolly: "questions worded as in training, about other things",
  self_instruct: "the same questions in a user's words",
  vicuna: "questions with long answers, about words never asked so in training",
  sni: "four tasks that training has not, several right answers each",
  unni: "unusual wordings",
  samsum: "summaries of endpoint descriptions",
  iwslt: "compiler messages, English to German",
  strategyqa: "whether a thing, told by its gloss, is of a kind",
};

export const list = defineCommand({
  name: "list",
  flags: {},
  async run(_, { experiments, terminal }) {
    const sections: Readonly<Record<string, readonly (readonly [name: string, summary: string])[]>> = {
      Experiments: experiments.map(({ name, source, description, onlyWhenNamed }) => [
        name,
        `${source}: ${description}${onlyWhenNamed ? " (runs only when named)" : ""}`,
      ]),
      ...taskSection(experiments),
      Profiles: (await listProfiles()).map(({ name, summary }) => [name, summary]),
      ...methodSections(experiments),
      "Data sets": [...EVALUATION_SET_NAMES, ...TASK_NAMES].map((name) => [name, DATA_SETS[name]]),
    };
    const names = Object.values(sections).flatMap((rows) => rows.map(([name]) => name.length));
    const width = Math.max(...names);
    Object.entries(sections).forEach(([title, rows], i) => {
      terminal.print(`${i > 0 ? "\n" : ""}${title}`);
      for (const [name, summary] of rows) terminal.print(`  ${name.padEnd(width)}  ${summary}`);
    });
    return 0;
  },
});

/** What `--tasks` takes, and which experiments have it. */
function taskSection(experiments: readonly Experiment[]): Record<string, (readonly [string, string])[]> {
  const tasks = [...new Set(experiments.flatMap((experiment) => experiment.tasks ?? []))];
  const having = (task: string) => experiments.filter((each) => each.tasks?.includes(task)).map(({ name }) => name);
  return tasks.length === 0 ? {} : { Tasks: tasks.map((task) => [task, `of ${having(task).join(", ")}`] as const) };
}

/** The methods of every experiment; those of experiments that have the same are listed once. */
function methodSections(experiments: readonly Experiment[]): Record<string, (readonly [string, string])[]> {
  const byMethods = Map.groupBy(experiments, ({ methods }) => methods.map(({ name }) => name).join());
  return Object.fromEntries([...byMethods.values()].map((group) => [
    `Methods of ${group.map(({ name }) => name).join(", ")}`,
    group[0].methods.map(({ name, summary }) => [name, summary] as const),
  ]));
}
