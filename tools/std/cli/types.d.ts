/** Types of what this project uses of `jsr:@std/cli@1/parse-args`. */
export interface ParseOptions {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  readonly default?: Readonly<Record<string, unknown>>;
  readonly "--"?: boolean;
  readonly stopEarly?: boolean;
  /** Called for each argument that is not declared; return false to leave it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
export function parseArgs(
  args: readonly string[],
  options?: ParseOptions,
): { readonly _: (string | number)[]; readonly [name: string]: unknown };
