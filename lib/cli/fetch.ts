import { formatBytes } from "#lib/byte_count.ts";
import { InputError, StorageError } from "#lib/errors.ts";
import { type FetchPlan, ModelFetcher, type NeededFile } from "#lib/hub/fetch_model.ts";
import { formatReference, type HubReference, parseReference } from "#lib/hub/reference.ts";
import { hubSettings } from "#lib/hub/settings.ts";
import type { Terminal } from "./terminal.ts";
import { defineCommand } from "./command.ts";
import { FetchProgress } from "./fetch_progress.ts";
import { ProgressLine } from "./progress_line.ts";

/** Files that are left out, by name; the others are counted. */
const SHOWN_LEFT_OUT = 4;

export const fetchModels = defineCommand({
  name: "fetch",
  positional: { name: "ORG/NAME[@REVISION]", kind: "text", min: 1 },
  stopsByItself: true,
  flags: {
    "dry-run": { kind: "switch", help: "lists files and sizes, and fetches none" },
    "files-from": { kind: "names", value: "HOST", help: "a further host that the hub may redirect files to" },
    quiet: { kind: "switch", help: "shows no progress" },
  },
  async run({ positional, flags }, { terminal, stop, callerFolder }) {
    // A name that is none is to show before anything is fetched.
    const references = positional.map(parseReference).filter((reference, i, all) =>
      all.findIndex((other) => formatReference(other) === formatReference(reference)) === i
    );
    const settings = await hubSettings(Deno.env.get, callerFolder ?? Deno.cwd());
    const line = new ProgressLine({ terminal, quiet: flags.quiet });
    const fetcher = new ModelFetcher({ settings, stop, say: (message) => line.note(message) });
    const failures: Error[] = [];
    for (const reference of references) {
      try {
        await fetchOne(reference, { fetcher, line, terminal, isDry: flags["dry-run"] });
      } catch (error) {
        line.end();
        // What is wrong with one model is not with the next; a full disk is.
        if (!(error instanceof InputError) || error instanceof StorageError || references.length === 1) throw error;
        terminal.report(`error: ${error.message}\n`);
        failures.push(error);
      }
    }
    return failures.length > 0 ? 1 : 0;
  },
});

interface FetchContext {
  readonly fetcher: ModelFetcher;
  readonly line: ProgressLine;
  readonly terminal: Terminal;
  readonly isDry: boolean;
}

async function fetchOne(reference: HubReference, { fetcher, line, terminal, isDry }: FetchContext): Promise<void> {
  const plan = await fetcher.plan(reference);
  if (isDry) return describePlan(plan).forEach((each) => terminal.print(each));
  const progress = new FetchProgress(plan, () => performance.now());
  const fetched = await fetcher.fetch(plan, {
    say: (message) => line.note(message),
    progress(file, bytes, ofFile) {
      progress.update(file, bytes, ofFile);
      line.update(() => progress.text());
    },
  });
  line.end();
  const how = fetched > 0 ? `fetched ${formatBytes(fetched)}` : "nothing to fetch";
  terminal.print(`${headline(plan)}, ${how}`);
  terminal.print(`  ${plan.folder}`);
  for (const each of leftOutLine(plan)) terminal.print(each);
}

/** As in `openai-community/gpt2: commit 607a30d783df…, 8 files, 551 MB`. */
function headline({ reference, commit, files }: FetchPlan): string {
  const size = files.reduce((sum, { size }) => sum + size, 0);
  return `${formatReference(reference)}: commit ${commit}, ${files.length} files, ${formatBytes(size)}`;
}

/** What `--dry-run` shows. */
function describePlan(plan: FetchPlan): string[] {
  const { files, free, folder } = plan;
  const width = Math.max(...files.map(({ name }) => name.length));
  const rows = files.map((file) =>
    `  ${file.name.padEnd(width)}  ${formatBytes(file.size).padStart(7)}  ${stateOf(file)}`
  );
  const needed = files.reduce((sum, { size, present }) => sum + size - present, 0);
  const room = free === undefined ? "" : `, ${formatBytes(free)} are free`;
  return [
    headline(plan),
    ...rows,
    `  to ${folder}`,
    ...leftOutLine(plan),
    `  ${formatBytes(needed)} to fetch${room}`,
  ];
}

function stateOf({ size, present }: NeededFile): string {
  if (present === size) return "here";
  return present === 0 ? "to fetch" : `${formatBytes(present)} here`;
}

function leftOutLine({ leftOut }: FetchPlan): string[] {
  if (leftOut.length === 0) return [];
  // The largest are those that a person may miss.
  const names = leftOut.toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0)).map(({ name }) => name);
  const size = leftOut.reduce((sum, { size = 0 }) => sum + size, 0);
  const more = names.length > SHOWN_LEFT_OUT ? `, and ${names.length - SHOWN_LEFT_OUT} more` : "";
  const total = size > 0 ? ` (${formatBytes(size)})` : "";
  return [`  left on the hub${total}: ${names.slice(0, SHOWN_LEFT_OUT).join(", ")}${more}`];
}
