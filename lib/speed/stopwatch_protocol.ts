import type { ShapesName } from "./catalog.ts";
import type { Sample } from "./sampling.ts";

/** What a stopwatch is asked for, one a line of JSON on its standard input. It measures one row at a time. */
export type StopwatchRequest =
  | { readonly kind: "open"; readonly shapes: ShapesName; readonly name: string }
  | { readonly kind: "sample" }
  | { readonly kind: "close" };

/** What it answers, one line each; the first line comes unasked, when it is ready. */
export type StopwatchReply =
  | { readonly kind: "ready"; readonly device: string; readonly deno: string }
  /** All of the open row so far, and whether they are enough. */
  | { readonly kind: "samples"; readonly samples: readonly Sample[]; readonly hasEnough: boolean }
  | { readonly kind: "closed" }
  | { readonly kind: "error"; readonly message: string };
