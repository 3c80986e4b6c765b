/** Recorded values in the repository: folders below `lib/verification/fixtures/`. */
export const INSIDE = ["gpt2", "llama", "t5", "t5-v1_1", "objectives", "metrics"] as const;

const MODELS = "python tools/fixtures/models.py ../shared/fixtures";

const TOKENIZERS = [
  ...["bytelevel_small", "chat_templates", "gpt2", "llama2_sentencepiece", "mistral_sentencepiece", "opt_like"],
  ...["special_tokens", "t5_unigram"],
];
/** Checkpoints as they lie about. */
const FORMS = [
  ...["gpt2-sharded", "gpt2-f16", "llama-bf16", "gpt2-original", "gpt2-bin", "llama-padded-vocab"],
  ...["llama-lora", "llama-lora/adapter", "llama-lora/merged", "stories260K"],
];
/** Checkpoints of further decoders. */
const DECODERS = ["opt", "opt-350m", "qwen2", "llama3", "llama3-tied", "mistral", "smollm2", "qwen3", "gemma3_text"];
const RECORDED_ELSEWHERE = "it was recorded independently of this project, which has no script that makes it";

/** Further ones beside it, in `../shared/fixtures/`, which no clone has, and how to come by each. */
export const BESIDE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["gpt2", "llama", "t5", "t5-v1_1", "mt5"].map((name) => [`hf/${name}`, `${MODELS}/hf --wide ${name} makes it`]),
  ),
  ...Object.fromEntries(FORMS.map((name) => [`hf/${name}`, RECORDED_ELSEWHERE])),
  ...Object.fromEntries(DECODERS.map((name) => [`hf/${name}`, RECORDED_ELSEWHERE])),
  reference_gpt: `${MODELS} reference_gpt makes it`,
  objectives: "python tools/fixtures/objectives.py ../shared/fixtures/objectives makes it",
  preference: RECORDED_ELSEWHERE,
  metrics: "python tools/fixtures/metrics.py ../shared/fixtures/metrics makes it",
  ...Object.fromEntries(TOKENIZERS.map((name) => [`tokenizers/${name}`, RECORDED_ELSEWHERE])),
};

/** Where they lie, from the project's folder. */
export const insideFolder = (name: string) => `lib/verification/fixtures/${name}`;
export const besideFolder = (name: string) => `../shared/fixtures/${name}`;
