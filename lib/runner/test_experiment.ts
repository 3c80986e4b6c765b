import type { TestProfile } from "#lib/bench/test_profile.ts";
import type { Experiment, ExperimentMethod } from "#lib/bench/experiment.ts";

/** A method that reads the settings of `ammd`, and has a version of its own. */
function methodOf(name: string, runOf: (task?: string) => string): ExperimentMethod {
  return {
    name,
    summary: "",
    making: (profile, task) => ({
      run: runOf(task),
      settings: { ammd: (profile as TestProfile).ammd },
      numerics: { lib: 1, [`method ${name}`]: 1 },
    }),
  };
}

/** An experiment that computes nothing, of three tasks and two methods. */
export const TASKS: Experiment = {
  name: "tasks",
  source: "Paper, Table 2",
  description: "of three tasks",
  tasks: ["qa/small", "qa/large", "mt/small"],
  methods: [
    methodOf("sft", (task) => `${task}: sft`),
    methodOf("kd", (task) => `${task}: kd`),
  ],
  open: () => Promise.reject(new Error("a plan runs nothing")),
  report: () => ({ tables: {}, figures: {} }),
};

/** One without tasks. */
export const PLAIN: Experiment = {
  ...TASKS,
  name: "plain",
  tasks: undefined,
  methods: ["sft", "kd"].map((name) => methodOf(name, () => `llama: ${name}`)),
};
