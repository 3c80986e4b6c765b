import { compareResults } from "#lib/comparison/compare_results.ts";
import { formatComparisonHtml } from "#lib/comparison/comparison_formats.ts";
import { ResultsHistory } from "#lib/results/results_version.ts";
import { InputError } from "#lib/errors.ts";
import type { Experiment, Report } from "#lib/bench/experiment.ts";
import { displayOf } from "#lib/bench/display.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import { type Figure, renderSvg } from "#lib/reporting/figures/figure.ts";
import { curveFigures } from "#lib/reporting/page/page_curves.ts";
import type { ShownProvenance } from "#lib/reporting/page/page_provenance.ts";
import { formatReportPage, type PageExperiment } from "#lib/reporting/page/report_page.ts";
import { groupSamples } from "#lib/reporting/sample_groups.ts";
import { isBeside, profileOf } from "#lib/results/place.ts";
import { readKnown } from "#lib/runner/known_results.ts";
import { folderOf } from "#lib/results/place.ts";
import { staleOf } from "#lib/runner/plan.ts";
import { reportOf } from "#lib/runner/report.ts";
import { PROVENANCE_FILE, ResultsFolder } from "#lib/results/results_folder.ts";
import { NO_PROVENANCE } from "#lib/results/provenance.ts";
import { readTextIfThere, writeIfChanged } from "#lib/results/storage.ts";
import { defineCommand } from "./command.ts";
import { SHOWN_FLAGS, shownResults } from "./results_flags.ts";

export const report = defineCommand({
  name: "report",
  flags: SHOWN_FLAGS,
  async run({ flags }, { experiments: known, terminal }) {
    const { allExperiments: experiments, place, present } = await shownResults([], flags, { experiments: known });
    const { profileName: profile, resultsFolder: results } = place;
    const shown: PageExperiment[] = [];
    for (const experiment of experiments) {
      const folder = await ResultsFolder.open(folderOf(place, experiment.name), experiment.name);
      if (folder.scores.length === 0) continue;
      const known = await readKnown(place, experiment);
      folder.provenance = known.provenance;
      const stale = staleOf(experiment, known, present);
      shown.push(await pageExperiment(experiment, folder, reportOf(experiment, folder, profileOf(profile), stale)));
    }
    if (shown.length === 0) {
      throw new InputError(
        `${results}/${profile}: no scores; ./run reproduce --profile ${profileOf(profile)} makes them`,
      );
    }
    const changes = await changesOf(results, profile, displayOf(known), (note) => terminal.report(`${note}\n`));
    const path = `${results}/${profile}/index.html`;
    await writeIfChanged(path, formatReportPage({ profile, experiments: shown, changes }));
    terminal.print(path);
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
  return {
    name: experiment.name,
    source: experiment.source,
    description: experiment.description,
    tables,
    figures: Object.fromEntries(await drawn(Object.entries(figures))),
    curves: (await drawn(curveFigures(folder.curves, rows, displayOf([experiment])).map((figure) => ["", figure]))).map(
      ([, svg]) => svg,
    ),
    samples: groupSamples(folder.samples, rows),
    provenance: await provenanceOf(folder),
  };
}

/** Figures one after the other: the drawing library makes no use of more than one core. */
async function drawn(named: readonly (readonly [name: string, figure: Figure])[]): Promise<[string, string][]> {
  const svgs: [string, string][] = [];
  for (const [name, figure] of named) svgs.push([name, await renderSvg(figure)]);
  return svgs;
}

/** As the file has it: in format 2 with the seconds of what cells share, which the folder's leaves out. None of an older one. */
async function provenanceOf({ path }: ResultsFolder): Promise<ShownProvenance | undefined> {
  const found = JSON.parse(await readTextIfThere(`${path}/${PROVENANCE_FILE}`) ?? "{}");
  return found.format >= 2 ? { ...NO_PROVENANCE, ...found } : undefined;
}

/**
 * What the results have that the last commit has not, or, beside recorded ones, that those have not; undefined where there is nothing
 * to compare them with, which a note tells.
 */
async function changesOf(
  results: string,
  profile: string,
  display: MethodDisplays,
  note: (message: string) => void,
): Promise<string | undefined> {
  try {
    const history = new ResultsHistory(results);
    const [before, after] = await Promise.all(
      isBeside(profile)
        ? [history.openWorkingTree(), history.openBeside(profile)]
        : [history.openCommit("HEAD"), history.openWorkingTree()],
    );
    return formatComparisonHtml(await compareResults(before, after, profileOf(profile), Object.keys(display)), display);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    note(`without changes since the last commit: ${error.message}`);
    return undefined;
  }
}
