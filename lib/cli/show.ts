import { metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import type { PairRecord } from "#lib/results/cell_result.ts";
import type { CurveRow } from "#lib/results/curves_csv.ts";
import { addressOf, type Cell, cellAt, cellKeyOf, fullAddressOf } from "#lib/runner/cell.ts";
import { readFailure, readLog, rerunArguments } from "#lib/runner/cell_files.ts";
import { openKnown, readAllKnown } from "#lib/runner/known_results.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { planExperiments } from "#lib/runner/plan.ts";
import { type Accepted, recordAt } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { flattenSettings } from "#lib/runner/freshness.ts";
import { defineCommand } from "./command.ts";
import { givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";
import { sparkline } from "./sparkline.ts";

/** Lines of the log that are shown, from its end. */
const LOG_LINES = 30;

export const show = defineCommand({
  name: "show",
  positional: { name: "CELL", kind: "text", min: 1 },
  flags: SHOWN_FLAGS,
  async run({ positional, flags }, { experiments, callerFolder, terminal }) {
    const { allExperiments, place, present } = await shownResults([], flags, { experiments, callerFolder });
    const cells = positional.map((address) => cellAt(address, allExperiments));
    for (const cell of cells) {
      const choice = {
        seeds: [cell.seed],
        methods: [cell.method.name],
        tasks: cell.task === undefined ? undefined : [cell.task],
      };
      const options = { ...place, ...choice, force: false };
      const known = await readAllKnown(place, [cell.experiment]);
      const [plan] = await planExperiments([cell.experiment], known, options, present);
      const folder = await openKnown(place, cell.experiment, plan.known);
      const planned = plan.cells.find(({ address }) => address === addressOf(cell))!;
      const changes = planned.changes.map(({ text }) => `  changed  ${text}`);
      const sections = [
        [`${fullAddressOf(cell)}: ${planned.state === "fresh" ? "done" : planned.state}`, ...changes],
        provenanceLines(cell, folder),
        ...resultLines(cell, folder),
        await failureLines(place, cell),
        await logLines(place, cell),
        [`again: ${shellCommand(rerunArguments(cell, [...givenArguments(flags), "--force"]))}`],
      ];
      terminal.print(sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n"));
    }
    return 0;
  },
});

function provenanceLines(cell: Cell, { provenance }: ResultsFolder): string[] {
  const record = recordAt(provenance, addressOf(cell));
  if (!record) return [];
  const { commit, dirty, hash, environment, settings, numerics = {}, kernels, takenFrom, accepted } = record;
  const versions = Object.entries(numerics).map(([name, version]) => `${name} ${version}`);
  return [
    "Provenance",
    `  commit    ${commit}${dirty === true ? ", changed since" : ""}`,
    ...(accepted ? acceptedLines(accepted) : []),
    ...(takenFrom ? [`  taken     from ${takenFrom}`] : []),
    `  hash      ${hash}`,
    `  adapter   ${environment.adapter}`,
    `  Deno      ${environment.deno}`,
    `  time      ${record.wallSeconds} s by itself`,
    `  memory    ${megabytes(record.peakMemoryBytes)} resident, ${megabytes(record.peakGpuBytes)} of buffers`,
    ...(versions.length === 0 ? [] : [`  numerics  ${versions.join(", ")}`]),
    `  kernels   ${Object.keys(kernels).join(" ")}`,
    "",
    "Settings that it may read",
    ...[...flattenSettings(settings)].map(([path, value]) => `  ${path} = ${JSON.stringify(value)}`),
  ];
}

function acceptedLines({ commit, checked, noise }: Accepted): string[] {
  const cells = checked.join(", ");
  if (!noise) return [`  accepted  at ${commit}, where ${cells} came out the same`];
  const { rows, equal, largest } = noise;
  return [
    `  accepted  at ${commit} within the noise: the numbers are an earlier version's, and ${cells} vouches for them;`,
    `            computed again, ${equal} of its ${rows} rows are equal and the others within the noise (at most ${largest} of its`,
    "            standard deviations from the recorded ones)",
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function resultLines(cell: Cell, folder: ResultsFolder): string[][] {
  const { scores, curves, samples, pairs = [] } = folder.resultOf(cellKeyOf(cell));
  if (scores.length === 0) return [];
  const byMeasure = Map.groupBy(curves, ({ measure }) => measure);
  return [
    [
      "Scores",
      ...scores.map(({ dataset, metric, value, count }) =>
        `  ${dataset.padEnd(24)} ${metricLabel(metric).padEnd(36)} ${
          printMetric(metric, value).padStart(8)
        }  (${count})`
      ),
    ],
    curves.length === 0 ? [] : ["Curves", ...[...byMeasure].map(([measure, rows]) => curveLine(measure, rows))],
    samples.length === 0 ? [] : [
      "Samples",
      ...samples.map(({ dataset, instruction, input, reference, response }) =>
        [
          `  ${dataset}: ${oneLine(instruction)}${input === "" ? "" : ` | ${oneLine(input)}`}`,
          `    reference: ${oneLine(reference)}`,
          `    response:  ${oneLine(response)}`,
        ].join("\n")
      ),
    ],
    pairs.length === 0 ? [] : pairLines(pairs),
  ];
}

/** The first pair of each round. */
function pairLines(pairs: readonly PairRecord[]): string[] {
  const ofRounds = [...Map.groupBy(pairs, ({ round }) => round).values()];
  return [
    `Preference pairs (${pairs.length} recorded, the first of each round)`,
    ...ofRounds.map(([{ prompt, first, second, label, oracle, round }]) =>
      [
        `  round ${round}, ${oracle}: ${oneLine(prompt)}`,
        `    first:     ${oneLine(first)}`,
        `    second:    ${oneLine(second)}`,
        `    preferred: ${label === 0.5 ? "neither" : label > 0.5 ? "the first" : "the second"} (label ${label})`,
      ].join("\n")
    ),
  ];
}

function curveLine(measure: string, rows: readonly Pick<CurveRow, "step" | "value">[]): string {
  const values = rows.toSorted((a, b) => a.step - b.step).map(({ value }) => value);
  const [first, last] = [values[0], values.at(-1)!].map((value) => value.toPrecision(4));
  return `  ${measure.padEnd(28)} ${sparkline(values)}  ${first} to ${last}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

async function failureLines(place: ResultsPlace, cell: Cell): Promise<string[]> {
  const failure = await readFailure(place, cell);
  if (!failure) return [];
  const { message, command, commit, time } = failure;
  return ["Failure", `  ${message}`, `  at ${new Date(time).toISOString()}, commit ${commit}`, `  again: ${command}`];
}

async function logLines(place: ResultsPlace, cell: Cell): Promise<string[]> {
  const log = await readLog(place, cell);
  if (log === undefined) return ["Log", "  none: the cell was not run on this machine"];
  const lines = log.trimEnd().split("\n");
  const cut = lines.length > LOG_LINES ? [`  … ${lines.length - LOG_LINES} lines before`] : [];
  return ["Log", ...cut, ...lines.slice(-LOG_LINES).map((line) => `  ${line}`)];
}
