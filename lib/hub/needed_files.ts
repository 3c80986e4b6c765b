/** Which files of a repository a model needs here, and which stay on the hub. */
export interface Selection {
  readonly needed: readonly string[];
  readonly leftOut: readonly string[];
}

/** What is read of a model beside its weights, where it is there. The last two are what this project's `export` records. */
export const SMALL_FILES: readonly string[] = [
  ...["config.json", "generation_config.json", "adapter_config.json"],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"],
  ...["vocab.json", "merges.txt", "tokenizer.model", "spiece.model"],
  ...["golden.json", "golden.safetensors"],
];

/** Names of whole weights and of adapters, the best first: safetensors hold numbers alone, pickles may hold code. */
const WEIGHTS: readonly string[] = ["model.safetensors", "pytorch_model.bin"];
const ADAPTERS: readonly string[] = ["adapter_model.safetensors", "adapter_model.bin"];

/** One file, or an index. */
const formsOf = (names: readonly string[]) => names.flatMap((name) => [name, `${name}.index.json`]);

/** Every name that a model may have, but for its shards. */
export const KNOWN_NAMES: readonly string[] = [...SMALL_FILES, ...formsOf(WEIGHTS), ...formsOf(ADAPTERS)];

/**
 * Takes `config.json` and its like, tokenizer files, and of the weights the best form alone: one file, or an index and its shards.
 *
 * @param names of all files, with `/` where they lie in folders
 */
export function selectFiles(names: readonly string[]): Selection {
  const weights = firstForm(WEIGHTS, names);
  const adapter = names.includes("adapter_config.json") ? firstForm(ADAPTERS, names) : [];
  const wanted = new Set([...SMALL_FILES, ...weights, ...adapter]);
  return { needed: names.filter((name) => wanted.has(name)), leftOut: names.filter((name) => !wanted.has(name)) };
}

/** What keeps the files of a repository, or of a folder, from being a model that can be read; undefined where nothing does. */
export function whyNoModel(names: readonly string[]): string | undefined {
  const isAdapter = names.includes("adapter_config.json");
  if (!isAdapter && !names.includes("config.json")) return `no config.json${others(names)}`;
  const hasWeights = firstForm(isAdapter ? [...ADAPTERS, ...WEIGHTS] : WEIGHTS, names).length > 0;
  const wanted = isAdapter ? "adapter_model.safetensors" : "model.safetensors or pytorch_model.bin";
  return hasWeights ? undefined : `no weights that can be read, ${wanted}${others(names)}`;
}

/**
 * Whether no other file of the repository could be needed: each is here or known to be missing, but for worse forms of the weights.
 *
 * @param missing names that are known not to be in the repository
 */
export function isDecided(names: readonly string[], missing: readonly string[]): boolean {
  const known = new Set([...names, ...missing]);
  const better = (forms: readonly string[]) => {
    const first = forms.findIndex((form) => names.includes(form));
    return first < 0 ? forms : forms.slice(0, first);
  };
  const adapters = names.includes("adapter_config.json") ? better(formsOf(ADAPTERS)) : [];
  return [...SMALL_FILES, ...better(formsOf(WEIGHTS)), ...adapters].every((name) => known.has(name));
}

/** The shards that an index names, in its order. @returns undefined where it is no index */
export function shardsOf(index: string): string[] | undefined {
  try {
    const { weight_map: map } = JSON.parse(index);
    const shards = [...new Set(Object.values(map))];
    return shards.every((shard) => typeof shard === "string") ? shards as string[] : undefined;
  } catch {
    return undefined;
  }
}

/** The files of the first form that is there; none where none is. */
function firstForm(forms: readonly string[], names: readonly string[]): string[] {
  for (const form of forms) {
    if (names.includes(form)) return [form];
    const [, stem, ending] = /^(.*)\.(\w+)$/.exec(form)!;
    const shard = new RegExp(`^${stem}-\\d+-of-\\d+\\.${ending}$`);
    if (names.includes(`${form}.index.json`)) {
      return [
        `${form}.index.json`,
        ...names.filter((name) => shard.test(name)),
      ];
    }
  }
  return [];
}

/** Weights of other forms, for the message. */
function others(names: readonly string[]): string {
  const found = names.filter((name) =>
    /\.(gguf|h5|msgpack|onnx|ot|pth?|bin|safetensors|ckpt|nemo|mlmodel)$/.test(name)
  );
  return found.length === 0 ? "" : `; it has ${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}`;
}
