import type { Experiment } from "#lib/bench/experiment.ts";

/** An experiment that computes nothing, of three tasks and two methods, one of them for two of the tasks. */
export const TASKS: Experiment = {
  name: "tasks",
  source: "Paper, Table 2",
  description: "of three tasks",
  tasks: ["qa/small", "qa/large", "mt/small"],
  module: import.meta.url,
  modules: [import.meta.url],
  methods: [
    { name: "sft", summary: "", module: import.meta.url, key: (_, task) => `${task}: sft` },
    {
      name: "kd",
      summary: "",
      module: import.meta.url,
      tasks: ["qa/large", "mt/small"],
      key: (_, task) => `${task}: kd`,
    },
  ],
  open: () => Promise.reject(new Error("a plan runs nothing")),
  report: () => ({ tables: {}, figures: {} }),
};

/** One without tasks. */
export const PLAIN: Experiment = {
  ...TASKS,
  name: "plain",
  tasks: undefined,
  methods: ["sft", "kd"].map((name) => ({ name, summary: "", module: import.meta.url, key: () => `llama: ${name}` })),
};
