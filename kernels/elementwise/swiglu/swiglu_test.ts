import { checkGated } from "../check_gated.ts";
import { swiglu } from "./swiglu.ts";

checkGated(swiglu, 1.3 / (1 + Math.exp(-1.3)));
