import type { Experiment, RecordedResults, Report } from "#lib/bench/experiment.ts";
import { makingOf, type RegisteredMethod, rowOf, runMethod } from "#lib/bench/method_registry.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import { buildTable } from "#lib/reporting/table.ts";
import { nameOf } from "./starting_model.ts";
import { isModel, nameOfTeacher, writtenBy } from "./teacher.ts";
import { distilMaking, type DistilSubject, distilTask } from "./distil_task.ts";

/** How results and messages call it. */
export const DISTIL = "distil";
/** The row that others are tested against: the student before it is distilled. */
const START = "sft";

/** A distillation as an experiment of a few cells: its teacher, where that is a model, the student that it starts from, and what becomes of it. */
export function distilExperiment(
  methods: Readonly<Record<string, RegisteredMethod>>,
  subject: DistilSubject,
): Experiment {
  const making = distilMaking(subject);
  const { teacher } = subject;
  const caption = `${nameOfTeacher(teacher)} into ${nameOf(subject.student)}`;
  return {
    name: DISTIL,
    source: "a distillation of your own",
    description: caption,
    methods: Object.entries(methods).map(([name, method]) =>
      rowOf(name, method, (profile) => makingOf(method, profile, making))
    ),
    async open(context) {
      const bench = await Workbench.open(context, distilTask(context.profile, subject));
      return {
        get description() {
          const ofTeacher = isModel(teacher) ? {} : { teacher_texts: writtenBy(teacher).description };
          return { texts: bench.texts.description, ...ofTeacher, ...bench.descriptions };
        },
        cell: (name, seed) => runMethod(methods[name], bench, { name, seed }),
      };
    },
    report: (results) => reportOf(results, Object.keys(methods), caption),
  };
}

function reportOf(results: RecordedResults, methods: readonly string[], caption: string): Report {
  const { scores, items, display } = results;
  const tableOf = (isHeldOut: boolean) =>
    buildTable(scores.filter(({ dataset }) => (dataset === "held_out") === isHeldOut), {
      ...{ methods, display, items, baseline: START },
      caption: isHeldOut ? `${caption}: distances on held-out prompts` : caption,
    });
  const hasDistances = scores.some(({ dataset }) => dataset === "held_out");
  return { tables: { table: tableOf(false), ...(hasDistances ? { held_out: tableOf(true) } : {}) }, figures: {} };
}
