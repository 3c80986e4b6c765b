import { formatComparisonHtml } from "#lib/comparison/comparison_formats.ts";
import { InputError } from "#lib/errors.ts";
import type { Experiment, Report } from "#lib/bench/experiment.ts";
import { displayOf } from "#lib/bench/display.ts";
import { type Figure, renderSvg } from "#lib/reporting/figures/figure.ts";
import { curveFigures } from "#lib/reporting/page/page_curves.ts";
import type { ShownProvenance } from "#lib/reporting/page/page_provenance.ts";
import { formatReportPage, type PageExperiment } from "#lib/reporting/page/report_page.ts";
import { groupSamples } from "#lib/reporting/sample_groups.ts";
import { NO_PROVENANCE } from "#lib/results/provenance.ts";
import { profileOf } from "#lib/results/place.ts";
import { PROVENANCE_FILE, type ResultsFolder } from "#lib/results/results_folder.ts";
import { readTextIfThere, writeIfChanged } from "#lib/results/storage.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { compareVersions } from "./diff.ts";
import { openReport, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const report = defineCommand({
  name: "report",
  flags: SHOWN_FLAGS,
  async run({ flags }, context) {
    const shown = await shownResults([], flags, context);
    const { profileName: profile, resultsFolder: results } = shown.place;
    const experiments: PageExperiment[] = [];
    for (const experiment of shown.allExperiments) {
      const { folder, report } = await openReport(experiment, shown);
      if (report) experiments.push(await pageExperiment(experiment, folder, report));
    }
    if (experiments.length === 0) {
      throw new InputError(
        `${results}/${profile}: no scores; ./run reproduce --profile ${profileOf(profile)} makes them`,
      );
    }
    const changes = await changesOf({ results, profile }, context);
    const path = `${results}/${profile}/index.html`;
    await writeIfChanged(path, formatReportPage({ profile, experiments, changes }));
    context.terminal.print(path);
    return 0;
  },
});

/** Everything recorded of an experiment, drawn. */
async function pageExperiment(
  experiment: Experiment,
  folder: ResultsFolder,
  { tables, figures }: Report,
): Promise<PageExperiment> {
  const rows = tables.table?.rows ?? [];
  const svgs = await drawn(Object.values(figures));
  return {
    name: experiment.name,
    source: experiment.source,
    description: experiment.description,
    tables,
    figures: Object.fromEntries(Object.keys(figures).map((name, i) => [name, svgs[i]])),
    curves: await drawn(curveFigures(folder.curves, rows, displayOf([experiment]))),
    samples: groupSamples(folder.samples, rows),
    provenance: await provenanceOf(folder),
  };
}

/** Figures one after the other: the drawing library makes no use of more than one core. */
async function drawn(figures: readonly Figure[]): Promise<string[]> {
  const svgs: string[] = [];
  for (const figure of figures) svgs.push(await renderSvg(figure));
  return svgs;
}

/** As the file has it: in format 2 with the seconds of what cells share, which the folder's leaves out. None of an older one. */
async function provenanceOf({ path }: ResultsFolder): Promise<ShownProvenance | undefined> {
  const found = JSON.parse(await readTextIfThere(`${path}/${PROVENANCE_FILE}`) ?? "{}");
  return found.format >= 2 ? { ...NO_PROVENANCE, ...found } : undefined;
}

/** What `diff` shows of the results; undefined, with a note that says why, where there is nothing to compare them with. */
async function changesOf(
  of: { readonly results: string; readonly profile: string },
  context: CommandContext,
): Promise<string | undefined> {
  try {
    return formatComparisonHtml(await compareVersions([], of, context), displayOf(context.experiments));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    context.terminal.report(`without changes since the last commit: ${error.message}\n`);
    return undefined;
  }
}
