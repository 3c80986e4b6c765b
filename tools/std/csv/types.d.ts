/** Types of what this project uses of `jsr:@std/csv@1`. */
export interface ParseOptions {
  readonly separator?: string;
  readonly comment?: string;
  readonly trimLeadingSpace?: boolean;
  readonly skipFirstRow?: boolean;
  readonly columns?: readonly string[];
}
export interface StringifyOptions {
  readonly columns?: readonly string[];
  readonly headers?: boolean;
  readonly separator?: string;
}
/** Rows as objects keyed by the header when `skipFirstRow` is true. */
export function parse(text: string, options: ParseOptions & { skipFirstRow: true }): Record<string, string>[];
export function parse(text: string, options?: ParseOptions): string[][];
export function stringify(
  rows: readonly (readonly unknown[] | Readonly<Record<string, unknown>>)[],
  options?: StringifyOptions,
): string;
