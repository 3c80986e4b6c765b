import { z } from "zod";
import { descriptionOf, unwrapped } from "#lib/bench/section.ts";

/** A setting as a person reads it. */
interface SettingLine {
  /** In its section, as in `training.steps`. */
  readonly key: string;
  readonly value: string;
  /** What it may be, as in `0 to 1`. */
  readonly range: string;
  readonly description: string;
}

/**
 * The settings of a section, a line each: name, value, range, description.
 *
 * @param values of a profile
 * @param fixed those that a profile does not change
 */
export function settingLines(schema: z.ZodObject, values: object, fixed: object = {}): string[] {
  const lines = linesOf(schema, values, fixed, []);
  const width = (of: (line: SettingLine) => string) => Math.max(0, ...lines.map((line) => of(line).length));
  const [keys, shown, ranges] = [width(({ key }) => key), width(({ value }) => value), width(({ range }) => range)];
  return lines.map(({ key, value, range, description }) =>
    `  ${key.padEnd(keys)}  ${value.padEnd(shown)}  ${range.padEnd(ranges)}  ${description}`.trimEnd()
  );
}

function linesOf(schema: z.ZodObject, values: object, fixed: object, path: readonly string[]): SettingLine[] {
  return Object.entries(schema.shape).flatMap(([key, setting]) => {
    const value = (values as Readonly<Record<string, unknown>>)[key];
    const inner = unwrapped(setting);
    const at = [...path, key];
    const isLeftOut = setting instanceof z.ZodOptional && value === undefined;
    if (inner instanceof z.ZodObject && !isLeftOut) {
      return linesOf(inner, value as object ?? {}, Object.hasOwn(fixed, key) ? inner.shape : {}, at);
    }
    // Of what may be put in the place of another section's settings, those are shown that are.
    if (isLeftOut && !(inner instanceof z.ZodObject)) return [];
    const isFixed = Object.hasOwn(fixed, key);
    return [{
      key: at.join("."),
      value: `${JSON.stringify(value) ?? "not set"}${isFixed ? ", fixed" : ""}`,
      range: rangeOf(inner),
      description: descriptionOf(setting) ?? "",
    }];
  });
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What a setting may be, as far as a few words say it. */
function rangeOf(schema: z.ZodType): string {
  return describe(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

function describe(schema: JsonSchema): string {
  const { type, enum: words, const: only, anyOf, oneOf } = schema;
  const options = anyOf ?? oneOf;
  if (options) return [...new Set(options.map((option) => describe(option as JsonSchema)))].join(" | ");
  if (words) return words.join(" | ");
  if (only !== undefined) return String(only);
  if (type === "boolean") return "true | false";
  if (type === "string") return "text";
  if (type === "array") return "list";
  if (type === "object") return "settings";
  if (type === "integer" || type === "number") return numbers(schema);
  return String(type ?? "");
}

function numbers({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string {
  const isBound = (value: number | boolean | undefined) =>
    typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const kind = type === "integer" ? "whole, " : "";
  if (isBound(minimum) && isBound(maximum)) return `${kind}${minimum} to ${maximum}`;
  const bounds = [
    ...(isBound(exclusiveMinimum) ? [`above ${exclusiveMinimum}`] : isBound(minimum) ? [`at least ${minimum}`] : []),
    ...(isBound(exclusiveMaximum) ? [`below ${exclusiveMaximum}`] : isBound(maximum) ? [`at most ${maximum}`] : []),
  ];
  return bounds.length === 0 ? `${kind}any number` : kind + bounds.join(", ");
}
