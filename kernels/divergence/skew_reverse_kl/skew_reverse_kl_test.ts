import { checkSkew } from "../check_skew.ts";
import { reverseKl } from "../reverse_kl/reverse_kl.ts";
import { skewReverseKl } from "./skew_reverse_kl.ts";

checkSkew(skewReverseKl, reverseKl);
