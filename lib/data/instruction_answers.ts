import type { RandomStream } from "#lib/random/random_stream.ts";
import type { TaskName, Template } from "./instruction_templates.ts";
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

/** A question of a task, in the words of a template. */
export interface Question {
  readonly task: TaskName;
  readonly template: Template;
  /** Whether an answer in other words than training's is accepted too. */
  readonly acceptsOtherWords?: boolean;
}

/** Asks about a concept; the response of training is one of its answers at random. */
export function makeRecord(
  random: RandomStream,
  concepts: readonly Concept[],
  subject: Concept,
  { task, template: [instruction, input = ""], acceptsOtherWords = false }: Question,
): InstructionRecord {
  const { fillings, answers, otherWords } = ANSWERS[task](random, concepts, subject);
  return {
    instruction: fill(instruction, fillings),
    input: fill(input, fillings),
    response: random.choice(answers),
    references: acceptsOtherWords ? [...answers, ...otherWords] : answers,
  };
}

type Answer = (random: RandomStream, concepts: readonly Concept[], subject: Concept) => {
  readonly fillings: Fillings;
  /** The right answers, worded as training words them. */
  readonly answers: readonly string[];
  /** The same in other words. */
  readonly otherWords: readonly string[];
};

/** For each task: what its placeholders stand for, and the right answers. */
const ANSWERS: Readonly<Record<TaskName, Answer>> = {
  define: (_, __, { word, meaning }) => ({
    fillings: { word },
    answers: [`${meaning}.`],
    otherWords: [`it is ${meaning}.`, `${withArticle(word)} is ${meaning}.`],
  }),

  kind: (_, __, { word, category }) => ({
    fillings: { word },
    answers: [`${withArticle(category)}.`],
    otherWords: [`${category}.`, `it is ${withArticle(category)}.`, `${isA(word, category)}.`],
  }),

  yesNo: (random, concepts, { word, category }) => {
    const wrong = [...new Set(concepts.map((concept) => concept.category))].filter((name) => name !== category);
    const asked = random.integer(2) === 0 ? category : random.choice(wrong);
    const start = asked === category ? "yes" : "no";
    return {
      fillings: { word, category: asked },
      answers: [`${start}, ${isA(word, category)}.`],
      otherWords: [`${start}.`, `${start}, it is ${withArticle(category)}.`],
    };
  },

  list: (_, concepts, { category }) => {
    const words = concepts.filter((concept) => concept.category === category).map(({ word }) => word);
    return {
      fillings: { category },
      answers: words.map((word) => `${word}.`),
      otherWords: words.flatMap((word) => [`${withArticle(word)}.`, `${isA(word, category)}.`]),
    };
  },

  about: (_, concepts, subject) => {
    const { word, category, meaning } = subject;
    const facts = `${isA(word, category)}. it is ${meaning}.`;
    return {
      fillings: { word },
      answers: siblings(concepts, subject).map((sibling) =>
        `${facts} another ${category} is ${withArticle(sibling.word)}.`
      ),
      otherWords: [facts],
    };
  },

  word: (_, __, { word, meaning }) => ({
    fillings: { meaning },
    answers: [`${word}.`],
    otherWords: [`${withArticle(word)}.`, `the word is ${word}.`],
  }),

  both: (random, concepts, subject) => {
    const same = random.integer(2) === 0;
    const other = random.choice(same ? siblings(concepts, subject) : strangers(concepts, subject));
    const each = `${isA(subject.word, subject.category)} and ${isA(other.word, other.category)}.`;
    return {
      fillings: { word: subject.word, other: other.word },
      answers: [same ? `yes, each is ${withArticle(subject.category)}.` : `no, ${each}`],
      otherWords: same ? ["yes.", `yes, ${each}`] : ["no."],
    };
  },

  pick: (random, concepts, subject) => {
    const wrong = random.shuffle(strangers(concepts, subject)).slice(0, 2);
    const [word, other, third] = random.shuffle([subject.word, ...wrong.map((concept) => concept.word)]);
    return {
      fillings: { word, other, third, category: subject.category },
      answers: [`${subject.word}.`],
      otherWords: [`${withArticle(subject.word)}.`, `${isA(subject.word, subject.category)}.`],
    };
  },
};

/** Other concepts of the same category. */
function siblings(concepts: readonly Concept[], subject: Concept): Concept[] {
  return concepts.filter(({ word, category }) => category === subject.category && word !== subject.word);
}

/** Concepts of other categories. */
function strangers(concepts: readonly Concept[], subject: Concept): Concept[] {
  return concepts.filter(({ category }) => category !== subject.category);
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
