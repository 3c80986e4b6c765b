import { checkDivergence } from "../check_divergence.ts";
import { forwardKl } from "./forward_kl.ts";

checkDivergence(forwardKl, [{}]);
