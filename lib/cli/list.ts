import type { Experiment } from "#lib/bench/experiment.ts";
import { listProfiles, loadProfile } from "#lib/bench/profile.ts";
import { schemaOfProfile } from "#lib/bench/profile_schema.ts";
import { describedDataSets } from "#lib/reporting/display_names.ts";
import { defineCommand } from "./command.ts";
import { describeName } from "./list_method.ts";
import { DEFAULT_PROFILE, RESULTS_FLAGS } from "./results_flags.ts";

export const list = defineCommand({
  name: "list",
  positional: { name: "METHOD|SECTION", kind: "text", min: 0 },
  flags: { profile: RESULTS_FLAGS.profile, set: RESULTS_FLAGS.set },
  async run({ positional, flags }, { experiments, terminal }) {
    if (positional.length > 0) {
      const { profile: name = DEFAULT_PROFILE, set } = flags;
      const schema = await schemaOfProfile(name, experiments);
      const shown = { name, schema, profile: await loadProfile(name, schema, set) };
      terminal.print(positional.map((word) => describeName(word, experiments, shown)).join("\n\n"));
      return 0;
    }
    const sections: Readonly<Record<string, readonly (readonly [name: string, summary: string])[]>> = {
      Experiments: experiments.map(({ name, source, description, onlyWhenNamed }) => [
        name,
        `${source}: ${description}${onlyWhenNamed ? " (runs only when named)" : ""}`,
      ]),
      ...taskSection(experiments),
      Profiles: (await listProfiles()).map(({ name, summary }) => [name, summary]),
      ...methodSections(experiments),
      "Data sets": [...describedDataSets()].map(([name, { summary }]) => [name, summary]),
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
