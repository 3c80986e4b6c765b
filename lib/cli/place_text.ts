import type { ChosenPlace, RecordedPlace } from "#lib/runner/adapter_place.ts";

/** Which folder a command is about, and whose results those are. */
export function describePlace({ resultsFolder, profileName, adapter, recorded }: ChosenPlace): string {
  const folder = `${resultsFolder}/${profileName}`;
  if (recorded === undefined) return `${folder}${adapter === undefined ? "" : `, of ${adapter}`}`;
  return `${folder}, of ${adapter ?? "no adapter"}: beside ${describeRecorded(recorded)}`;
}

function describeRecorded({ resultsFolder, profileName, adapter }: RecordedPlace): string {
  const folder = `${resultsFolder}/${profileName}`;
  return adapter === undefined ? `${folder}, where nothing is recorded` : `${folder}, recorded on ${adapter}`;
}
