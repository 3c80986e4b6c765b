import { seriesStyle } from "./figures/series_style.ts";
import type { MethodDisplays } from "./method_display.ts";

/** Methods as tests of tables and figures show them, in their order. */
export const DISPLAY: MethodDisplays = {
  teacher: { label: "Teacher", style: seriesStyle("black", "dots", "diamond") },
  sft: { label: "SFT", style: seriesStyle("grey", "dots", "circle", "hollow") },
  sft_continued: { label: "SFT continued", style: seriesStyle("grey", "solid", "circle") },
  kd: { label: "KD", style: seriesStyle("orange", "long", "square") },
  seqkd: { label: "SeqKD" },
  imitkd: { label: "ImitKD" },
  minillm: { label: "MiniLLM" },
  gkd: { label: "GKD", style: seriesStyle("sky", "mixed", "triangle-down") },
  distillm: { label: "DistiLLM" },
  opd: { label: "On-policy reverse KL" },
  abkd: { label: "ABKD" },
  akl: { label: "AKL" },
  ammd_off: { label: "AMMD (off-policy)" },
  ammd_on: { label: "AMMD (on-policy)" },
  ammd: { label: "AMMD", style: seriesStyle("blue", "solid", "triangle-up") },
  ammd_sft: { label: "AMMD + SFT" },
};
