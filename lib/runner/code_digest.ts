import { digestOf } from "#lib/results/digest.ts";
import { readTextStrictlySync } from "#lib/text_file.ts";

/** Where the code is that makes numbers: what was trained by other code than this is not resumed (results have declared versions instead). */
export const NUMBERS: readonly string[] = [
  ...[
    "kernels",
    "experiments/imitation_gap",
    "experiments/methods",
    "experiments/preference_theory",
    "experiments/tasks",
  ],
  ...[
    ...["random", "autograd", "nn", "models", "generation", "objectives", "training", "preferences", "bench"],
    ...["evaluation", "distillation"],
    ...["data", "metrics", "endpoint", "judge", "tokenizers"],
  ].map((name) => `lib/${name}`),
];

/** Where the code is that makes tables and figures of results, and what names the packages that draw them. */
export const REPORTS: readonly string[] = [
  ...["experiments/imitation_gap", "experiments/methods", "experiments/preference_theory"],
  ...["experiments/reports", "experiments/tables"],
  ...[
    "lib/metrics",
    "lib/reporting",
    "lib/runner/recorded_settings.ts",
    "lib/runner/report.ts",
    "lib/runner/report_files.ts",
    "lib/statistics",
    "deno.json",
  ],
];

const PROJECT = new URL("../../", import.meta.url);
/** As the files were when each was first asked for, whatever becomes of them while this process runs. */
const known = new Map<readonly string[], string>();

/** The digest of all files in these folders and of these files of the project: of code and embedded data, not of tests and prose. */
export function codeDigest(paths: readonly string[]): string {
  const digest = known.get(paths) ?? digestOf(paths.flatMap(filesAt).map(digestOfFile).join("\n"));
  known.set(paths, digest);
  return digest;
}

/** The files at a path, in one order; none where there is nothing. */
function filesAt(path: string): string[] {
  if (/\.\w+$/.test(path)) return /(_test\.ts|\.md)$/.test(path) ? [] : [path];
  try {
    return [...Deno.readDirSync(new URL(path, PROJECT))].map(({ name }) => `${path}/${name}`).sort().flatMap(filesAt);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function digestOfFile(path: string): string {
  const url = new URL(path, PROJECT);
  const isCode = /\.(ts|wgsl)$/.test(path);
  return `${path} ${digestOf(isCode ? withoutComments(readTextStrictlySync(url, path)) : Deno.readFileSync(url))}`;
}

/** Code without lines that are comments, or empty. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*(\/\/.*|\/\*[^]*?\*\/[ \t]*)?$\n?/gm, "");
}
