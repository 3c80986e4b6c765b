import { checkSkew } from "../check_skew.ts";
import { forwardKl } from "../forward_kl/forward_kl.ts";
import { skewForwardKl } from "./skew_forward_kl.ts";

checkSkew(skewForwardKl, forwardKl);
