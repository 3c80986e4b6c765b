import { assertEquals } from "@std/assert";
import { datasetLabel, describeDataSets, orderDatasets } from "./display_names.ts";
import { metricDisplay, metricLabel } from "#lib/metrics/metric_display.ts";
import { orderMethods, orderMetrics } from "./display_names.ts";
import { printMetric } from "#lib/metrics/metric_display.ts";

Deno.test("given names come first in their order, then known data sets and metrics as in the papers, then others by code units", () => {
  assertEquals(orderMethods(["zeta", "Beta", "ammd", "kd", "opd", "kd"]), ["Beta", "ammd", "kd", "opd", "zeta"]);
  const methods = ["ammd", "k_10", "k_2", "teacher", "a"];
  assertEquals(orderMethods(methods, ["teacher", "k_2", "k_10", "absent"]), ["teacher", "k_2", "k_10", "a", "ammd"]);
  assertEquals(orderDatasets(["vicuna", "mine", "dolly"]), ["dolly", "vicuna", "mine"]);
  assertEquals(orderMetrics(["entropy", "exact_match", "rouge_l", "other"]), [
    ...["rouge_l", "exact_match", "entropy", "other"],
  ]);
});

Deno.test("tasks stand by data set, in the order in which they were described, from small students to large ones", () => {
  const described = (label: string) => ({ label, summary: "" });
  describeDataSets({ prose: described("Prose"), verse: described("Verse") });
  const tasks = ["verse/small", "prose/large/sampled", "prose/large", "verse", "prose/base"];
  assertEquals(orderDatasets(["mine/base", ...tasks, "average", "dolly"]), [
    ...["dolly", "prose/base", "prose/large", "prose/large/sampled", "verse", "verse/small", "average", "mine/base"],
  ]);
  assertEquals(
    ["prose/base", "verse/small/sampled", "verse", "mine/base", "held_out", "dolly", "average"].map(datasetLabel),
    [
      ...["Prose base", "Verse small, sampled", "Verse", "mine base", "held_out", "Dolly", "Average"],
    ],
  );
});

Deno.test("metrics are printed in their units with their decimals, and never as minus zero", () => {
  assertEquals(printMetric("rouge_l", 0.33649), "33.6");
  assertEquals(printMetric("judge", 1), "100.0");
  assertEquals(printMetric("bleu", 0.30119), "30.1");
  assertEquals(printMetric("accuracy", 0.6547), "65.5");
  assertEquals(printMetric("rouge_l", -0.0001), "0.0");
  assertEquals(printMetric("response_tokens", 7.25), "7.3");
  assertEquals(printMetric("forward_kl_on", 0.01234), "0.012");
  assertEquals(printMetric("unknown", 1.23456), "1.235");
});

Deno.test("a metric says what is better and on whose texts it was measured", () => {
  assertEquals(metricDisplay("rouge_l").better, "higher");
  assertEquals(metricDisplay("total_variation_off").better, "lower");
  assertEquals(metricDisplay("entropy_on").better, undefined);
  assertEquals(metricLabel("reverse_kl_on"), "reverse KL (student texts)");
  assertEquals(metricLabel("two_tv_off"), "twice total variation (teacher texts)");
  assertEquals(metricLabel("unknown"), "unknown");
});
