import { checkOp } from "../../check_op.ts";
import { scale } from "./scale.ts";

checkOp(scale, [
  { label: "one element", inputs: { x: [1] }, attrs: { factor: -2 } },
  { label: "odd sizes", inputs: { x: [7, 37] }, attrs: { factor: 48 ** -0.5 } },
  { label: "many elements, to nothing", inputs: { x: [203, 64] }, attrs: { factor: 0 } },
]);
