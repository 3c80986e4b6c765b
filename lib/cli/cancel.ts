import { readGrids } from "#lib/cluster/grid.ts";
import { runSlurm, slurmOutput } from "#lib/cluster/programs.ts";
import { defineCommand } from "./command.ts";
import { DEFAULT_RESULTS, RESULTS_FLAGS } from "./results_flags.ts";

export const cancel = defineCommand({
  name: "cancel",
  flags: { results: RESULTS_FLAGS.results },
  async run({ flags }, { terminal }) {
    const grids = await readGrids(flags.results ?? DEFAULT_RESULTS);
    const ids = grids.flatMap(({ jobs }) => jobs.map(({ id }) => id));
    const queued = ids.length === 0 ? undefined : await runSlurm("squeue", ["-h", "-j", ids.join(), "-o", "%F"]);
    const living = [...new Set(queued?.out.split("\n").filter((id) => id !== "") ?? [])];
    if (living.length > 0) await slurmOutput("scancel", living);
    terminal.print(living.length === 0 ? "no job of these results is queued" : `cancelled ${living.join(", ")}`);
    return 0;
  },
});
