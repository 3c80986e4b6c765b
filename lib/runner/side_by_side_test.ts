import { assertEquals, assertRejects } from "@std/assert";
import { sideBySide } from "./side_by_side.ts";

/** Acts on numbers, three at once; each ends when it is told to. */
function stage(count: number) {
  const ends = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  let [abandoned, at] = [0, 0];
  const all = sideBySide(
    { width: 3, abandon: () => void abandoned++ },
    () => at < count ? at++ : undefined,
    (item) => {
      begun.push(item);
      return ends[item].promise;
    },
  );
  return { all, ends, begun, abandoned: () => abandoned };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("so many are acted on at once, and the next when one has ended", async () => {
  const { all, ends, begun } = stage(5);
  assertEquals(begun, [0, 1, 2]);
  ends[1].resolve();
  await settle();
  assertEquals(begun, [0, 1, 2, 3]);
  for (const { resolve } of ends) resolve();
  await all;
  assertEquals(begun, [0, 1, 2, 3, 4]);
});

Deno.test("where one fails the others are abandoned, and its error is thrown when they have ended", async () => {
  const { all, ends, begun, abandoned } = stage(5);
  let isOver = false;
  const over = assertRejects(() => all, Error, "first").then(() => isOver = true);
  ends[1].reject(new Error("first"));
  await settle();
  assertEquals([abandoned(), isOver], [1, false]);
  ends[0].reject(new Error("abandoned"));
  ends[2].resolve();
  await over;
  assertEquals(begun, [0, 1, 2]);
});
