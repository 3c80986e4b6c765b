import { Gpu } from "#kernels/runtime/gpu.ts";
import { InputError } from "#lib/errors.ts";
import type { LocatedModel } from "#lib/hub/locate.ts";
import { locateAdapted } from "#lib/hub/locate_adapted.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { visibleJson } from "#lib/visible_text.ts";
import type { Check } from "#lib/verification/check.ts";
import { verifyCheckpoint } from "#lib/verification/checkpoint.ts";
import { BESIDE, besideFolder, INSIDE, insideFolder } from "#lib/verification/known_fixtures.ts";
import { verifyMetrics } from "#lib/verification/metrics.ts";
import { verifyObjectives } from "#lib/verification/objectives.ts";
import { verifyPreference } from "#lib/verification/preference.ts";
import { recordsTokenizer, verifyOwnTokenizer, verifyTokenizer } from "#lib/verification/tokenizers.ts";
import { BINDING_LIMIT_FLAG } from "./results_flags.ts";
import { defineCommand } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export const verify = defineCommand({
  name: "verify",
  positional: { name: "DIR|ORG/NAME", kind: "text", min: 0 },
  flags: {
    json: { kind: "switch", help: "prints JSON" },
    "binding-limit": BINDING_LIMIT_FLAG,
  },
  async run({ positional, flags }, { terminal, callerFolder: caller }) {
    const named = await Promise.all(positional.map((word) => locateAdapted(word, { caller })));
    const models = named.length > 0 ? named : knownFolders(terminal).map((folder) => ({ folder }));
    const { json, "binding-limit": bindingLimit } = flags;
    return await verifyFolders(models, { json, bindingLimit }, terminal) ? 0 : 1;
  },
});

/** The recorded values of the repository, and those beside it that are there; says which are not, and how to make them. */
function knownFolders({ report }: Terminal): string[] {
  const isThere = (name: string) =>
    ["golden.json", "porter.tsv", "ids.json", "cases.json"].some((file) => hasFile(besideFolder(name), file));
  for (const [name, remedy] of Object.entries(BESIDE)) {
    if (!isThere(name)) report(`not checked: ${besideFolder(name)} is missing; ${remedy}\n`);
  }
  return [...INSIDE.map(insideFolder), ...Object.keys(BESIDE).filter(isThere).map(besideFolder)];
}

/** Runs the checks of every folder and prints one line each; true if none failed. */
async function verifyFolders(
  models: readonly LocatedModel[],
  { json, bindingLimit }: { readonly json: boolean; readonly bindingLimit?: number },
  { print }: Terminal,
): Promise<boolean> {
  const kinds = await Promise.all(models.map(async (model) => ({ model, kind: await kindOf(model.folder) })));
  await using gpu = await Gpu.open({ bindingLimit });
  const results: { folder: string; checks: Check[] }[] = [];
  for (const { model, kind } of kinds) {
    const { folder } = model;
    const checks = await VERIFIERS[kind](gpu, model);
    results.push({ folder, checks });
    if (!json) { for (const check of checks) print(`${folder}: ${formatCheck(check)}`); }
  }
  const all = results.flatMap(({ checks }) => checks);
  const count = (status: Check["status"]) => all.filter((check) => check.status === status).length;
  if (json) print(visibleJson(results, 2));
  else print(`${count("ok")} ok, ${count("FAIL")} failed, ${count("skipped")} skipped`);
  return count("FAIL") === 0;
}

function formatCheck({ name, status, error, tolerance, note }: Check): string {
  const figures = error === undefined ? "" : ` (error ${error.toExponential(1)}, tolerance ${tolerance})`;
  return `${status.padEnd(7)} ${name}${figures}${note ? `: ${note}` : ""}`;
}

const VERIFIERS = {
  checkpoint: async (gpu: Gpu, { folder, base }: LocatedModel) => [
    ...await verifyCheckpoint(gpu, folder, base?.folder),
    ...await verifyOwnTokenizer(folder),
  ],
  objectives: (gpu: Gpu, { folder }: LocatedModel) => verifyObjectives(gpu, folder),
  preference: (gpu: Gpu, { folder }: LocatedModel) => verifyPreference(gpu, folder),
  metrics: (_: Gpu, { folder }: LocatedModel) => verifyMetrics(folder),
  tokenizer: (_: Gpu, { folder }: LocatedModel) => verifyTokenizer(folder),
} as const;

async function kindOf(folder: string): Promise<keyof typeof VERIFIERS> {
  const has = (file: string) => hasFile(folder, file);
  if (has("config.json") || has("adapter_config.json")) {
    if (has("golden.json")) return "checkpoint";
    const remedy = "./run export and tools/fixtures/record_folder.py write one beside a model";
    throw new InputError(`${folder}/golden.json: there is no such file to compare with; ${remedy}`);
  }
  if (has("golden.safetensors")) {
    const golden = await readJsonFile(`${folder}/golden.json`) as object;
    return "mdp" in golden ? "preference" : "objectives";
  }
  if (has("rouge_l.jsonl") || has("porter.tsv") || has("bleu.json")) return "metrics";
  if (recordsTokenizer(folder)) return "tokenizer";
  throw new InputError(
    `${folder}: holds neither config.json or adapter_config.json (a checkpoint), golden.safetensors (objectives or preferences), rouge_l.jsonl, porter.tsv or bleu.json (metrics) nor ids.json or cases.json (tokenizers)`,
  );
}

function hasFile(folder: string, file: string): boolean {
  try {
    return Deno.statSync(`${folder}/${file}`).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
