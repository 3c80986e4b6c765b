import { ModelFetcher } from "./fetch_model.ts";
import { parseReference } from "./reference.ts";
import type { HubServerOptions, TestRepository } from "./test_hub_server.ts";
import { COMMIT, TestHubServer } from "./test_hub_server.ts";

export const REPOSITORY = "org/model";
/** Larger than what a connection brings at once. */
const WEIGHT_BYTES = 3 * 2 ** 20 + 17;

export const WEIGHTS = Uint8Array.from({ length: WEIGHT_BYTES }, (_, i) => (i * 2654435761) >>> 24);

/** A repository like those of the hub: weights in two forms, and what belongs to other libraries. */
export const FILES = {
  "README.md": "# A model\n",
  "config.json": '{"model_type": "gpt2"}\n',
  "tokenizer.json": '{"version": "1.0"}\n',
  "model.safetensors": WEIGHTS,
  "pytorch_model.bin": "pickled",
  "tf_model.h5": "of another library",
  "onnx/model.onnx": "of a third",
} as const;

export const NEEDED = ["config.json", "tokenizer.json", "model.safetensors"] as const;

interface FetchingOptions {
  readonly token?: string;
  readonly offline?: boolean;
  readonly endpoint?: string;
  readonly silenceMs?: number;
  readonly free?: number;
  readonly stop?: AbortSignal;
}

/** Fetches from a hub into a cache folder; it waits no time, and keeps the waits that it would have taken, in ms. */
export function fetching(server: Pick<TestHubServer, "endpoint">, cacheFolder: string, options: FetchingOptions = {}) {
  const [waits, said]: [number[], string[]] = [[], []];
  const { token, offline = false, endpoint = server.endpoint, silenceMs, free, stop } = options;
  const fetcher = new ModelFetcher({
    settings: { endpoint, cacheFolder, tokenFile: `${cacheFolder}/token`, token, offline },
    say: (message) => void said.push(message),
    stop: stop ?? new AbortController().signal,
    timing: {
      sleep: (ms) => Promise.resolve(void waits.push(ms)),
      random: () => 1,
      now: () => Date.UTC(2024, 0, 1),
      after: AbortSignal.timeout,
    },
    silenceMs,
    args: ["fetch", REPOSITORY],
    ...(free === undefined ? {} : { freeBytes: () => Promise.resolve(free) }),
  });
  const fetch = async (word = REPOSITORY, progress: (name: string, bytes: number) => void = () => {}) => {
    const plan = await fetcher.plan(parseReference(word));
    const fetched = await fetcher.fetch(plan, {
      say: (message) => void said.push(message),
      progress: ({ name }, bytes) => progress(name, bytes),
    });
    return { plan, fetched };
  };
  return { fetcher, waits, said, fetch };
}

/** A hub that has one model. */
export function hubOf(repository: Partial<TestRepository> = {}, options?: HubServerOptions): TestHubServer {
  return new TestHubServer({ [REPOSITORY]: { files: FILES, ...repository } }, options);
}

/** Where a cache has the model's snapshot. */
export function snapshotIn(cacheFolder: string, commit = COMMIT): string {
  return `${cacheFolder}/models--org--model/snapshots/${commit}`;
}

/** The names of all files and links below a folder. */
export function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`).map((below) => `${name}/${below}`) : [name]
  ).sort();
}
