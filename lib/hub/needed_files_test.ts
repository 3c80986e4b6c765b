import { assertEquals } from "@std/assert";
import { isDecided, KNOWN_NAMES, selectFiles, shardsOf, whyNoModel } from "./needed_files.ts";

const needed = (...names: string[]) => selectFiles(names).needed;

Deno.test("of the weights the best form is taken: one file, shards, then pickles", () => {
  const [one, two] = [1, 2].map((i) => `model-0000${i}-of-00002.safetensors`);
  assertEquals(needed(one, two, "model.safetensors.index.json", "model.safetensors"), ["model.safetensors"]);
  assertEquals(needed(one, two, "model.safetensors.index.json", "pytorch_model.bin"), [
    one,
    two,
    "model.safetensors.index.json",
  ]);
  assertEquals(needed("pytorch_model.bin", "model.fp16.safetensors", "sub/model.safetensors"), ["pytorch_model.bin"]);
  const pickles = ["pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json"];
  assertEquals(needed(...pickles, "flax_model.msgpack"), pickles);
});

Deno.test("an adapter is taken where its settings are there", () => {
  const adapter = ["adapter_config.json", "adapter_model.safetensors"];
  assertEquals(needed(...adapter, "adapter_model.bin"), adapter);
  assertEquals(needed("adapter_model.safetensors"), []);
  assertEquals([whyNoModel(adapter), whyNoModel(adapter.slice(0, 1)) === undefined], [undefined, false]);
});

Deno.test("nothing more is needed once every name is here or known to be missing, but for worse weights", () => {
  const names = ["config.json", "tokenizer.json", "pytorch_model.bin"];
  const missing = KNOWN_NAMES.filter((name) => !names.includes(name) && !name.startsWith("adapter_model"));
  assertEquals(isDecided(names, missing), true);
  for (const undecided of ["vocab.json", "model.safetensors", "model.safetensors.index.json"]) {
    assertEquals(isDecided(names, missing.filter((name) => name !== undecided)), false, undecided);
  }
  const better = ["config.json", "model.safetensors"];
  assertEquals(
    isDecided(better, KNOWN_NAMES.filter((name) => !/^(model|pytorch_model|adapter_model|config)\b/.test(name))),
    true,
  );
});

Deno.test("an index names its shards once each, and what is none names nothing", () => {
  assertEquals(shardsOf('{"weight_map": {"a": "x", "b": "y", "c": "x"}}'), ["x", "y"]);
  for (const text of ["", "[]", "{}", '{"weight_map": {"a": 1}}', "null"]) {
    assertEquals(shardsOf(text), undefined, text);
  }
});
