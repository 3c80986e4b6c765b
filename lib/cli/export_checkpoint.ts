import { adapterName } from "#kernels/runtime/adapter.ts";
import type { HandedOver } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { startingModel } from "#lib/distillation/starting_model.ts";
import { writeStudent } from "#lib/distillation/student_folder.ts";
import { InputError } from "#lib/errors.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { type Cell, fullAddressOf } from "#lib/runner/cell.ts";
import type { ModelCard } from "./model_card.ts";

/** Whose checkpoint the model of a cell began as. */
function roleOf({ method }: Cell): "teacher" | "student" {
  return method.definition?.reads.includes("student") ? "student" : "teacher";
}

/** @throws {InputError} for a cell whose model is a checkpoint as it was published */
export function expectTrained(cell: Cell, settings: Profile): void {
  const { checkpoint, training } = settings[roleOf(cell)];
  if (checkpoint === undefined || training.steps > 0 || roleOf(cell) === "student") return;
  throw new InputError(`${fullAddressOf(cell)}: its model is ${checkpoint} as it is; there is nothing to export`);
}

/** Writes the model of a cell that began as a checkpoint, with that one's tokenizer. */
export async function writeTrainedCheckpoint(
  folder: string,
  trained: HandedOver,
  cell: Cell,
  settings: Profile,
): Promise<Pick<ModelCard, "adapter" | "isDecoder">> {
  const name = settings[roleOf(cell)].checkpoint!;
  const start = await startingModel(settings.places?.[name] ?? name, undefined, { mayLackWeights: true });
  await writeStudent(folder, trained, start, settings.data.maxNewTokens);
  await Deno.remove(`${folder}/${STATE_FOLDER}`, { recursive: true });
  return { adapter: adapterName(trained.gpu.adapterInfo), isDecoder: trained.model.layout.kind === "oneText" };
}
