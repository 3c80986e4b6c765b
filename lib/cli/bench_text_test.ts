import { assertEquals } from "@std/assert";
import { formatComparedRow, formatRow } from "./bench_text.ts";

Deno.test("a row shows the figures that it has", () => {
  const row = { name: "decode/batch1", ms: 321.4, cpuMs: 600, samples: 5 };
  assertEquals(formatRow(row), "decode/batch1              321 ms, 600 ms of CPU, 5 samples");
  const more = { gflops: 1.44, ratio: 17.361, tokensPerSecond: 199.1, decodingShare: 0.416 };
  assertEquals(
    formatRow({ ...row, samples: 1, ...more }),
    "decode/batch1              321 ms, 600 ms of CPU, 1.4 GFLOP/s, ratio 17.36, 199 tokens/s, 42% of it decoding, 1 sample",
  );
  assertEquals(formatRow({ ...row, ms: 0.02604, gbPerSecond: 2 }).slice(27, 36), "0.0260 ms");
});

Deno.test("a comparison's columns stand under its heading", () => {
  const times = { oldMs: 2540, newMs: 614.2, ratio: 4.1355, oldCpuMs: 4717, newCpuMs: 628, cpuRatio: 7.511 };
  const row = { name: "train_step/reference_gpt", ...times, oldSamples: 5, newSamples: 7 };
  assertEquals([formatComparedRow(), formatComparedRow(row)], [
    "                             old ms   new ms    ratio  old CPU  new CPU    ratio  samples",
    "train_step/reference_gpt       2540      614     4.14     4717      628     7.51      5+7",
  ]);
});
