import { z } from "zod";
import { defineSection } from "#lib/bench/section.ts";
import { count } from "#lib/bench/setting_schemas.ts";

/** The section of tables whose students see few records. */
export const FEW_RECORDS = defineSection({
  name: "fewRecords",
  schema: z.strictObject({
    records: count.default(1000).describe(
      "the first training records, whose answers students see; the teacher sees all, and prompts are those of all",
    ),
  }),
});
