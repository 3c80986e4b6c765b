import type { FileSource } from "#lib/models/model_folder.ts";
import type { CodeVersion } from "#lib/results/git_repository.ts";
import type { DistilSubject } from "./distil_task.ts";
import { nameOf, type StartingModel } from "./starting_model.ts";
import { isModel, nameOfTeacher, type Teacher, writtenBy } from "./teacher.ts";

/** What the model card of a distilled student says. */
export interface StudentCard {
  readonly subject: DistilSubject;
  readonly method: { readonly name: string; readonly label: string; readonly summary: string };
  readonly seed: number;
  readonly code: CodeVersion;
  readonly adapter: string;
  /** The command that made it. */
  readonly command: string;
  readonly settings: unknown;
  /** Scores before and after, as Markdown. */
  readonly tables: readonly string[];
}

/** The `README.md` of a distilled student, with the header that the Hugging Face hub reads. */
export function formatStudentCard({ subject, method, seed, code, adapter, command, ...card }: StudentCard): string {
  const { teacher, student, texts } = subject;
  const kind = student.layout === "oneText" ? "text-generation" : "text2text-generation";
  const base = "hub" in student.source ? [`base_model: ${student.source.hub}`] : [];
  const rows: [name: string, value: string][] = [
    ["teacher", describeTeacher(teacher)],
    ["student", `${describe(student)}${student.hasWeights ? "" : ", from drawn values"}`],
    ["method", `${method.label} (\`${method.name}\`)`],
    ["seed", `${seed}`],
    ["data", `${dataOf(texts.description)}digest ${texts.digest}`],
    ["prompts", `template ${texts.template.name}`],
    ["commit of the program", `${code.commit}${code.dirty === true ? ", with changes" : ""}`],
    ["adapter", adapter],
    ["Deno", Deno.version.deno],
    ["written by", `\`${command}\``],
  ];
  return [
    ...["---", "library_name: transformers", `pipeline_tag: ${kind}`, ...base, "tags: [distillation]", "---", ""],
    `# ${nameOf(student)} distilled from ${nameOfTeacher(teacher)}`,
    "",
    `${method.label}: ${method.summary}.`,
    "",
    "## Scores before and after",
    "",
    ...card.tables.flatMap((table) => [table.trim(), ""]),
    "## Provenance",
    "",
    ...["| | |", "|---|---|"],
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    "",
    "The licences of the student, the teacher and the data hold for this model.",
    "",
    "## Settings and data",
    "",
    "```json",
    JSON.stringify({ settings: card.settings, data: texts.description, files: filesOf(subject) }, null, 2),
    "```",
    "",
  ].join("\n");
}

function describe(model: StartingModel): string {
  const { source } = model;
  return "hub" in source ? `${source.hub} at commit ${source.commit}` : `${nameOf(model)} (digests below)`;
}

function describeTeacher(teacher: Teacher): string {
  if (isModel(teacher)) return describe(teacher);
  const { texts, digest } = writtenBy(teacher);
  return `${teacher.name}: ${texts.length} on training prompts (digest ${digest})`;
}

/** What data of the hub is called there. */
function dataOf({ hub, commit }: DistilSubject["texts"]["description"]): string {
  return hub === undefined ? "" : `${hub} at commit ${commit}, `;
}

/** The SHA-256 of the files of models that are folders, and what is known of a teacher's texts. */
function filesOf({ teacher, student }: DistilSubject): Readonly<Record<string, unknown>> {
  const digests = (source: FileSource) => "files" in source ? source.files : { commit: source.commit };
  const ofTeacher = isModel(teacher) ? digests(teacher.source) : writtenBy(teacher).description;
  return { teacher: ofTeacher, student: digests(student.source) };
}
