import { inverseTemperature, type TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import { defineVocabKernel, dispatchRows } from "../log_sum_exp/vocab_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./forward_kl.wgsl" with { type: "text" };
import { forwardKlReference } from "./forward_kl_reference.ts";

const forwardKernel = defineVocabKernel("forwardKl", wgsl, "forward");
const backwardKernel = defineVocabKernel("forwardKl.dStudent", wgsl, "backward");

/**
 * KL(teacher ‖ student) = Σ_V p (log p − log q) of every row, in nats, from the logits of both divided by the temperature. The
 * factor T² with which Hinton et al. (2015) scale it is left to the caller. Nothing of size V is stored.
 */
export const forwardKl: Op<"student" | "teacher", TemperatureAttrs, "studentLogSumExp" | "teacherLogSumExp"> = {
  name: "forwardKl",
  axes: { student: "N V", teacher: "N V", out: "N" },
  differentiable: ["student"],

  forward(gpu, { student, teacher }, attrs) {
    const params = { inverseTemperature: inverseTemperature("forwardKl", attrs) };
    const [rows] = student.shape;
    const out = gpu.allocate([rows]);
    const saved = { studentLogSumExp: gpu.allocate([rows, 2]), teacherLogSumExp: gpu.allocate([rows, 2]) };
    dispatchRows(gpu, forwardKernel, student.shape, { student, teacher, out, ...saved }, params);
    return { out, saved };
  },

  backward(gpu, dOut, { inputs: { student, teacher }, saved, attrs }) {
    const dStudent = gpu.allocate(student.shape);
    const bindings = {
      student,
      teacher,
      dOut,
      savedStudentLogSumExp: saved.studentLogSumExp,
      savedTeacherLogSumExp: saved.teacherLogSumExp,
      dStudent,
    };
    const params = { inverseTemperature: inverseTemperature("forwardKl", attrs) };
    dispatchRows(gpu, backwardKernel, student.shape, bindings, params);
    return { student: dStudent };
  },

  reference: forwardKlReference,
};
