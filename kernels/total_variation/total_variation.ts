import { inverseTemperature, type TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import { defineVocabKernel, dispatchRows } from "../log_sum_exp/vocab_kernel.ts";
import type { Op } from "../op.ts";
import { totalVariationReference } from "./total_variation_reference.ts";
import wgsl from "./total_variation.wgsl" with { type: "text" };

const forwardKernel = defineVocabKernel("totalVariation", wgsl, "forward");
const backwardKernel = defineVocabKernel("totalVariation.dStudent", wgsl, "backward");

/**
 * ½ Σ_V |p − q| of every row, from the logits of teacher and student divided by the temperature. Where p = q the subgradient 0 is
 * taken. Twice this is the supremum of AMMD's moments over |f| ≤ 1 (Jia 2024, Corollary 1).
 */
export const totalVariation: Op<
  "student" | "teacher",
  TemperatureAttrs,
  "studentLogSumExp" | "teacherLogSumExp" | "meanSign"
> = {
  name: "totalVariation",
  axes: { student: "N V", teacher: "N V", out: "N" },
  differentiable: ["student"],

  forward(gpu, { student, teacher }, attrs) {
    const params = { inverseTemperature: inverseTemperature("totalVariation", attrs) };
    const [rows] = student.shape;
    const out = gpu.allocate([rows]);
    const saved = {
      studentLogSumExp: gpu.allocate([rows, 2]),
      teacherLogSumExp: gpu.allocate([rows, 2]),
      meanSign: gpu.allocate([rows]),
    };
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
      savedMeanSign: saved.meanSign,
      dStudent,
    };
    const params = { inverseTemperature: inverseTemperature("totalVariation", attrs) };
    dispatchRows(gpu, backwardKernel, student.shape, bindings, params);
    return { student: dStudent };
  },

  reference: totalVariationReference,
};
