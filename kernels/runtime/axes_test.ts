import { assertEquals, assertThrows } from "@std/assert";
import { axisSizes } from "./axes.ts";

const axes = { x: "N C", weight: "C", pair: "N 2" };

Deno.test("axisSizes names every axis once and returns its size", () => {
  assertEquals(axisSizes("op", axes, { x: { shape: [3, 5] }, weight: { shape: [5] } }), { N: 3, C: 5 });
});

Deno.test("axisSizes refuses an axis with two sizes and says where both were seen", () => {
  assertThrows(
    () => axisSizes("layerNorm", axes, { x: { shape: [3, 53] }, weight: { shape: [52] } }),
    RangeError,
    "Cannot run layerNorm: axis C of weight is 52 but was 53 in x",
  );
});

Deno.test("axisSizes refuses a wrong fixed size and a wrong number of axes", () => {
  assertThrows(() => axisSizes("op", axes, { pair: { shape: [4, 3] } }), RangeError, "axis 2 of pair is 3 but was 2");
  assertThrows(() => axisSizes("op", axes, { x: { shape: [4] } }), RangeError, "x has 1 axes [4] but needs 2 (N C)");
});

Deno.test("axisSizes takes any one shape for axes written *", () => {
  const any = { x: "*", y: "*" };
  assertEquals(axisSizes("add", any, { x: { shape: [2, 3, 4] }, y: { shape: [2, 3, 4] } }), {});
  assertThrows(
    () => axisSizes("add", any, { x: { shape: [2] }, y: { shape: [3] } }),
    RangeError,
    "y is [3] but x is [2]",
  );
});
