import { variantOf } from "#lib/bench/method.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { pbkdOffline } from "./pbkd_offline.ts";

/** A confidence set without slack has one reward: learning from preferences as it is commonly done. */
export const rewardMle = variantOf(pbkdOffline, { slackPerPair: 0 }, {
  summary: "the reward of maximum likelihood on the pairs, then its policy gradient (PbKD, slack 0)",
  label: "MLE reward",
  style: seriesStyle("vermilion", "dots", "diamond", "hollow"),
});
