import { SafeTensorsFile, serializeSafeTensors, type TensorValues } from "#lib/models/safetensors.ts";

/** Recorded values in the repository, by folder. */
export const FIXTURES = decodeURIComponent(new URL("./fixtures/", import.meta.url).pathname);

/** Copies the files of a folder of recorded values, to be changed. */
export async function copyFixture(name: string, folder: string): Promise<void> {
  for (const file of Deno.readDirSync(`${FIXTURES}${name}`)) {
    await Deno.copyFile(`${FIXTURES}${name}/${file.name}`, `${folder}/${file.name}`);
  }
}

export type GoldenTensors = Map<string, { shape: readonly number[]; data: TensorValues }>;

/** Changes the tensors of a safetensors file. */
export async function rewriteTensors(path: string, change: (tensors: GoldenTensors) => void): Promise<void> {
  const file = await SafeTensorsFile.read(path);
  const tensors: GoldenTensors = new Map(file.names.map((name) => {
    const { shape, dtype } = file.get(name);
    return [name, { shape, data: dtype === "F32" ? file.f32(name) : file.i32(name) }];
  }));
  change(tensors);
  await Deno.writeFile(path, serializeSafeTensors(tensors));
}
