import { z } from "zod";
import { PREFERENCES } from "./preference_settings.ts";
import { loadProfile, type Profile } from "./profile.ts";
import { profileSchema } from "./profile_schema.ts";
import { defineSection, type Section } from "./section.ts";

const anything = z.looseObject({});

/** Sections of methods and tasks as tests of lib know them; `experiments/` has the real ones. */
const SECTIONS = {
  kd: z.looseObject({ kdRatio: z.number().default(1), temperature: z.number().default(1) }),
  gkd: z.looseObject({ weight: z.number().default(0.5) }),
  ammd: z.looseObject({ beta: z.number().default(0.5) }),
  imitkd: anything,
  distillm: anything,
  fewRecords: anything,
  imitationGap: anything,
  preferenceTheory: anything,
  taskSpecific: anything,
  pbkd_offline: anything,
  mm_pbkd_offline: anything,
};

/** Sections with which a program of tests can read every profile. */
export const TEST_SECTIONS: readonly Section[] = [
  ...Object.entries(SECTIONS).map(([name, schema]) => defineSection({ name, schema: schema as z.ZodObject })),
  PREFERENCES,
];

export type TestProfile = Profile & { readonly [Name in keyof typeof SECTIONS]: z.output<(typeof SECTIONS)[Name]> };

/** Profile `smoke` for tests that know no method: its common sections, and whatever else it holds. */
export async function testProfile(...overrides: readonly string[]): Promise<TestProfile> {
  return await loadProfile("smoke", profileSchema(TEST_SECTIONS), overrides) as TestProfile;
}
