import { assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testBeside } from "#lib/test_beside.ts";
import { verifyCheckpoint } from "./checkpoint.ts";

const NAME = "the loss and ten training losses that PyTorch recorded of reference_gpt agree";

testBeside("fixtures/reference_gpt", NAME, async (folder) => {
  const checks = await verifyCheckpoint(await testGpu(), folder);
  assertEquals(checks.map(({ status }) => status), Array(1 + 10).fill("ok"));
});
