import { assertEquals } from "@std/assert";
import { dataOf } from "./run_cells.ts";

Deno.test("a cell that is taken over takes along what is known of its own data, not of other tasks'", () => {
  const data = { samsum: { notes: ["one"] }, iwslt: { notes: ["two"] }, preferences: { notes: ["three"] } };
  const experiment = { tasks: ["samsum/small", "samsum/base", "iwslt/base"] };
  assertEquals(dataOf({ experiment, task: "samsum/base" }, data), {
    samsum: data.samsum,
    preferences: data.preferences,
  });
  assertEquals(dataOf({ experiment, task: "iwslt/base" }, data), { iwslt: data.iwslt, preferences: data.preferences });
  assertEquals(dataOf({ experiment: {} }, data), data);
});
