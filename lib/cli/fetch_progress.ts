import { formatBytes } from "#lib/byte_count.ts";
import type { RemoteFile } from "#lib/hub/client.ts";
import { formatReference } from "#lib/hub/reference.ts";
import type { FetchPlan } from "#lib/hub/fetch_model.ts";
import { formatDuration } from "./progress_line.ts";

/** The rate is that of about so long a time: networks change. */
const RATE_OF_MS = 20_000;
/** Before so long no rate is told. */
const LEAST_MS = 1_000;

/** How far the fetching of a model is. */
export class FetchProgress {
  readonly #plan: FetchPlan;
  readonly #now: () => number;
  /** The bytes that are here, by the file's name. */
  readonly #present: Map<string, number>;
  #file: string;
  /** Moments and the bytes that had been fetched by then, the oldest first. */
  readonly #samples: { readonly ms: number; readonly fetched: number }[];
  #fetchedBefore = 0;
  #fetchedOfFile = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(plan: FetchPlan, now: () => number) {
    [this.#plan, this.#now] = [plan, now];
    this.#present = new Map(plan.files.map(({ name, present }) => [name, present]));
    this.#file = plan.files.find(({ isLinked }) => !isLinked)?.name ?? "";
    this.#samples = [{ ms: now(), fetched: 0 }];
  }

  update({ name }: RemoteFile, bytes: number, fetched: number): void {
    if (name !== this.#file || fetched < this.#fetchedOfFile) {
      this.#fetchedBefore += this.#fetchedOfFile;
      this.#file = name;
    }
    this.#fetchedOfFile = fetched;
    this.#present.set(name, bytes);
    const ms = this.#now();
    this.#samples.push({ ms, fetched: this.#fetchedBefore + fetched });
    while (this.#samples.length > 2 && this.#samples[1].ms <= ms - RATE_OF_MS) this.#samples.shift();
  }

  /** As in `43 %  1 min 20 s left  12.3 MB/s  file 3/6  model.safetensors  openai-community/gpt2`. */
  text(): string {
    const { files, reference } = this.#plan;
    const all = files.reduce((sum, { size }) => sum + size, 0);
    const here = files.reduce((sum, { name }) => sum + this.#present.get(name)!, 0);
    const [oldest, newest] = [this.#samples[0], this.#samples.at(-1)!];
    const ms = newest.ms - oldest.ms;
    const bytesPerMs = ms >= LEAST_MS ? (newest.fetched - oldest.fetched) / ms : 0;
    const rate = bytesPerMs > 0
      ? [`${formatDuration((all - here) / bytesPerMs)} left`, `${formatBytes(1000 * bytesPerMs)}/s`]
      : [];
    const number = files.findIndex(({ name }) => name === this.#file) + 1;
    const percent = `${Math.floor(all === 0 ? 100 : 100 * here / all)} %`.padStart(5);
    return [percent, ...rate, `file ${number}/${files.length}`, this.#file, formatReference(reference)].join("  ");
  }
}
