import { assert, assertEquals } from "@std/assert";
import { TASK_NAMES } from "#lib/data/task_records.ts";
import { embeddedTask } from "./embedded_tables.ts";

Deno.test("the embedded tasks: no test source in training, splits of the sizes that the docs tell, answers half yes", () => {
  const sizes: Record<string, number[]> = {};
  for (const task of TASK_NAMES) {
    const { train, validation, test, leakCount, source } = embeddedTask(task);
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
