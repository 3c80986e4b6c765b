/** Of a run's time, how much snapshots may take. */
const SHARE = 1 / 20;

/**
 * When a run is saved: every so often, and more rarely where a snapshot takes long to read from the GPU and write, so that snapshots
 * take at most a twentieth of the time. How long one takes is what the last one took.
 */
export class SnapshotPace {
  readonly #everyMs: number;
  readonly #now: () => number;
  #endMs: number;
  #beginMs: number | undefined;
  #tookMs = 0;

  /**
   * @param everyMs 0 saves after every step, however long it takes
   * @param now milliseconds of a clock that never goes back
   */
  constructor(everyMs: number, now: () => number = () => performance.now()) {
    [this.#everyMs, this.#now, this.#endMs] = [everyMs, now, now()];
  }

  /** Whether it is time for a snapshot, which then begins. */
  isDue(): boolean {
    const ms = this.#now();
    const pauseMs = this.#everyMs === 0 ? 0 : Math.max(this.#everyMs, this.#tookMs * (1 / SHARE - 1));
    const isDue = ms - this.#endMs >= pauseMs;
    if (isDue) this.#beginMs = ms;
    return isDue;
  }

  /** A snapshot is written. */
  saved(): void {
    this.#endMs = this.#now();
    if (this.#beginMs !== undefined) this.#tookMs = this.#endMs - this.#beginMs;
    this.#beginMs = undefined;
  }
}
