import { checkGated } from "../check_gated.ts";
import { geglu } from "./geglu.ts";

checkGated(geglu, 0.65 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (1.3 + 0.044715 * 1.3 ** 3))));
