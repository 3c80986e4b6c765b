/** The kinds of question that can be asked about a concept. */
export type TaskName = "define" | "kind" | "yesNo" | "list" | "about" | "word" | "both" | "pick";

/**
 * An instruction and, where it has one, its input. Placeholders: `{word}`, `{other}`, `{third}` concepts, `{category}`,
 * `{meaning}`; `{a word}` and so on with the article in front.
 */
export type Template = readonly [instruction: string, input?: string];

export interface TaskTemplates {
  /** How often training asks for this task. */
  readonly weight: number;
  /** For training, validation and the Dolly role, which are kept apart by prompt. */
  readonly training: readonly Template[];
  /** For the SelfInst role: as a user may put it, never seen in training. */
  readonly userLike: readonly Template[];
  /** For the UnNI role: unusual framings, never seen in training. */
  readonly unusual: readonly Template[];
  /** For the S-NI role: definitions in the manner of Super-Natural Instructions, never seen in training. */
  readonly definitions: readonly Template[];
}

export const TASKS: Readonly<Record<TaskName, TaskTemplates>> = {
  define: {
    weight: 0.26,
    training: [
      ["what is {a word}?"],
      ["define {word}."],
      ["give the meaning of {word}."],
      ["explain what {a word} is."],
      ["what does {word} mean?"],
      ["write the meaning of the word.", "{word}"],
      ["definition: you are given a word. write the meaning of the word.", "{word}"],
    ],
    userLike: [
      ["please tell me the meaning of {word}."],
      ["can you explain the word {word}?"],
      ["i want to know what {a word} is."],
    ],
    unusual: [
      ["you are a teacher. a child asks: what is {a word}? answer the child."],
      ["say to a child what the word means.", "{word}"],
      ["if i say {word}, what do i mean?"],
    ],
    definitions: [
      ["definition: you are given a word. explain what it is.", "{word}"],
      ["definition: you are given a word. tell a child what it means.", "{word}"],
    ],
  },
  kind: {
    weight: 0.12,
    training: [
      ["what kind of thing is {a word}?"],
      ["{a word} is a kind of what?"],
      ["say what kind of thing {a word} is."],
      ["name the kind of the word.", "{word}"],
      ["definition: you are given a word. write the kind of the word.", "{word}"],
    ],
    userLike: [
      ["please tell me what kind of thing {a word} is."],
      ["i want to know the kind of {word}."],
    ],
    unusual: [
      ["you are a teacher. a child asks: what kind of thing is {a word}? answer the child."],
      ["if i name {a word}, what kind of thing do i name?"],
    ],
    definitions: [
      ["definition: you are given a word. say what kind of thing it is.", "{word}"],
      ["definition: you are given a word. name the kind.", "{word}"],
    ],
  },
  yesNo: {
    weight: 0.12,
    training: [
      ["is {a word} {a category}?"],
      ["is it true that {a word} is {a category}?"],
      ["say yes or no: {a word} is {a category}."],
      ["is the word a kind of {category}?", "{word}"],
    ],
    userLike: [
      ["can you tell me if {a word} is {a category}?"],
      ["i want to know if {a word} is a kind of {category}."],
    ],
    unusual: [
      ["a child asks if {a word} is {a category}. answer the child."],
      ["if i name {a word}, do i name {a category}?"],
    ],
    definitions: [
      ["definition: you are given a word and a kind. say yes or no: is the word of this kind?", "{word}, {category}"],
      ["definition: a child asks if this is true. answer yes or no.", "{a word} is {a category}."],
    ],
  },
  list: {
    weight: 0.1,
    training: [
      ["name {a category}."],
      ["give an example of {a category}."],
      ["please name one kind of {category}."],
      ["write a word of this kind.", "{category}"],
      ["definition: you are given a kind of thing. write one example of this kind.", "{category}"],
    ],
    userLike: [
      ["can you give one kind of {category}?"],
      ["i want an example of {a category}, please."],
    ],
    unusual: [
      ["you are in a game. say {a category}."],
      ["a child asks for a kind of {category}. answer the child."],
    ],
    definitions: [
      ["definition: you are given a kind. name a thing of this kind.", "{category}"],
      ["definition: you are given a kind. give one word of this kind.", "{category}"],
    ],
  },
  about: {
    weight: 0.12,
    training: [
      ["tell me about {a word}."],
      ["describe {a word}."],
      ["write about {a word}."],
      ["i want to know about {a word}."],
      ["you are a teacher. a child asks about {a word}. answer the child."],
    ],
    userLike: [],
    unusual: [],
    definitions: [
      ["definition: you are given a word. describe the thing.", "{word}"],
      ["definition: you are given a word. tell me about it.", "{word}"],
    ],
  },
  word: {
    weight: 0.12,
    training: [
      ["which word means: {meaning}?"],
      ["what is the word for: {meaning}?"],
      ["give the word for the meaning.", "{meaning}"],
      ["can you say which word means: {meaning}?"],
      ["definition: you are given a meaning. write the word for the meaning.", "{meaning}"],
    ],
    userLike: [
      ["please tell me the word for: {meaning}."],
      ["i want to know which word means: {meaning}."],
    ],
    unusual: [
      ["you are in a game. the answer is: {meaning}. what is the word?"],
      ["if i mean {meaning}, which word do i say?"],
    ],
    definitions: [
      ["definition: you are given a meaning. say which word means this.", "{meaning}"],
      ["definition: you are given what a word means. name the word.", "{meaning}"],
    ],
  },
  both: {
    weight: 0.08,
    training: [
      ["are {a word} and {a other} the same kind of thing?"],
      ["say if the words are the same kind.", "{word}, {other}"],
      ["do {word} and {other} mean the same kind of thing?"],
      ["definition: you are given two words. say if the words are the same kind of thing.", "{word}, {other}"],
    ],
    userLike: [["can you tell me if {a word} and {a other} are the same kind?"]],
    unusual: [["a child asks if {a word} and {a other} are the same kind of thing. answer the child."]],
    definitions: [
      ["definition: you are given two words. say yes or no: are the words of one kind?", "{word}, {other}"],
      [
        "definition: you are given two words. do the words mean the same kind of thing? answer yes or no.",
        "{word}, {other}",
      ],
    ],
  },
  pick: {
    weight: 0.08,
    training: [
      ["which one is {a category}?", "{word}, {other}, {third}"],
      ["which of {word}, {other} and {third} is {a category}?"],
      ["pick the {category}.", "{word}, {other}, {third}"],
    ],
    userLike: [["can you tell me which one is {a category}?", "{word}, {other}, {third}"]],
    unusual: [["you are in a game. pick {a category}: {word}, {other} or {third}."]],
    definitions: [
      ["definition: you are given words. pick the one which is {a category}.", "{word}, {other}, {third}"],
      ["definition: you are given words. name the {category}.", "{word}, {other}, {third}"],
    ],
  },
};

/** For the Vicuna role: these and the training templates, for the concepts that training never asks "about". */
export const UNSEEN_ABOUT: readonly Template[] = [
  ["please describe {a word}."],
  ["can you tell me about {a word}?"],
  ["write what you know about {a word}."],
];
