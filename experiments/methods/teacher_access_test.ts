import { assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { instructionTask } from "#experiments/tasks/instruction_task.ts";
import { runMethod } from "#lib/bench/method_registry.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { passingContext } from "#lib/bench/test_context.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import { DISTANCE_ON, METHODS, PREFERENCE_METHODS } from "./registry.ts";

const SETTINGS = [
  ...["evaluation.heldOut=loss", "distillation.steps=2", "student.training.steps=1", "preferences.pairs=12"],
  ...["pbkd_offline.fit.steps=2", "pbkd_offline.fit.lookEvery=1"],
];
const profile = await loadProfile("smoke", schemaOf(EXPERIMENTS), SETTINGS);

Deno.test("a method does with the teacher's texts alone if it says that they are enough, and with less if it needs none", async (t) => {
  const context = passingContext(await testGpu(), profile);
  const task = instructionTask(context);
  const texts = await task.readTexts();
  let asked = 0;
  const bench = await Workbench.open(context, {
    ...{ ...task, name: "texts alone", corpus: "texts alone" },
    readTexts: () => Promise.resolve(texts),
    score: () => Promise.resolve({ scores: [], samples: [] }),
    // The data's answers in the place of a teacher's: whose they are makes no difference here.
    get teacherTexts() {
      asked++;
      return texts.train.slice(0, 16);
    },
  });
  for (const [name, method] of Object.entries({ ...METHODS, ...PREFERENCE_METHODS, distance_on: DISTANCE_ON })) {
    await t.step(name, async () => {
      const run = () => runMethod(method, bench, { name, seed: 10 });
      if (method.teacher === "probabilities") {
        await assertRejects(run, RangeError, "Cannot open the teacher of texts alone");
        return;
      }
      asked = 0;
      const { curves = [] } = await run();
      assertEquals(curves.every(({ value }) => Number.isFinite(value)), true);
      assertEquals(asked > 0, method.teacher === "texts");
    });
  }
});
