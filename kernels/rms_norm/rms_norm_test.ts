import { checkOp } from "../check_op.ts";
import { rmsNorm } from "./rms_norm.ts";

checkOp(rmsNorm, [
  { label: "one element", inputs: { x: [1, 1], weight: [1] }, attrs: { eps: 1e-5 } },
  { label: "odd sizes", inputs: { x: [7, 37], weight: [37] }, attrs: { eps: 1e-5 } },
  { label: "many rows", inputs: { x: [203, 64], weight: [64] }, attrs: { eps: 1e-6 } },
]);
