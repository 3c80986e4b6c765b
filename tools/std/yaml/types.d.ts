/** Types of what this project uses of `jsr:@std/yaml@1`. */
export interface ParseOptions {
  readonly schema?: "core" | "default" | "failsafe" | "json" | "extended";
  readonly allowDuplicateKeys?: boolean;
}
/** Throws a `SyntaxError` that names line and column. */
export function parse(text: string, options?: ParseOptions): unknown;
export function stringify(value: unknown, options?: Record<string, unknown>): string;
