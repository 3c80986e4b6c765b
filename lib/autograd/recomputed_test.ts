import { assert, assertEquals, assertThrows } from "@std/assert";
import { add } from "#kernels/elementwise/add/add.ts";
import { multiply } from "#kernels/elementwise/multiply/multiply.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { gpu, gradientsOf, positionSum, storeOf, SUM } from "#lib/nn/test_tape.ts";
import { Tape, type Variable } from "./tape.ts";

type Two = { readonly bent: Variable; readonly product: Variable };

/** Two results that have a value between in common. */
function two(tape: Tape, x: Variable, y: Variable): Two {
  const bent = tape.apply(tanh, { x: tape.apply(add, { x, y }, SUM) }, {});
  return { bent, product: tape.apply(multiply, { x: bent, y }, {}) };
}

/** What is asked of the results; of the parameters, before and after the block. */
const USES: Readonly<Record<string, (tape: Tape, results: Two, x: Variable) => Variable>> = {
  "both of its results": (tape, { bent, product }, x) =>
    positionSum(tape, tape.apply(add, { x: tape.apply(multiply, { x: bent, y: product }, {}), y: x }, SUM)),
  "one of them": (tape, { product }) => positionSum(tape, product),
  "one of them twice": (tape, { bent }) => positionSum(tape, tape.apply(multiply, { x: bent, y: bent }, {})),
};

for (const [name, use] of Object.entries(USES)) {
  gpuTest(`a block that is run again gives the same gradients to the bit through ${name}`, async () => {
    using store = storeOf({ x: [203], y: [203] });
    const [kept, again, nested] = [
      await gradientsOf(store, (tape, p) => use(tape, two(tape, p("x"), p("y")), p("x"))),
      await gradientsOf(store, (tape, p) => {
        const before = tape.apply(add, { x: p("x"), y: p("x") }, { xScale: 1, yScale: 0 });
        return use(tape, tape.recomputed((part) => two(part, before, p("y"))), p("x"));
      }),
      await gradientsOf(store, (tape, p) => {
        const before = tape.apply(add, { x: p("x"), y: p("x") }, { xScale: 1, yScale: 0 });
        return use(
          tape,
          tape.recomputed((part) => {
            const { bent } = part.recomputed((inner) => ({ bent: two(inner, before, p("y")).bent }));
            return { bent, product: part.apply(multiply, { x: bent, y: p("y") }, {}) };
          }),
          p("x"),
        );
      }),
    ];
    assert(kept.get("y")!.every((value) => value !== 0));
    assertEquals(again, kept);
    assertEquals(nested, kept);
  });
}

gpuTest("a block runs again once, whatever its results, and not at all where nothing learns", () => {
  using store = storeOf({ x: [64], y: [64] });
  const runsOf = (learning: boolean) => {
    let runs = 0;
    using tape = new Tape(gpu, { learning: learning ? [store] : [] });
    const [x, y] = ["x", "y"].map((name) => tape.parameter(store.get(name)));
    const results = tape.recomputed((part) => {
      runs++;
      return two(part, x, y);
    });
    const loss = USES["both of its results"](tape, results, x);
    assertEquals([results.bent.requiresGrad, results.product.requiresGrad], [learning, learning]);
    store.zeroGradients();
    if (learning) tape.backward(loss);
    return runs;
  };
  assertEquals([runsOf(true), runsOf(false)], [2, 1]);
});

gpuTest("between, a tape holds the results of its block alone", async () => {
  using store = storeOf({ x: [5000], y: [5000] });
  const buffersAfter = (blocks: number) => {
    using tape = new Tape(gpu, { learning: [store] });
    const [x, y] = ["x", "y"].map((name) => tape.parameter(store.get(name)));
    for (let i = 0; i < blocks; i++) tape.recomputed((part) => two(part, x, y));
    return gpu.liveBuffers;
  };
  const ofTwo = buffersAfter(2);
  assertEquals(buffersAfter(12) - ofTwo, 20);
  await gpu.settle();
});

gpuTest("what a block did not make is no result of it", () => {
  using store = storeOf({ x: [3] });
  using tape = new Tape(gpu, { learning: [store] });
  const x = tape.parameter(store.get("x"));
  assertThrows(() => tape.recomputed(() => ({ x })), RangeError, "Cannot keep [3]: this tape does not own it");
});
