import { assertEquals } from "@std/assert";
import { type Uses, UseTracer } from "./uses.ts";

const listed = ({ kernels, data, shared }: Uses) => [[...kernels], data, [...shared]];

Deno.test("whoever asks for what was made before has used what it was made of", async () => {
  const tracer = new UseTracer();
  const shared = await tracer.trace(() => {
    tracer.usedKernel({ name: "matmul" });
    tracer.add({ data: true });
    return Promise.resolve("teacher");
  });
  assertEquals(listed(shared.uses), [["matmul"], true, []]);
  const own = await tracer.trace(async () => {
    const inner = await tracer.trace(() => Promise.resolve(tracer.usedKernel({ name: "inner" })));
    tracer.add({ ...shared.uses, shared: new Set(["samsum: teacher"]) });
    assertEquals(listed(inner.uses), [["inner"], false, []]);
    tracer.usedKernel({ name: "softmax" });
    assertEquals(listed(tracer.soFar), [["matmul", "softmax"], true, ["samsum: teacher"]]);
  });
  assertEquals(listed(own.uses), [["matmul", "softmax"], true, ["samsum: teacher"]]);
  assertEquals(listed(tracer.soFar), [[], false, []]);
});

Deno.test("computations that run at once note each its own", async () => {
  const tracer = new UseTracer();
  const bothHaveBegun = Promise.withResolvers<void>();
  let begun = 0;
  const run = (name: string) =>
    tracer.trace(async () => {
      if (++begun === 2) bothHaveBegun.resolve();
      await bothHaveBegun.promise;
      tracer.usedKernel({ name });
    });
  const [a, b] = await Promise.all([run("a"), run("b")]);
  assertEquals([[...a.uses.kernels], [...b.uses.kernels]], [["a"], ["b"]]);
});
