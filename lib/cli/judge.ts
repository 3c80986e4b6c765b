import { InputError } from "#lib/errors.ts";
import { CACHE_FOLDER } from "#lib/bench/pair_oracle.ts";
import { seedsOf } from "#lib/bench/seeds.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { type Judge, openJudge } from "#lib/judge/judge.ts";
import { readResponses } from "#lib/runner/cell_responses.ts";
import { type Cell, cellKeyOf, cellsOf, fullAddressOf } from "#lib/runner/cell.ts";
import { openKnown, readKnown } from "#lib/runner/known_results.ts";
import { staleOf } from "#lib/runner/plan.ts";
import { reportOf, writeReport } from "#lib/runner/report.ts";
import { lockFolder } from "#lib/results/folder_lock.ts";
import { type JudgedRow, writeJudged } from "#lib/results/judged_rows.ts";
import { folderOf, profileOf } from "#lib/results/place.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import type { SampleResponse } from "#lib/results/cell_result.ts";
import { formatTable } from "#lib/reporting/table_formats.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { defineCommand } from "./command.ts";
import { ProgressLine } from "./progress_line.ts";
import { givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const judge = defineCommand({
  name: "judge",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: {
    ...SHOWN_FLAGS,
    methods: { kind: "names", value: "a,b", help: "only these rows of the tables" },
    seeds: { kind: "seeds", value: "10,20,30", help: "seeds in place of the profile's" },
    quiet: { kind: "switch", help: "shows no progress" },
  },
  async run({ positional, flags }, context) {
    const { terminal } = context;
    const { experiments, place, present, profile } = await shownResults(positional, flags, context);
    // Tasks are scored by measures of their own.
    const judged = experiments.filter(({ tasks, methods }) => tasks === undefined && methods.length > 0);
    const known = judged.flatMap(({ methods }) => methods.map(({ name }) => name));
    for (const name of flags.methods ?? []) expectKnown("method", name, known);
    const line = new ProgressLine({ terminal, quiet: flags.quiet });
    let what = "";
    const say = (message: string) => line.update(() => `${what}${message}`);
    const answered = (done: number, total: number) => say(`judge: ${done} of ${total}`);
    const opened = await openJudge(profile.judge, { cacheFolder: CACHE_FOLDER, say, answered });
    if (!opened) {
      const example = "--set judge.url=http://localhost:8080/v1 --set judge.model=NAME";
      throw new InputError(`judge.url names no endpoint: say who grades, as in ./run judge ${example}`);
    }
    using _ = await lockFolder(place.resultsFolder);
    let cells = 0;
    const lacking: Cell[] = [];
    try {
      for (const experiment of judged) {
        const path = folderOf(place, experiment.name);
        const folder = await ResultsFolder.open(path, experiment.name);
        const seeds = flags.seeds ?? seedsOf(experiment, profile);
        for (const cell of cellsOf(experiment, { seeds, methods: flags.methods })) {
          const { scores, samples } = folder.resultOf(cellKeyOf(cell));
          if (scores.length === 0 || samples.length === 0) continue;
          const responses = await readResponses(place, cell, samples);
          if (responses === undefined) {
            lacking.push(cell);
            continue;
          }
          // A wrong key or address is to show at once, and before anything is graded.
          if (cells++ === 0) await opened.check();
          what = `${fullAddressOf(cell)}: `;
          // Cell by cell, so that what is graded is kept whatever ends the process.
          await writeJudged(path, await grade(cell, responses, opened, profile.judge.model));
        }
        const known = await readKnown(place, experiment);
        const whole = await openKnown(place, experiment, known);
        const profileName = profileOf(place.profileName);
        const stale = staleOf(experiment, known, present);
        const { tables } = reportOf(experiment, whole, profileName, stale);
        if (tables.judge !== undefined) await writeReport(experiment, whole, profileName, stale);
        line.end();
        if (tables.judge !== undefined) terminal.print(formatTable(tables.judge, "md"));
      }
    } finally {
      line.end();
    }
    if (lacking.length > 0) {
      const [{ experiment, method, seed }] = lacking;
      const options = ["--methods", method.name, "--seeds", String(seed), "--force", ...givenArguments(flags)];
      const command = shellCommand(["reproduce", experiment.name, ...options]);
      const note = `not judged: ${lacking.length} recorded cells whose responses are not on this machine, ${
        fullAddressOf(lacking[0])
      } first; ${command} writes its responses again`;
      if (cells === 0) throw new InputError(note);
      terminal.report(`${note}\n`);
    } else if (cells === 0) {
      throw new InputError(`${place.resultsFolder}/${place.profileName}: no recorded responses to judge`);
    }
    return 0;
  },
});

/** The judge's scores of the responses to each set. */
async function grade(
  { method, seed }: Cell,
  responses: readonly SampleResponse[],
  opened: Judge,
  model: string,
): Promise<JudgedRow[]> {
  const rows: JudgedRow[] = [];
  for (const [dataset, items] of Map.groupBy(responses, ({ dataset }) => dataset)) {
    rows.push({ method: method.name, seed, dataset, items: await opened.score(items), judge: model });
  }
  return rows;
}
