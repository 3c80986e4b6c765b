/** Recorded values in the repository: folders below `lib/verification/fixtures/`. */
export const INSIDE = ["gpt2", "llama", "t5", "t5-v1_1", "objectives", "metrics"] as const;

const MODELS = "python tools/fixtures/models.py ../shared/fixtures";

/** Further ones beside it, in `../shared/fixtures/`, which no clone has, and the command that makes each. */
export const BESIDE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["gpt2", "llama", "t5", "t5-v1_1", "mt5"].map((name) => [`hf/${name}`, `${MODELS}/hf --wide ${name}`]),
  ),
  reference_gpt: `${MODELS} reference_gpt`,
  objectives: "python tools/fixtures/objectives.py ../shared/fixtures/objectives",
  metrics: "python tools/fixtures/metrics.py ../shared/fixtures/metrics",
};

/** Where they lie, from the project's folder. */
export const insideFolder = (name: string) => `lib/verification/fixtures/${name}`;
export const besideFolder = (name: string) => `../shared/fixtures/${name}`;
