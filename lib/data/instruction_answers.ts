import type { RandomStream } from "#lib/random/random_stream.ts";
import type { TaskName, Template, UnseenTaskName } from "./instruction_templates.ts";
import type { InstructionRecord } from "./records.ts";

/** A noun that questions are asked about. */
export interface Concept {
  readonly word: string;
  readonly meaning: string;
  readonly category: string;
}

/** What the placeholders of a template stand for. */
interface Fillings {
  readonly word?: string;
  readonly other?: string;
  readonly third?: string;
  readonly category?: string;
  readonly meaning?: string;
}

/** Asks about a concept; the response of training is one of the references at random. */
export function makeRecord(
  random: RandomStream,
  concepts: readonly Concept[],
  subject: Concept,
  task: TaskName,
  template: Template,
): InstructionRecord {
  const { fillings, references } = ANSWERS[task](random, concepts, subject);
  return recordOf(template, fillings, references, random.choice(references));
}

type Answer = (random: RandomStream, concepts: readonly Concept[], subject: Concept) => {
  readonly fillings: Fillings;
  readonly references: readonly string[];
};

/** For each task: what its placeholders stand for, and the right answers. */
const ANSWERS: Readonly<Record<TaskName, Answer>> = {
  define: (_, __, { word, meaning }) => ({ fillings: { word }, references: [`${meaning}.`] }),

  kind: (_, __, { word, category }) => ({ fillings: { word }, references: [`${withArticle(category)}.`] }),

  yesNo: (random, concepts, { word, category }) => {
    const wrong = [...new Set(concepts.map((concept) => concept.category))].filter((name) => name !== category);
    const asked = random.integer(2) === 0 ? category : random.choice(wrong);
    const start = asked === category ? "yes" : "no";
    return { fillings: { word, category: asked }, references: [`${start}, ${isA(word, category)}.`] };
  },

  list: (_, concepts, { category }) => ({
    fillings: { category },
    references: concepts.filter((concept) => concept.category === category).map(({ word }) => `${word}.`),
  }),

  about: (_, concepts, subject) => ({
    fillings: { word: subject.word },
    references: siblings(concepts, subject).map(({ word }) =>
      `${isA(subject.word, subject.category)}. it is ${subject.meaning}. ` +
      `another ${subject.category} is ${withArticle(word)}.`
    ),
  }),

  word: (_, __, { word, meaning }) => ({ fillings: { meaning }, references: [`${word}.`] }),

  both: (random, concepts, subject) => {
    const same = random.integer(2) === 0;
    const other = random.choice(same ? siblings(concepts, subject) : strangers(concepts, subject));
    const answer = same
      ? `yes, each is ${withArticle(subject.category)}.`
      : `no, ${isA(subject.word, subject.category)} and ${isA(other.word, other.category)}.`;
    return { fillings: { word: subject.word, other: other.word }, references: [answer] };
  },

  pick: (random, concepts, subject) => {
    const wrong = random.shuffle(strangers(concepts, subject)).slice(0, 2);
    const [word, other, third] = random.shuffle([subject.word, ...wrong.map((concept) => concept.word)]);
    return { fillings: { word, other, third, category: subject.category }, references: [`${subject.word}.`] };
  },
};

/** Other concepts of the same category. */
function siblings(concepts: readonly Concept[], subject: Concept): Concept[] {
  return concepts.filter(({ word, category }) => category === subject.category && word !== subject.word);
}

/** Concepts of other categories. */
export function strangers(concepts: readonly Concept[], subject: Concept): Concept[] {
  return concepts.filter(({ category }) => category !== subject.category);
}

export function unseenTaskReferences(
  task: UnseenTaskName,
  concepts: readonly Concept[],
  subject: Concept,
  other: Concept,
): string[] {
  const { word, meaning, category } = subject;
  const kind = withArticle(category);
  switch (task) {
    case "kindsOfBoth":
      return [
        `${isA(word, category)} and ${isA(other.word, other.category)}.`,
        `${kind} and ${withArticle(other.category)}.`,
      ];
    case "another":
      return siblings(concepts, subject).map((sibling) => `${sibling.word}.`);
    case "kindOfMeaning":
      return [`${kind}.`, `${category}.`, `it is ${kind}.`];
    case "kindAndMeaning":
      return [`${isA(word, category)}. it is ${meaning}.`, `${kind}. ${meaning}.`];
  }
}

export function recordOf(
  [instruction, input]: Template,
  fillings: Fillings,
  references: readonly string[],
  response: string,
): InstructionRecord {
  return { instruction: fill(instruction, fillings), input: fill(input ?? "", fillings), response, references };
}

/** Puts the fillings in the place of `{name}` and `{a name}`. */
function fill(template: string, fillings: Fillings): string {
  return template.replace(/\{(a )?(\w+)\}/g, (placeholder, article: string | undefined, name: keyof Fillings) => {
    const value = fillings[name];
    if (value === undefined) throw new Error(`Cannot fill ${placeholder} in "${template}": the task does not give it`);
    return article === undefined ? value : withArticle(value);
  });
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

function isA(word: string, category: string): string {
  return `${withArticle(word)} is ${withArticle(category)}`;
}
