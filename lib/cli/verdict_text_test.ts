import { assertEquals } from "@std/assert";
import type { JudgedRow } from "#lib/statistics/noise_verdict.ts";
import { describeVerdict } from "./verdict_text.ts";
import { DISPLAY } from "#lib/reporting/test_display.ts";

const PLACE = { resultsFolder: "results", profileName: "tiny" };

function row(verdict: JudgedRow["verdict"], method = "gkd", deviations: number | undefined = 1): JudgedRow {
  const name = { experiment: "instruction_following", method, dataset: "vicuna", metric: "rouge_l" };
  return { ...name, seeds: [10], recorded: 0.5891, now: 0.402, deviations, verdict };
}

Deno.test("the verdict counts rows, and shows those that differ with both values, the farthest first", () => {
  const rows = [
    row("equal"),
    row("equal"),
    row("within"),
    row("differs", "gkd", 6.25),
    row("differs", "ammd", Infinity),
  ];
  assertEquals(
    describeVerdict({ rows, unrecorded: 0 }, PLACE, true, DISPLAY),
    [
      "against the recorded results/tiny: of 5 rows 2 equal, 1 within the noise, 2 differ",
      "  differs  instruction_following: AMMD, Vicuna, ROUGE-L: recorded 58.9, now 40.2 (seeds do not vary)",
      "  differs  instruction_following: GKD, Vicuna, ROUGE-L: recorded 58.9, now 40.2 (6.3 standard deviations)",
    ].join("\n"),
  );
});

Deno.test("rows that cannot be judged or are not recorded are counted, and of many that differ some are shown", () => {
  const untellable = describeVerdict({ rows: [row("untellable", "gkd", undefined)], unrecorded: 3 }, PLACE, false);
  assertEquals(
    untellable,
    "against what results/tiny held before: of 1 rows 0 equal, 0 within the noise, 0 differ, " +
      "1 cannot be judged, as no method has two recorded seeds, 3 more are not recorded",
  );
  const many = describeVerdict({ rows: Array.from({ length: 25 }, () => row("differs")), unrecorded: 0 }, PLACE, true);
  assertEquals(many.split("\n").length, 22);
  assertEquals(many.split("\n").at(-1), "  and 5 more");
});
