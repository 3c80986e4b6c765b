import { InputError } from "#lib/errors.ts";
import { profileOf } from "#lib/results/place.ts";
import { readKnown } from "#lib/runner/known_results.ts";
import { folderOf } from "#lib/results/place.ts";
import { staleOf } from "#lib/runner/plan.ts";
import { reportOf } from "#lib/runner/report.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import { formatTable, TABLE_FORMATS, type TableFormat } from "#lib/reporting/table_formats.ts";
import { defineCommand } from "./command.ts";
import { describePlace } from "./place_text.ts";
import { SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const table = defineCommand({
  name: "table",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: {
    ...SHOWN_FLAGS,
    format: { kind: "choice", value: "F", known: TABLE_FORMATS, help: "default md" },
  },
  async run({ positional, flags }, context) {
    const { experiments, names, place, present } = await shownResults(positional, flags, context);
    const profile = profileOf(place.profileName);
    if (place.recorded !== undefined) context.terminal.report(`${describePlace(place)}\n`);
    const format = (flags.format ?? "md") as TableFormat;
    const missing: string[] = [];
    for (const experiment of experiments) {
      const folder = await ResultsFolder.open(folderOf(place, experiment.name), experiment.name);
      if (folder.scores.length === 0) {
        missing.push(
          `${folder.path}/scores.csv: no scores; ./run reproduce ${experiment.name} --profile ${profile} makes them`,
        );
        continue;
      }
      const known = await readKnown(place, experiment);
      folder.provenance = known.provenance;
      const stale = staleOf(experiment, known, present);
      const { tables } = reportOf(experiment, folder, profile, stale);
      // One CSV has one header; the further tables are files beside the results.
      for (const table of format === "csv" ? [tables.table] : Object.values(tables)) {
        context.terminal.print(formatTable(table, format));
      }
    }
    if (names.length > 0 || missing.length === experiments.length) {
      if (missing.length > 0) throw new InputError(missing[0]);
    }
    for (const line of missing) context.terminal.report(`${line}\n`);
    return 0;
  },
});
