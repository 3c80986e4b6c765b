import { InputError } from "#lib/errors.ts";
import { resultTable } from "#lib/experiment/result_tables.ts";
import { ResultsFolder } from "#lib/experiment/results_folder.ts";
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
    format: { kind: "choice", value: "F", known: TABLE_FORMATS, help: "default md" },
  },
  async run({ positional, flags }, context) {
    const profile = flags.profile ?? DEFAULT_PROFILE;
    for (const experiment of selectExperiments(positional, context)) {
      const folder = await ResultsFolder.open(flags.results ?? DEFAULT_RESULTS, profile, experiment.name);
      if (folder.scores.length === 0) {
        throw new InputError(`${folder.path}/scores.csv: no scores; ./run reproduce --profile ${profile} makes them`);
      }
      const format = (flags.format ?? "md") as TableFormat;
      context.terminal.print(formatTable(resultTable(experiment, profile, folder.scores), format));
    }
    return 0;
  },
});
