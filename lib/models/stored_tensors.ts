import { InputError } from "#lib/errors.ts";
import { haveEqualValues, type StoredTensor, type TensorFiles } from "./checkpoint_files/stored_tensor.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import type { ModelConfig } from "./model_config.ts";
import { nearestTo } from "./safetensors.ts";
import { T5_CHECKPOINT_NAMES, t5CheckpointTensors } from "./t5.ts";

const HEAD = "lm_head.weight";

/** A model's configuration as its files make it, and where each of its tensors is stored. */
export interface StoredModel {
  /** Its head is its own, whatever `config.json` says, where the file holds another one than the embedding. */
  readonly config: ModelConfig;
  readonly tensors: readonly (readonly [CheckpointTensor, StoredTensor])[];
}

/**
 * Finds every tensor of a model among those stored, under the names that its family has in the wild. A head that is tied to the token
 * embedding may be stored beside it or in its place; where it has other values, it is the model's own, as transformers has it since
 * version 5.
 *
 * @param configPath names the configuration in messages
 * @throws {InputError} that names tensors which are missing, of another shape, or have no place in the model
 */
export function findTensors(config: ModelConfig, files: TensorFiles, configPath: string): StoredModel {
  const names = namesOf(config);
  const find = (name: string) =>
    underOtherNames(name, names.prefixes).map((each) => files.tensors.get(each)).find(isThere);
  const table = find(names.embedding);
  const head = find(HEAD);
  if (config.tiedHead && table && head && !haveEqualValues(table, head)) {
    return findTensors({ ...config, tiedHead: false }, files, configPath);
  }
  const copies = [...names.embeddingCopies ?? [], ...(config.tiedHead ? [HEAD] : [])].map(find).filter(isThere);
  const embedding = table ?? copies[0];
  for (const copy of copies) {
    // A head beside the table was compared above.
    if (copy === embedding || (copy === head && table) || haveEqualValues(embedding!, copy)) continue;
    throw new InputError(`${copy.path}: ${copy.name} differs from ${embedding!.name}, which it must be equal to`);
  }
  const found = names.tensors.map((tensor) =>
    [tensor, tensor.name === names.embedding ? embedding : find(tensor.name)] as const
  );
  requireAll(found, config, files, configPath);
  for (const [{ shape }, { path, name, shape: stored }] of found) {
    if (stored.join() !== shape.join()) {
      throw new InputError(`${path}: ${name} is [${stored}], but ${configPath} makes it [${shape}]`);
    }
  }
  const used = new Set([...found.map(([, stored]) => stored), ...copies]);
  refuseOthers([...files.tensors.values()].filter((stored) => !used.has(stored)), names.buffers, config);
  return { config, tensors: found };
}

/** A name as this project has it, and as other files do: with another beginning in place of the family's own. */
export function underOtherNames(name: string, [own, ...others]: readonly string[]): string[] {
  return [name, ...(name.startsWith(own) ? others.map((other) => other + name.slice(own.length)) : [])];
}

/** How checkpoints name a model's tensors. */
export function namesOf(config: ModelConfig) {
  if ("startId" in config) {
    return { ...T5_CHECKPOINT_NAMES, embedding: "shared.weight", tensors: t5CheckpointTensors(config) };
  }
  const family = DECODER_FAMILIES[config.family];
  return {
    ...family.checkpointNames,
    embedding: family.headParameter({ ...config, tiedHead: true }),
    tensors: family.checkpointTensors(config),
  };
}

function requireAll(
  found: readonly (readonly [CheckpointTensor, StoredTensor | undefined])[],
  { tiedHead }: ModelConfig,
  { path, tensors }: TensorFiles,
  configPath: string,
): asserts found is readonly (readonly [CheckpointTensor, StoredTensor])[] {
  const missing = found.flatMap(([{ name }, stored]) => stored ? [] : [name]);
  if (missing.length === 0) return;
  const [first] = missing;
  const more = missing.length > 1 ? `, nor ${missing.length - 1} others` : "";
  const untied = first === HEAD && !tiedHead ? `, which ${configPath} does not tie to the embedding` : "";
  throw new InputError(`${path}: no tensor ${first}${untied}${more}; ${nearestTo(first, [...tensors.keys()])}`);
}

function refuseOthers(unused: readonly StoredTensor[], buffers: RegExp | undefined, { family }: ModelConfig): void {
  const strange = unused.filter(({ name }) => !buffers?.test(name));
  if (strange.length === 0) return;
  const [{ path, name }] = strange;
  const more = strange.length > 1 ? ` (nor for ${strange.length - 1} others)` : "";
  throw new InputError(
    `${path}: a ${family} model as config.json describes it has no place for tensor ${name}${more}; without it, it would be another model`,
  );
}

function isThere<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
