import { defineUnary } from "../unary.ts";
import wgsl from "./log_sigmoid.wgsl" with { type: "text" };

/** The log-sigmoid log (1 / (1 + exp(−x))), elementwise: the log-likelihood of a Bradley-Terry preference with the logit x, in nats. */
export const logSigmoid = defineUnary("logSigmoid", {
  wgsl,
  value: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
});
