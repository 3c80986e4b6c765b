import { assertEquals } from "@std/assert";
import { EvaluationProgress } from "./evaluation_progress.ts";

Deno.test("progress counts the items of all sets, and says how long they take once it can", () => {
  let ms = 0;
  const progress = new EvaluationProgress("gpt2", 200, () => ms);
  progress.update("dolly", 0);
  assertEquals(progress.text(), "gpt2 on dolly: 0 of 200 items");
  ms = 1000;
  progress.update("dolly", 50);
  assertEquals(progress.text(), "gpt2 on dolly: 50 of 200 items");
  progress.finishSet(100);
  progress.update("vicuna", 20);
  ms = 60_000;
  assertEquals(progress.text(), "gpt2 on vicuna: 120 of 200 items, 40 s left");
});
