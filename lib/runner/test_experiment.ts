import type { Experiment, ExperimentMethod } from "#lib/bench/experiment.ts";

/** A method that nothing decides the numbers of but its run's name. */
function methodOf(name: string, runOf: (task?: string) => string): ExperimentMethod {
  return {
    name,
    summary: "",
    module: import.meta.url,
    making: (_, task) => ({ run: runOf(task), settings: {}, numerics: {} }),
  };
}

/** An experiment that computes nothing, of three tasks and two methods, one of them for two of the tasks. */
export const TASKS: Experiment = {
  name: "tasks",
  source: "Paper, Table 2",
  description: "of three tasks",
  tasks: ["qa/small", "qa/large", "mt/small"],
  module: import.meta.url,
  modules: [import.meta.url],
  methods: [
    methodOf("sft", (task) => `${task}: sft`),
    { ...methodOf("kd", (task) => `${task}: kd`), tasks: ["qa/large", "mt/small"] },
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
