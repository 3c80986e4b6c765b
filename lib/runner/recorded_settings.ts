import type { RecordedSettings } from "#lib/bench/experiment.ts";
import type { Provenance } from "#lib/results/provenance.ts";
import { keyOfAddress } from "./cell.ts";

/** The settings that recorded cells were computed with: once for all seeds of a row and task that have the same. */
export function recordedSettings(
  { cells, settings }: Pick<Provenance, "cells" | "settings">,
): RecordedSettings[] {
  const distinct = new Map<string, RecordedSettings>();
  for (const address of Object.keys(cells).sort()) {
    const { method, task } = keyOfAddress(address);
    const { settings: id } = cells[address];
    if (settings[id] === undefined) continue;
    distinct.set(JSON.stringify([method, task, id]), { method, task, settings: settings[id] });
  }
  return [...distinct.values()];
}
