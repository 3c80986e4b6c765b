import { variantOf } from "#lib/bench/method.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { mmPbkdOffline } from "./mm_pbkd_offline.ts";

/** As many pairs and steps as offline. */
export const mmPbkdOnline = variantOf(mmPbkdOffline, { online: true }, {
  summary: "the same with pairs of the student's own texts as it changes, in rounds (MM PbKD, online)",
  label: "MM PbKD (online)",
  style: seriesStyle("sky", "short", "triangle-up", "hollow"),
});
