/** Recorded values in the repository: folders below `lib/verification/fixtures/`. */
export const INSIDE = ["gpt2", "llama", "t5", "t5-v1_1", "objectives", "metrics"] as const;

const MODELS = "python tools/fixtures/models.py ../shared/fixtures";

/** Further ones beside it, in `../shared/fixtures/`, which no clone has, and how to come by each. */
export const BESIDE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["gpt2", "llama", "t5", "t5-v1_1", "mt5"].map((name) => [`hf/${name}`, `${MODELS}/hf --wide ${name} makes it`]),
  ),
  reference_gpt: `${MODELS} reference_gpt makes it`,
  objectives: "python tools/fixtures/objectives.py ../shared/fixtures/objectives makes it",
  preference: "it was recorded independently of this project, which has no script that makes it",
  metrics: "python tools/fixtures/metrics.py ../shared/fixtures/metrics makes it",
};

/** Where they lie, from the project's folder. */
export const insideFolder = (name: string) => `lib/verification/fixtures/${name}`;
export const besideFolder = (name: string) => `../shared/fixtures/${name}`;
