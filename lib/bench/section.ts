import { z } from "zod";
import type { Profile } from "./profile.ts";
import type { Workbench } from "./workbench.ts";

/** A wrong setting, by its path in its section, that a schema of the section alone cannot see. */
export interface SettingIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** A section of the profile beside the common ones: of a method, a task or an experiment. */
export interface Section<Settings extends object = object> {
  /** The key in the profile. */
  readonly name: string;
  /** What the section holds: every setting with a description, and with a default where profiles need not name it. */
  readonly schema: z.ZodObject;
  /** Whether it holds the settings of a method. */
  readonly ofMethod?: boolean;
  /** Whether it may hold a section for each method, of settings that differ from the method's own where it is what counts. */
  readonly overridesMethods?: boolean;
  /** What is wrong with settings beside other sections. */
  check?(settings: Settings, profile: Profile): readonly SettingIssue[];
  /** Those of its settings that decide numbers, and what else of the profile does because of them; default all of its settings. */
  counting?(settings: Settings, profile: Profile): object;
  /**
   * Looks at what its settings name before a method that reads them trains for long.
   *
   * @returns for provenance, a description of the data that they name
   * @throws {InputError} if that is not as it should be
   */
  prepare?(settings: Settings, bench: Workbench): Promise<object | undefined>;
  /** The settings of a profile that a schema with this section has read. */
  of(profile: Profile): Settings;
}

/** Declares a section; its schema gives the type of its settings. */
export function defineSection<Shape extends z.ZodRawShape>(
  section: Omit<Section<z.output<z.ZodObject<Shape>>>, "of" | "schema"> & { readonly schema: z.ZodObject<Shape> },
): Section<z.output<z.ZodObject<Shape>>> & { readonly schema: z.ZodObject<Shape> } {
  return { ...section, of: (profile) => sectionAt(profile, section.name) as z.output<z.ZodObject<Shape>> };
}

function sectionAt(profile: Profile, name: string): unknown {
  return (profile as Readonly<Record<string, unknown>>)[name];
}

/** A profile in which methods have the settings that a section puts in the place of their own. */
export function withOverrides(profile: Profile, { schema, name }: Section): Profile {
  const overrides = Object.entries(sectionAt(profile, name) as object)
    .filter(([key, value]) => !(key in schema.shape) && value !== undefined);
  return {
    ...profile,
    ...Object.fromEntries(
      overrides.map(([method, changes]) => [method, { ...sectionAt(profile, method) as object, ...changes }]),
    ),
  };
}

/** The same settings, each of which may be left out and then has no default. */
export function partialOf({ shape }: z.ZodObject): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(shape).map(([key, schema]) => {
        const partial = unwrapped(schema).optional();
        return [key, partial.describe(descriptionOf(schema) ?? "")];
      }),
    ),
  );
}

/** A schema without the defaults around it. */
export function unwrapped(schema: z.core.$ZodType): z.ZodType {
  return isWrapper(schema) ? unwrapped(schema.unwrap()) : schema as z.ZodType;
}

/** What a schema, or the one inside its default, is described as. */
export function descriptionOf(schema: z.core.$ZodType): string | undefined {
  const { description } = schema as z.ZodType;
  return description ?? (isWrapper(schema) ? descriptionOf(schema.unwrap()) : undefined);
}

function isWrapper(schema: z.core.$ZodType): schema is z.ZodDefault | z.ZodPrefault | z.ZodOptional {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
}
