import { inverseTemperature, type TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Op } from "../op.ts";
import wgsl from "./divergence.wgsl" with { type: "text" };
import { divergenceReference } from "./divergence_reference.ts";

/** Defines a divergence Σ_V term(log p, log q), where p is the teacher's policy and q the student's. */
export interface DivergenceDefinition<Attrs extends TemperatureAttrs> {
  /**
   * Declares `struct Params { rows: u32, blocks: u32, inverseTemperature: f32, … }` and two functions of (logP: Block,
   * logQ: Block): `term`, and `slope` = ∂ term / ∂ log q, to which it may add any multiple of q. Both must be finite
   * wherever the logs are.
   */
  readonly wgsl: string;
  /**
   * Values of the other fields of `Params`.
   *
   * @throws {RangeError} where an attribute is out of range: see `requireAttr`
   */
  readonly params?: (attrs: Attrs) => Readonly<Record<string, number>>;
  /** The term in float64. */
  readonly term: (logP: number, logQ: number, attrs: Attrs) => number;
}

/**
 * A distance between two policies, one number per row, computed from the logits of both divided by the temperature. It is
 * differentiable in the student; backward needs the rows' log-sum-exps and the sum of their slopes. Nothing of size V is stored.
 */
export type Divergence<Attrs extends TemperatureAttrs = TemperatureAttrs> = Op<
  "student" | "teacher",
  Attrs,
  "studentLogSumExp" | "teacherLogSumExp" | "slopeSum"
>;

export function defineDivergence<Attrs extends TemperatureAttrs = TemperatureAttrs>(
  name: string,
  { wgsl: termWgsl, params, term }: DivergenceDefinition<Attrs>,
): Divergence<Attrs> {
  const forwardKernel = defineVocabKernel(name, termWgsl + wgsl, "forward");
  const backwardKernel = defineVocabKernel(`${name}.dStudent`, termWgsl + wgsl, "backward");
  const paramsOf = (attrs: Attrs) => ({ inverseTemperature: inverseTemperature(name, attrs), ...params?.(attrs) });
  return {
    name,
    axes: { student: "N V", teacher: "N V", out: "N" },
    differentiable: ["student"],

    forward(gpu, { student, teacher }, attrs) {
      const params = paramsOf(attrs);
      const [rows] = student.shape;
      const out = gpu.allocate([rows]);
      const saved = {
        studentLogSumExp: gpu.allocate([rows, 2]),
        teacherLogSumExp: gpu.allocate([rows, 2]),
        slopeSum: gpu.allocate([rows]),
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
        savedSlopeSum: saved.slopeSum,
        dStudent,
      };
      dispatchRows(gpu, backwardKernel, student.shape, bindings, paramsOf(attrs));
      return { student: dStudent };
    },

    reference: (inputs, attrs) => divergenceReference(inputs, attrs, term),
  };
}

/** @throws {RangeError} `Cannot run op: name is value, not right`, unless `valid` */
export function requireAttr(op: string, name: string, value: number, valid: boolean, right: string): void {
  if (!valid) throw new RangeError(`Cannot run ${op}: ${name} is ${value}, not ${right}`);
}
