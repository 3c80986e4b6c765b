import { defineUnary } from "../unary.ts";
import wgsl from "./relu.wgsl" with { type: "text" };

/** The rectifier max(x, 0), elementwise; its gradient at 0 is 0. */
export const relu = defineUnary("relu", { wgsl, value: (x) => Math.max(x, 0) });
