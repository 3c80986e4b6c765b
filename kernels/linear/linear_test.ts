import { checkOp } from "../check_op.ts";
import { conv1d, linear, linearWithBias } from "./linear.ts";

checkOp(linear, [
  { label: "one element", inputs: { x: [1, 1], weight: [1, 1] }, attrs: {} },
  { label: "edges that no tile divides", inputs: { x: [37, 52], weight: [36, 52] }, attrs: {} },
  { label: "unaligned sizes", inputs: { x: [19, 37], weight: [67, 37] }, attrs: {} },
  { label: "one row", inputs: { x: [1, 64], weight: [68, 64] }, attrs: {} },
]);

checkOp(linearWithBias, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [11, 7], bias: [11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [24, 16], bias: [24] }, attrs: {} },
]);

checkOp(conv1d, [
  { label: "unaligned sizes", inputs: { x: [5, 7], weight: [7, 11], bias: [11] }, attrs: {} },
  { label: "aligned sizes", inputs: { x: [33, 16], weight: [16, 140], bias: [140] }, attrs: {} },
]);
