import { assert, assertEquals } from "@std/assert";
import { datasetLabel, describedDataSets, orderDatasets } from "#lib/reporting/display_names.ts";
import { SEQUENCE_TASK_NAMES, SEQUENCE_TASKS } from "./registry.ts";
import { embeddedData } from "./sequence_task.ts";

Deno.test("the embedded tasks: no test source in training, splits of the sizes that the docs tell, answers half yes", () => {
  const sizes: Record<string, number[]> = {};
  for (const task of SEQUENCE_TASK_NAMES) {
    const { train, validation, test, leakCount, source } = embeddedData(SEQUENCE_TASKS[task]);
    sizes[task] = [train, validation, test].map(({ length }) => length);
    assertEquals(leakCount, 0, task);
    assert(source.startsWith("embedded: "));
    const all = [...train, ...validation, ...test];
    assertEquals(new Set(all.map(({ source }) => source)).size, all.length, `${task} repeats a source`);
    for (const { source, target } of all) {
      assert(source.trim() === source && target !== "" && !/[\t\r]/.test(source + target));
    }
    if (task !== "strategyqa") continue;
    for (const split of [train, validation, test]) {
      assertEquals(split.filter(({ target }) => target === "yes").length, split.length / 2);
      // Whatever is asked about, as often yes as no.
      const byQuestion = Map.groupBy(split, ({ source }) => source.split("?")[0]);
      for (const asked of byQuestion.values()) {
        assertEquals(asked.filter(({ target }) => target === "yes").length, asked.length / 2);
      }
    }
  }
  assertEquals(sizes, { samsum: [871, 85, 258], iwslt: [961, 103, 141], strategyqa: [7192, 272, 624] });
});

Deno.test("tables and list know the data sets by the registry: behind the instruction sets, by size of student, with a line each", () => {
  const known = ["dolly", "self_instruct", "vicuna", "sni", "unni", "samsum", "iwslt", "strategyqa"];
  assertEquals([...describedDataSets().keys()], known);
  const tasks = ["strategyqa/base", "samsum/small", "iwslt/large/sampled", "iwslt/large", "iwslt/base", "samsum/large"];
  assertEquals(orderDatasets(["mine/base", ...tasks, "average", "dolly"]), [
    ...["dolly", "samsum/small", "samsum/large", "iwslt/base", "iwslt/large", "iwslt/large/sampled", "strategyqa/base"],
    ...["average", "mine/base"],
  ]);
  assertEquals(
    ["samsum/base", "iwslt/small/sampled", "strategyqa", "mine/base", "held_out", "average"].map(datasetLabel),
    [
      ...["SAMSum base", "IWSLT small, sampled", "StrategyQA", "mine base", "held_out", "Average"],
    ],
  );
});
