import { assert, assertEquals } from "@std/assert";
import { tuningFor } from "./tuning.ts";

const info = (description: string, vendor = "", device = "") => ({ description, vendor, device });

Deno.test("drivers that compute on the CPU get the sizes for a CPU, by whichever field names them", () => {
  for (
    const adapter of [
      info("llvmpipe (LLVM 15.0.6, 256 bits)", "65541", "0"),
      info("SwiftShader Device (Subzero)"),
      info("", "Mesa", "lavapipe"),
    ]
  ) {
    assertEquals(tuningFor(adapter).name, "cpu");
  }
});

Deno.test("any other adapter counts as a GPU", () => {
  for (const adapter of [info("NVIDIA GeForce RTX 4090", "nvidia"), info("Apple M2"), info("")]) {
    assertEquals(tuningFor(adapter).name, "gpu");
  }
});

Deno.test("row workgroups are powers of two, as their sums by halves need, and loops end on CPU drivers only", () => {
  for (const adapter of [info("llvmpipe"), info("Apple M2")]) {
    const { name, rowWorkgroup, elementwiseWorkgroup, maxLoopRounds } = tuningFor(adapter);
    for (const size of [rowWorkgroup, elementwiseWorkgroup]) assert(Number.isInteger(Math.log2(size)) && size <= 256);
    assertEquals(Number.isFinite(maxLoopRounds), name === "cpu");
  }
});
