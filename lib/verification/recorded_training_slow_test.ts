import { assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { verifyCheckpoint } from "./checkpoint.ts";

const FIXTURE = new URL("../../../shared/fixtures/reference_gpt", import.meta.url).pathname;
const ignore = !await Deno.stat(FIXTURE).then(({ isDirectory }) => isDirectory, () => false);

Deno.test({
  name: "the loss and ten training losses that PyTorch recorded of reference_gpt agree",
  ignore,
  sanitizeResources: false,
  async fn() {
    const checks = await verifyCheckpoint(await testGpu(), FIXTURE);
    assertEquals(checks.map(({ status }) => status), Array(1 + 10).fill("ok"));
  },
});
