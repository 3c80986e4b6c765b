import { InputError } from "#lib/errors.ts";
import { profileOf } from "#lib/results/place.ts";
import { formatTable, TABLE_FORMATS, type TableFormat } from "#lib/reporting/table_formats.ts";
import { defineCommand } from "./command.ts";
import { describePlace } from "./place_text.ts";
import { openReport, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const table = defineCommand({
  name: "table",
  positional: { name: "EXPERIMENT", kind: "text", min: 0 },
  flags: {
    ...SHOWN_FLAGS,
    format: { kind: "choice", value: "F", known: TABLE_FORMATS, help: "default md" },
  },
  async run({ positional, flags }, context) {
    const shown = await shownResults(positional, flags, context);
    const { experiments, names, place } = shown;
    const { terminal } = context;
    if (place.recorded !== undefined) terminal.report(`${describePlace(place)}\n`);
    const format = (flags.format ?? "md") as TableFormat;
    const missing: string[] = [];
    for (const experiment of experiments) {
      const { folder: { path }, report } = await openReport(experiment, shown);
      if (!report) {
        const command = `./run reproduce ${experiment.name} --profile ${profileOf(place.profileName)}`;
        missing.push(`${path}/scores.csv: no scores; ${command} makes them`);
        continue;
      }
      // One CSV has one header; the further tables are files beside the results.
      const tables = format === "csv" ? [report.tables.table] : Object.values(report.tables);
      for (const table of tables) terminal.print(formatTable(table, format));
    }
    if (missing.length > 0 && (names.length > 0 || missing.length === experiments.length)) {
      throw new InputError(missing[0]);
    }
    for (const line of missing) terminal.report(`${line}\n`);
    return 0;
  },
});
