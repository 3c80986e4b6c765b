/** How a client of a server waits. It decides when a request is made again, never what comes of it. */
export interface Timing {
  /** Ends early, with the signal's reason, when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
  /** Milliseconds since 1970, which a `Retry-After` may be given in. */
  now(): number;
  /** A signal that is aborted when so many milliseconds have passed. */
  after(ms: number): AbortSignal;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A person had better come back than sit through a longer wait. */
const LONGEST_ASKED_WAIT_MS = 300_000;

export const SYSTEM_TIMING: Timing = {
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal.addEventListener("abort", stop, { once: true });
    }),
  random: () => Math.random(),
  now: () => Date.now(),
  after: (ms) => AbortSignal.timeout(ms),
};

/** Whether a further try of what a server answered with this status may go better. */
export function isWorthAnotherTry(status: number): boolean {
  return status === 429 || status === 408 || status >= 500;
}

/** How long to wait after so many failures, in ms: waits that double, with jitter, and never less than the server asked for. */
export function waitAfter(failures: number, askedMs: number, timing: Timing): number {
  const backOff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  return Math.max(askedMs, backOff * (0.5 + 0.5 * timing.random()));
}

/** What a `Retry-After` asks for, in seconds or as a date, in ms; 0 where there is none. */
export function askedWaitMs(retryAfter: string | null, timing: Timing): number {
  if (retryAfter === null) return 0;
  const ms = /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - timing.now();
  return ms > 0 ? ms : 0;
}

/** Deno's reason without the address: `tcp connect error: Connection refused (os error 111)`. */
export function describeNetworkError(error: unknown): string {
  const { message, cause } = error as Error;
  const [line] = (cause instanceof Error ? cause.message : message).split("\n");
  return /client error \(\w+\): (.*)$/.exec(line)?.[1] ?? line;
}

/** What a server asks for where that is longer than a person sits through; undefined where it is not. */
export function describeLongWait(ms: number): string | undefined {
  return ms > LONGEST_ASKED_WAIT_MS ? `it asks to be left alone for ${Math.ceil(ms / 60_000)} min` : undefined;
}
