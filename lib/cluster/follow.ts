import { queueOf } from "./queue.ts";

/** Milliseconds between two looks at the queue: Slurm's controller serves many. */
const LOOK_EVERY_MS = { first: 1000, later: 5000 } as const;

/** How many tasks wait and run. */
export interface QueueCounts {
  readonly queued: number;
  readonly running: number;
}

/** Waits until jobs have left the queue. @param stop ends the wait with its reason; the jobs go on */
export async function followJobs(
  jobs: readonly string[],
  stop: AbortSignal,
  show: (counts: QueueCounts) => void,
): Promise<void> {
  let everyMs: number = LOOK_EVERY_MS.first;
  for (;;) {
    const queue = await queueOf(jobs);
    // A controller that is being restarted answers later.
    if (queue) {
      const states = [...queue.values()].map(({ state }) => state);
      const queued = states.filter((state) => state === "PENDING").length;
      if (states.length === 0) return;
      show({ queued, running: states.length - queued });
    }
    await sleep(everyMs, stop);
    everyMs = Math.min(LOOK_EVERY_MS.later, 1.2 * everyMs);
  }
}

function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(stop.reason);
    };
    if (stop.aborted) return reject(stop.reason);
    const timer = setTimeout(() => {
      stop.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    stop.addEventListener("abort", onAbort, { once: true });
  });
}
