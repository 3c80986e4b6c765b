import { readGrids } from "#lib/cluster/grid.ts";
import { slurmOutput } from "#lib/cluster/programs.ts";
import { queueOf } from "#lib/cluster/queue.ts";
import { InputError } from "#lib/errors.ts";
import { defineCommand } from "./command.ts";
import { DEFAULT_RESULTS, RESULTS_FLAGS } from "./results_flags.ts";

export const cancel = defineCommand({
  name: "cancel",
  flags: { results: RESULTS_FLAGS.results },
  async run({ flags }, { terminal }) {
    const grids = await readGrids(flags.results ?? DEFAULT_RESULTS);
    const queue = await queueOf(grids.flatMap(({ jobs }) => jobs.map(({ id }) => id)));
    if (!queue) throw new InputError("squeue does not say which jobs are queued; is this a machine of the cluster?");
    const living = [...new Set([...queue.keys()].map((task) => task.split("_")[0]))];
    if (living.length > 0) await slurmOutput("scancel", living);
    terminal.print(living.length === 0 ? "no job of these results is queued" : `cancelled ${living.join(", ")}`);
    return 0;
  },
});
