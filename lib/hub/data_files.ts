import { ROW_ENDINGS } from "#lib/data/record_rows.ts";
import type { Selection } from "./needed_files.ts";

/** Files of JSON that say something about a data set, and hold no records. */
const DESCRIPTIONS: readonly string[] = ["dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json"];

/** Takes the files of records (JSON Lines, JSON, CSV, Parquet), wherever they lie, but for hidden ones. */
export function selectRecords(names: readonly string[]): Selection {
  const isRecords = (name: string) => {
    const parts = name.split("/");
    return ROW_ENDINGS.some((ending) => name.endsWith(ending)) && !DESCRIPTIONS.includes(parts.at(-1)!) &&
      !parts.some((part) => part.startsWith("."));
  };
  return { needed: names.filter(isRecords), leftOut: names.filter((name) => !isRecords(name)) };
}

/** What keeps the files of a repository from being data that can be read; undefined where nothing does. */
export function whyNoData(names: readonly string[]): string | undefined {
  const { needed, leftOut } = selectRecords(names);
  if (needed.length > 0) return undefined;
  const found = leftOut.filter((name) => !/(^|\/)\.|\.md$/.test(name));
  const others = found.length === 0 ? "" : `; it has ${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}`;
  return `no file of records that can be read (${ROW_ENDINGS.join(", ")})${others}`;
}
