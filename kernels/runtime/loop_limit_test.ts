import { assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import wgsl from "./gpu_test.wgsl" with { type: "text" };
import { defineKernel } from "./kernel.ts";
import { loopRounds, requireLoopRounds } from "./loop_limit.ts";
import { tuningFor } from "./tuning.ts";
import { workgroupWgsl } from "./workgroup.ts";

const cpu = { tuning: tuningFor({ description: "llvmpipe", vendor: "", device: "" }) };
const gpu = { tuning: tuningFor({ description: "a true GPU", vendor: "", device: "" }) };

Deno.test("a loop takes a round for each trip, those inside, and one to leave", () => {
  assertEquals([loopRounds(0), loopRounds(10), loopRounds(10, loopRounds(4))], [1, 11, 61]);
});

Deno.test("work that a CPU driver would cut short is refused with its op, sizes and rounds; a GPU takes it", () => {
  requireLoopRounds(cpu, "attention", "2048 tokens", 65_535);
  requireLoopRounds(gpu, "attention", "2048 tokens", 1e9);
  assertThrows(
    () => requireLoopRounds(cpu, "attention", "9000 tokens", 65_536),
    RangeError,
    "Cannot run attention with 9000 tokens: an invocation would loop 65536 rounds, and this CPU driver ends loops after 65535",
  );
});

const loopsKernel = defineKernel("loops", workgroupWgsl + wgsl, "loops");

gpuTest("this adapter's loops do run to their end up to the rounds that are allowed", async (device) => {
  // The most rounds of each form, 65,535 or just below it: many short loops, and few long ones.
  for (const [trips, inside] of [[21_844, 1], [254, 255], [1, 65_531]]) {
    const rounds = loopRounds(trips, loopRounds(inside));
    requireLoopRounds(cpu, "loops", `${trips} of ${inside}`, rounds);
    const out = device.allocate([16]);
    device.dispatch(loopsKernel, { bindings: { out }, params: { count: trips, value: inside }, workgroups: 1 });
    assertEquals([...(await device.read(out)).subarray(0, 8)], Array(8).fill(trips * inside));
  }
});
