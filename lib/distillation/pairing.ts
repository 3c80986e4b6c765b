import { InputError } from "#lib/errors.ts";
import { compareCodecs } from "#lib/tokenizers/compare_codecs.ts";
import { type StartingModel, startingModel } from "./starting_model.ts";

/** Texts that two tokenizers encode alike only if they cut, normalise and merge alike. */
const PROBES: readonly string[] = [
  "Below is an instruction that describes a task.\n\n### Instruction:\nName three rivers.\n\n### Response:\n",
  "The quick brown fox doesn't jump over 1,234.56 lazy dogs; \"why?\" – it's 7 o'clock.",
  "  two spaces,\ttabs\n\n\nand   runs of them  ",
  "Größe, naïve, São Paulo, Ελληνικά, Привет, 東京, नमस्ते, 🦜👩‍🔬",
  "def f(x):\n    return x ** 2 + 3 * x - 1  # 100 %\n",
  "http://example.org/a?b=c&d=e_f#g <tag attr='1'> [x](y) $\\frac{1}{2}$",
];

/** Two models, and what they share. */
export interface ModelPair {
  readonly teacher: StartingModel;
  readonly student: StartingModel;
  readonly actionCount: number;
  /** The tokens that both can read. */
  readonly maxPositions: number;
}

/**
 * Reads the small files of a teacher and its student, which may lack weights.
 *
 * @param words as `startingModel` takes them
 * @throws {InputError} if one is no such model, or they have not one tokenizer
 */
export async function openPair(
  words: Readonly<Record<"teacher" | "student", string>>,
  callerFolder: string | undefined,
  say: (message: string) => void,
): Promise<ModelPair> {
  const open = (role: "teacher" | "student") => {
    say(`reads the files of ${words[role]}`);
    return startingModel(words[role], callerFolder, { mayLackWeights: role === "student" });
  };
  const teacher = await open("teacher");
  const student = await open("student");
  const actionCount = sharedActions(teacher, student);
  return { teacher, student, actionCount, maxPositions: sharedPositions(teacher, student) };
}

/**
 * How many ids a student and its teacher choose among together: those that both tokenizers have. Rows of a table beyond them, by which
 * published ones are padded, are left out of every softmax.
 *
 * @throws {InputError} if a prompt is read otherwise by the one than by the other, or ids mean other tokens
 */
function sharedActions(teacher: StartingModel, student: StartingModel): number {
  if (teacher.layout !== student.layout) {
    const [one, other] = teacher.layout === "oneText" ? [student, teacher] : [teacher, student];
    throw new InputError(
      `${one.word} is an encoder-decoder and ${other.word} a decoder; teacher and student must read a prompt alike`,
    );
  }
  const starts = [teacher, student].map(({ config }) => "startId" in config ? config.startId : undefined);
  if (starts[0] !== starts[1]) {
    throw new InputError(
      `${teacher.word} begins its answers with the id ${starts[0]}, ${student.word} with ${
        starts[1]
      }; both must begin alike`,
    );
  }
  expectOneTokenizer(teacher, student);
  return Math.min(...[teacher, student].map(ownActions));
}

function expectOneTokenizer(teacher: StartingModel, student: StartingModel): void {
  const remedy = "take models that share one, or have the teacher write texts and name them by --teacher-texts";
  const between = `the tokenizers of ${teacher.word} and ${student.word}`;
  const { isSame, agreeing, sharedIds, firstOther } = compareCodecs(teacher.codec, student.codec);
  if (isSame) return;
  if (agreeing < sharedIds) {
    throw new InputError(
      `${between} differ: ${agreeing} of ${sharedIds} ids spell the same, the first other one is ${firstOther}; ${remedy}`,
    );
  }
  const probe = PROBES.find((text) => teacher.codec.encode(text).join() !== student.codec.encode(text).join());
  if (probe === undefined) return;
  throw new InputError(`${between} have the same ids but cut ${JSON.stringify(probe)} otherwise; ${remedy}`);
}

/** The ids that a model chooses among by itself: those that its tokenizer has. */
export function ownActions({ codec, config }: StartingModel): number {
  return Math.min(codec.vocabSize, config.vocabSize);
}

/** The tokens that both models can read. */
function sharedPositions(teacher: StartingModel, student: StartingModel): number {
  return Math.min(teacher.maxPositions, student.maxPositions);
}
