import { assert, assertEquals } from "@std/assert";
import { bounded, type Check, checkAll, checkLoss, checkLosses, checkTensor, checkTokens, TOLERANCE } from "./check.ts";

function assertFails({ status, note }: Check, expectedNote?: string): void {
  assertEquals(status, "FAIL");
  assertEquals(note, expectedNote);
}

Deno.test("tensors agree up to the tolerance, relative to the largest recorded magnitude", () => {
  const expected = [1, -50, 100];
  const at = (deviation: number) => checkTensor("t", [1 + deviation, -50, 100], expected);
  assertEquals(at(0), { name: "t", status: "ok", error: 0, tolerance: TOLERANCE.tensor });
  assertEquals(at(100 * TOLERANCE.tensor * 0.99).status, "ok");
  assertFails(at(100 * TOLERANCE.tensor * 1.01));
  assertFails(at(-100 * TOLERANCE.tensor * 1.01));
});

Deno.test("where every recorded value is 0 the tolerance is absolute", () => {
  assertEquals(checkTensor("t", [TOLERANCE.tensor / 2], [0]).status, "ok");
  assertFails(checkTensor("t", [2 * TOLERANCE.tensor], [0]));
});

Deno.test("NaN and infinities are no agreement, wherever they stand", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (let at = 0; at < 3; at++) {
      const [actual, expected] = [[1, 2, 3].with(at, bad), [1, 2, 3]];
      assertFails(checkTensor("t", actual, expected));
      assertFails(checkTensor("t", expected, actual));
      assertFails(checkTensor("t", actual, actual));
    }
    assertFails(checkLoss("l", bad, 1));
    assertFails(checkLoss("l", 1, bad));
    assertFails(checkLoss("l", bad, bad));
  }
});

Deno.test("tensors of other lengths are no agreement", () => {
  assertFails(checkTensor("t", [1, 2], [1, 2, 3]), "2 values instead of 3");
  assertFails(checkTensor("t", [1, 2, 3, 4], [1, 2, 3]), "4 values instead of 3");
  assertFails(checkTensor("t", [], [0]), "0 values instead of 1");
});

Deno.test("only values that count are compared, and without any there is no agreement", () => {
  const counts = (i: number) => i !== 1;
  assertEquals(checkTensor("t", [1, NaN, 3], [1, 2, 3], counts).status, "ok");
  assertFails(checkTensor("t", [1.1, 2, 3], [1, 2, 3], counts));
  assertFails(checkTensor("t", [1, 2], [1, 2], () => false), "there is nothing to compare");
  assertFails(checkTensor("t", [], []), "there is nothing to compare");
});

Deno.test("losses agree absolutely up to 1 and relatively above", () => {
  const { loss } = TOLERANCE;
  assertEquals(checkLoss("l", 0.01 + 0.99 * loss, 0.01).status, "ok");
  assertFails(checkLoss("l", 0.01 + 1.01 * loss, 0.01));
  assertEquals(checkLoss("l", -8 - 7.9 * loss, -8).status, "ok");
  assertFails(checkLoss("l", -8 - 8.1 * loss, -8));
});

Deno.test("losses in a row agree where each does, and neither NaN nor another number of them is agreement", () => {
  const { loss } = TOLERANCE;
  assertEquals(checkLosses("l", [0.5, -8], [0.5 + 0.9 * loss, -8 - 7 * loss]).status, "ok");
  assertFails(checkLosses("l", [0.5, -8], [0.5 + 1.1 * loss, -8]));
  assertFails(checkLosses("l", [0.5, NaN], [0.5, 1]));
  assertFails(checkLosses("l", [0.5], [0.5, 1]), "1 values instead of 2");
  assertFails(checkLosses("l", [], []), "0 values instead of 0");
});

Deno.test("tokens agree exactly or the first other one is named", () => {
  assertEquals(checkTokens("t", [1, 2, 3], [1, 2, 3]).status, "ok");
  assertFails(checkTokens("t", [1, 4, 5], [1, 2, 3]), "token 1 is 4 instead of 2");
  assertFails(checkTokens("t", [1, 2], [1, 2, 3]), "2 tokens instead of 3");
  assertFails(checkTokens("t", [1, 2, 3], [1, 2]), "3 tokens instead of 2");
});

Deno.test("the largest of no deviations is no agreement", () => {
  assertFails(bounded("none", Math.max(...[]), 1));
  assert(bounded("zero", 0, 0).status === "ok");
});

Deno.test("lists of tokens and texts agree where all are equal, or the first other one is named", () => {
  assertEquals(checkAll("ids", [[1, 2], []], [[1, 2], []]), { name: "ids (2)", status: "ok", error: 0, tolerance: 0 });
  assertFails(checkAll("ids", [[1], [2], [4]], [[1], [3], [5]]), "2 differ; number 1 is [2] instead of [3]");
  assertFails(checkAll("texts", ["a\u200b"], ["a"]), '1 differ; number 0 is "a\\u{200b}" instead of "a"');
  assertFails(checkAll("texts", ["a"], ["a", "b"]), "there are 1 to compare with 2");
  assertFails(checkAll("texts", [], []), "there are 0 to compare with 0");
});
