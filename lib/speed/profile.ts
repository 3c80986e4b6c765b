import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { KernelTime } from "#kernels/runtime/profile.ts";
import { referenceGpt } from "./reference_gpt.ts";
import { ReferenceTraining } from "./reference_training.ts";

const STEPS = 7;

/** Time on the GPU of every kernel in one training step of the reference GPT, longest first; needs a device opened to profile. */
export async function profileTrainStep(gpu: Gpu): Promise<KernelTime[]> {
  using training = new ReferenceTraining(gpu, referenceGpt(gpu));
  await training.step();
  await gpu.kernelTimes();
  for (let step = 0; step < STEPS; step++) await training.step();
  return (await gpu.kernelTimes()).map(({ kernel, elapsedMs, dispatches }) => ({
    kernel,
    elapsedMs: elapsedMs / STEPS,
    dispatches: dispatches / STEPS,
  }));
}
