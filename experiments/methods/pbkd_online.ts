import { variantOf } from "#lib/bench/method.ts";
import { seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { pbkdOffline } from "./pbkd_offline.ts";

/** As many pairs and steps as offline. */
export const pbkdOnline = variantOf(pbkdOffline, { online: true }, {
  summary: "the same with pairs of the student's own texts as it changes, in rounds (PbKD, online)",
  label: "PbKD (online)",
  style: seriesStyle("vermilion", "short", "triangle-down"),
});
