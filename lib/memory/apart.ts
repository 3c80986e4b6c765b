import { eventCount } from "#kernels/lump/lump.ts";
import { cachedNumbers, keptNumbers, type TextShape } from "./activations.ts";
import { bytesTogether } from "./parameters.ts";
import {
  besideBuffers,
  type Distillation,
  type MemoryPart,
  type MemoryPlan,
  passingOfTeacher,
  planDistillation,
  ROUNDING,
} from "./plan.ts";
import { learnedNumbers, weightBytes, withLayers } from "./saving.ts";

const BYTES = 4;

type WithTeacher = Distillation & Required<Pick<Distillation, "teacher">>;

/** The memory of a distillation, whose teacher is there while the student trains, or apart: then it is the larger of two times. */
export function planFor(distillation: Distillation): MemoryPlan {
  const { teacher, saving } = distillation;
  return teacher && saving?.teacherApart ? planApart({ ...distillation, teacher }) : planDistillation(distillation);
}

function planApart(distillation: WithTeacher): MemoryPlan {
  const { teacher: _, ...alone } = distillation;
  const training = planDistillation(alone, [...backwardParts(distillation), ...knownParts(distillation)]).parts;
  const buffers = askingParts(distillation);
  const asking = [...buffers, ...besideBuffers(buffers, distillation)];
  const times = { teacher: bytesTogether(asking), training: bytesTogether(training) };
  const parts = times.teacher > times.training ? asking : training;
  const { tensors } = planDistillation(distillation);
  return { parts, totalBytes: Math.max(times.teacher, times.training), tensors, times };
}

/** Where a teacher is beside the student, its block has made room for these. With layers that run again they are among what these make. */
function backwardParts({ student, texts, saving = {} }: Distillation): MemoryPart[] {
  if (saving.recompute) return [];
  const read = readAtOnce(texts, saving.textsAtOnce);
  const [one, two] = [1, 2].map((layers) => keptNumbers(withLayers(student, layers), read));
  return [{ name: "student: gradients of a block's activations", bytes: BYTES * (two - one) }];
}

/** What a step has of the teacher: ids and probabilities, and what the student makes of the same tokens, with its gradient. */
function knownParts({ student, texts, saving = {} }: Distillation): MemoryPart[] {
  const { topTokens } = saving;
  if (topTokens === undefined) return [];
  const { batch, responseTokens } = readAtOnce(texts, saving.textsAtOnce);
  const bytes = BYTES * batch * responseTokens * (topTokens + 3 * eventCount(topTokens, student.vocabSize));
  return [{ name: "teacher: its likeliest tokens at the states of a step", bytes }];
}

/** The teacher writes, reads texts, or scores what students have written; the SFT student and the one that has learned from it are there. */
function askingParts({ student, teacher, texts, textsWritten, saving = {} }: WithTeacher): MemoryPart[] {
  const { teacherForm, studentForm } = saving;
  const read = readAtOnce(texts, saving.textsAtOnce);
  const written = { ...read, batch: textsWritten ?? read.batch };
  const alone = { ...read, batch: Math.max(read.batch, written.batch) };
  const passing = [
    { name: "teacher: keys and values while it writes", bytes: BYTES * cachedNumbers(teacher, written) },
    ...passingOfTeacher(teacher, read, { alone, form: teacherForm }),
  ];
  return [
    { name: "student: weights", bytes: weightBytes(student, studentForm) },
    { name: "student: a copy of what it learns, as SFT left it", bytes: BYTES * learnedNumbers(student, saving) },
    { name: "teacher: weights", bytes: weightBytes(teacher, teacherForm) },
    ...passing,
    { name: "buffers of size classes: a third more", bytes: ROUNDING * bytesTogether(passing) },
  ];
}

function readAtOnce(texts: TextShape, textsAtOnce = texts.batch): TextShape {
  return { ...texts, batch: Math.min(texts.batch, textsAtOnce) };
}
