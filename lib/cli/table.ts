import { InputError } from "#lib/errors.ts";
import { loadProfile } from "#lib/experiment/profile.ts";
import { folderOf, readKnown } from "#lib/runner/known_results.ts";
import { staleOf } from "#lib/runner/plan.ts";
import { adapterHere } from "#lib/runner/adapter_memory.ts";
import { presentOf } from "#lib/runner/present.ts";
import { reportOf } from "#lib/runner/report.ts";
import { ResultsFolder } from "#lib/runner/results_folder.ts";
import { formatTable, TABLE_FORMATS, type TableFormat } from "#lib/reporting/table_formats.ts";
import { defineCommand } from "./command.ts";
import { DEFAULT_PROFILE, DEFAULT_RESULTS, selectExperiments } from "./reproduce.ts";

export const table = defineCommand({
  name: "table",
  summary: "prints tables from the recorded scores; computes nothing anew",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: {
    profile: { kind: "text", value: "P", help: "default tiny" },
    results: { kind: "path", value: "DIR", help: "where results are kept; default results" },
    data: { kind: "path", value: "DIR", help: "the folder of data that was used in place of the embedded data" },
    set: {
      kind: "repeated",
      value: "key=value",
      help: "another value for a setting, as it was run with; may be repeated",
    },
    format: { kind: "choice", value: "F", known: TABLE_FORMATS, help: "default md" },
  },
  async run({ positional, flags }, context) {
    const profile = flags.profile ?? DEFAULT_PROFILE;
    const results = flags.results ?? DEFAULT_RESULTS;
    const experiments = selectExperiments(positional, context);
    const format = (flags.format ?? "md") as TableFormat;
    const place = { resultsFolder: results, profileName: profile };
    const present = await presentOf(await loadProfile(profile, flags.set), flags.data, await adapterHere(false));
    const missing: string[] = [];
    for (const experiment of experiments) {
      const folder = await ResultsFolder.open(folderOf(place, experiment.name), experiment.name);
      if (folder.scores.length === 0) {
        missing.push(
          `${folder.path}/scores.csv: no scores; ./run reproduce ${experiment.name} --profile ${profile} makes them`,
        );
        continue;
      }
      const stale = staleOf(experiment, await readKnown(place, experiment), present);
      const { tables } = reportOf(experiment, folder, profile, stale);
      // One CSV has one header; the further tables are files beside the results.
      for (const table of format === "csv" ? [tables.table] : Object.values(tables)) {
        context.terminal.print(formatTable(table, format));
      }
    }
    if (positional.length > 0 || missing.length === experiments.length) {
      if (missing.length > 0) throw new InputError(missing[0]);
    }
    for (const line of missing) context.terminal.report(`${line}\n`);
    return 0;
  },
});
