import { RandomStream } from "#lib/random/random_stream.ts";
import { type Concept, makeRecord } from "./instruction_answers.ts";
import { type TaskName, TASKS, type TaskTemplates, type Template, UNSEEN_ABOUT } from "./instruction_templates.ts";
import { countLeaks, type EvaluationSet, type InstructionData, type InstructionRecord, promptKey } from "./records.ts";
import wordNetConcepts from "./wordnet_concepts.json" with { type: "json" };

export interface InstructionTaskOptions {
  /** How many of each category's words are used: 2 to 6. */
  readonly wordsPerCategory: number;
  readonly trainRecords: number;
  /** Records of each evaluation set and of validation; a set has fewer where its role has fewer prompts. */
  readonly itemsPerSet: number;
  readonly seed: number;
}

/** Prompts fall into 100 buckets by hash: 0-4 validation, 5-14 the Dolly role, 15-99 training. */
const BUCKETS = 100;
const FIRST_DOLLY_BUCKET = 5;
const FIRST_TRAINING_BUCKET = 15;
/** Draws per wanted record before a set counts as exhausted. */
const MAX_DRAWS_PER_RECORD = 200;
const TASK_NAMES = Object.keys(TASKS) as TaskName[];

/**
 * Builds the embedded instruction-following data: questions about 16 to 48 nouns of WordNet, whose answers a small model
 * can learn, in five evaluation sets that differ from training as the sets of AMMD's Table 1 do.
 *
 * | set | what differs from training |
 * |---|---|
 * | dolly | same templates, unseen prompts |
 * | self_instruct | held-out, user-like phrasings |
 * | vicuna | long "about" answers, for the half of the concepts that training never asks "about" |
 * | sni | unseen definitions of the tasks, each task as often as another, several right answers |
 * | unni | unusual framings |
 *
 * Facts are shared between training and evaluation on purpose, since a small model's knowledge is what distillation
 * moves; prompts are not: validation, the Dolly role and training are kept apart by a hash of the prompt, the others by
 * their templates. The task `list` has too few prompts for that and is asked in training and, in other words, in
 * self_instruct and unni only. Each set has its own random stream: its size changes no other set.
 *
 * @throws {RangeError} if a size is not an integer of its range
 */
export function buildInstructionTasks(options: InstructionTaskOptions): InstructionData {
  checkOptions(options);
  const concepts = chooseConcepts(options.wordsPerCategory);
  const train = drawRecords(concepts, options, "train", options.trainRecords);
  const validation = drawRecords(concepts, options, "validation", options.itemsPerSet);
  const draw = (role: Role) => drawRecords(concepts, options, role, options.itemsPerSet);
  const evaluation: EvaluationSet[] = [
    { name: "dolly", records: draw("dolly") },
    { name: "self_instruct", records: draw("self_instruct") },
    { name: "vicuna", records: unseenAboutRecords(concepts, options) },
    { name: "sni", records: draw("sni") },
    { name: "unni", records: draw("unni") },
  ];
  return {
    train,
    validation,
    evaluation,
    source: wordNetConcepts.source,
    leakCounts: countLeaks(train, validation, evaluation),
  };
}

function checkOptions({ wordsPerCategory, trainRecords, itemsPerSet }: InstructionTaskOptions): void {
  const most = wordNetConcepts.rule.wordsPerCategory;
  const check = (name: string, value: number, from: number, to: number) => {
    if (Number.isInteger(value) && value >= from && value <= to) return;
    throw new RangeError(`Cannot build instruction tasks: ${name} is ${value} but must be an integer in ${from}…${to}`);
  };
  check("wordsPerCategory", wordsPerCategory, 2, most);
  check("trainRecords", trainRecords, 1, 1_000_000);
  check("itemsPerSet", itemsPerSet, 1, 100_000);
}

/** The first words of each category, all together in the order of their letters. */
function chooseConcepts(wordsPerCategory: number): Concept[] {
  const chosen = wordNetConcepts.categories.flatMap(({ name, concepts }) =>
    concepts.slice(0, wordsPerCategory).map(({ word, meaning }) => ({ word, meaning, category: name }))
  );
  return chosen.sort((a, b) => a.word < b.word ? -1 : 1);
}

/** Every second concept is asked "about" in training; the others only in the Vicuna role. */
function askedAbout(concepts: readonly Concept[]): Concept[] {
  return concepts.filter((_, index) => index % 2 === 0);
}

type Role = "train" | "validation" | "dolly" | "self_instruct" | "sni" | "unni";

/** The roles with templates of their own, whose prompts training cannot have. */
const OWN_TEMPLATES: Readonly<Partial<Record<Role, Exclude<keyof TaskTemplates, "weight">>>> = {
  self_instruct: "userLike",
  sni: "definitions",
  unni: "unusual",
};

/** Draws records of one role until there are `count`; all but training holds each prompt once. */
function drawRecords(
  concepts: readonly Concept[],
  { seed }: InstructionTaskOptions,
  role: Role,
  count: number,
): InstructionRecord[] {
  const random = new RandomStream(seed, `instruction_tasks/${role}`);
  const tasks = TASK_NAMES.filter((task) => templatesOf(task, role).length > 0);
  const weights = tasks.map((task) => role === "sni" ? 1 : TASKS[task].weight);
  const records: InstructionRecord[] = [];
  const seen = new Set<string>();
  for (let draw = 0; records.length < count && draw < count * MAX_DRAWS_PER_RECORD; draw++) {
    const task = random.weightedChoice(tasks, weights);
    const subjects = task === "about" ? askedAbout(concepts) : concepts;
    const subject = random.choice(subjects);
    const template = random.choice(templatesOf(task, role));
    const record = makeRecord(random, concepts, subject, { task, template, acceptsOtherWords: role === "sni" });
    const key = promptKey(record);
    if (!belongs(task, key, role) || (role !== "train" && seen.has(key))) continue;
    seen.add(key);
    records.push(record);
  }
  return records;
}

function templatesOf(task: TaskName, role: Role): readonly Template[] {
  return TASKS[task][OWN_TEMPLATES[role] ?? "training"];
}

/** Whether a prompt may stand in a role: the roles that share templates share no prompt. */
function belongs(task: TaskName, key: string, role: Role): boolean {
  if (role in OWN_TEMPLATES) return true;
  if (task === "list") return role === "train";
  const bucket = promptBucket(key);
  if (role === "train") return bucket >= FIRST_TRAINING_BUCKET;
  return role === "validation"
    ? bucket < FIRST_DOLLY_BUCKET
    : bucket >= FIRST_DOLLY_BUCKET && bucket < FIRST_TRAINING_BUCKET;
}

/** A bucket for a prompt, the same for every seed and size, so that no two builds mix training with evaluation. */
function promptBucket(key: string): number {
  return new RandomStream(0, key).integer(BUCKETS);
}

/** The Vicuna role: every "about" question on every concept never asked "about" in training, in random order. */
function unseenAboutRecords(
  concepts: readonly Concept[],
  { seed, itemsPerSet }: InstructionTaskOptions,
): InstructionRecord[] {
  const random = new RandomStream(seed, "instruction_tasks/vicuna");
  const known = new Set(askedAbout(concepts));
  const records = concepts.filter((concept) => !known.has(concept)).flatMap((subject) =>
    [...TASKS.about.training, ...UNSEEN_ABOUT].map((template) =>
      makeRecord(random, concepts, subject, { task: "about", template })
    )
  );
  return random.shuffle(records).slice(0, itemsPerSet);
}
