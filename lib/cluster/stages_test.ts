import { assertEquals } from "@std/assert";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import type { SharedThing } from "#lib/results/provenance.ts";
import { addressOf, cellsOf } from "#lib/runner/cell.ts";
import { PLAIN, TASKS } from "#lib/runner/test_experiment.ts";
import { type StageOptions, stagesOf } from "./stages.ts";

const profile = await testProfile();
const OPTIONS: StageOptions = { profile, perTask: 1, isThere: () => false };

/** An experiment whose methods share a teacher, whose own row has no student, and students. */
function sharing(experiment: Experiment, names: readonly string[]): Experiment {
  const [{ making }] = experiment.methods;
  const methods = names.map((name) => {
    const reads = name === "teacher" ? ["teacher"] : ["teacher", "student"];
    return {
      name,
      summary: "",
      definition: { reads } as unknown as RegisteredMethod,
      making: (...args: Parameters<typeof making>) => {
        const made = making(...args);
        return { ...made, run: made.run.replace(/sft$/, name) };
      },
    };
  });
  return { ...experiment, methods };
}

function shown(cells: Parameters<typeof stagesOf>[0], options: Partial<StageOptions> = {}) {
  return stagesOf(cells, { ...OPTIONS, ...options }).map(({ name, after, tasks }) =>
    `${name}${after === undefined ? "" : ` after ${after}`}: ${
      tasks.map((task) => task.map(addressOf).join(" + ")).join(", ")
    }`
  );
}

const ROWS = sharing(PLAIN, ["teacher", "sft", "kd"]);

Deno.test("of cells that share a teacher one goes first, then one of every student, then all others", () => {
  assertEquals(shown(cellsOf(ROWS, { seeds: [10, 20] })), [
    "teacher-llama: teacher/10",
    "students-llama after teacher-llama: sft/10, sft/20",
    "cells-llama after students-llama: kd/10, teacher/20, kd/20",
  ]);
});

Deno.test("a first cell that has a student trains that as well", () => {
  assertEquals(shown(cellsOf(ROWS, { seeds: [10, 20], methods: ["kd"] })), [
    "teacher-llama: kd/10",
    "students-llama after teacher-llama: kd/20",
  ]);
});

Deno.test("nobody waits for what is there", () => {
  const isThere = ({ what, seed }: SharedThing) => what === "teacher" || seed === 10;
  assertEquals(shown(cellsOf(ROWS, { seeds: [10, 20] }), { isThere }), [
    "students-llama: sft/20",
    "cells-llama after students-llama: teacher/10, sft/10, kd/10, teacher/20, kd/20",
  ]);
  assertEquals(shown(cellsOf(ROWS, { seeds: [10] }), { isThere: () => true, perTask: 2 }), [
    "cells-llama: teacher/10 + sft/10, kd/10",
  ]);
});

Deno.test("each corpus has its own teacher, each size its own students; what shares nothing waits for nothing", () => {
  const tasks = cellsOf(sharing(TASKS, ["sft", "kd"]), { seeds: [1] });
  assertEquals(shown([...tasks, ...cellsOf(PLAIN, { seeds: [1] })], { perTask: 4 }), [
    "cells: sft/1 + kd/1",
    "teacher-qa: sft/qa/small/1",
    "students-qa after teacher-qa: sft/qa/large/1",
    "cells-qa after students-qa: kd/qa/small/1 + kd/qa/large/1",
    "teacher-mt: sft/mt/small/1",
    "cells-mt after teacher-mt: kd/mt/small/1",
  ]);
});
