import { assertEquals, assertMatch } from "@std/assert";
import { runProgram, testInFolder } from "./test_run.ts";

const CELL = "instruction_following/sft/10";

for (const cell of [CELL, "task_specific/sft/samsum/base/10"]) {
  testInFolder(
    `a cell is evaluated as the folder that export writes of it, by the prompts that it has learned: ${cell}`,
    (folder) => evaluateBoth(cell, folder),
  );
}

async function evaluateBoth(address: string, folder: string): Promise<void> {
  const records = [
    { instruction: "What is a cat?", input: "", output: "an animal" },
    { instruction: "Name a bird.", input: "that sings", output: ["a lark", "a robin"] },
    { instruction: "Is a stone alive?", input: "", output: "no" },
  ];
  await Deno.writeTextFile(`${folder}/data.jsonl`, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const options = ["--profile", "smoke", "--results", `${folder}/results`];
  const exported = await runProgram("export", address, `${folder}/model`, ...options, "--quiet");
  assertEquals(exported.status, 0, exported.reported);
  const evaluation = ["--data", `${folder}/data.jsonl`, "--max-new-tokens", "20", "--json", "--quiet"];
  const [cell, model] = [
    await runProgram("evaluate", address, ...options, ...evaluation),
    await runProgram("evaluate", `${folder}/model`, ...evaluation),
  ];
  assertEquals([cell.status, model.status], [0, 0], cell.reported + model.reported);
  const [ofCell, ofModel] = [cell, model].map(({ printed }) => JSON.parse(printed));
  assertEquals(ofCell.scores, ofModel.scores);
  assertEquals(ofCell.model, { cell: address, profile: "smoke" });
  assertEquals(ofCell.scores.map(({ metric }: { metric: string }) => metric), ["rouge_l", "perplexity"]);
}

testInFolder("a cell that is none, or has no tokenizer yet, is told in one line", async (folder) => {
  await Deno.writeTextFile(`${folder}/data.txt`, "a text");
  const options = ["--data", `${folder}/data.txt`, "--profile", "smoke", "--results", `${folder}/results`, "--quiet"];
  const cases: [string[], RegExp][] = [
    [["instruction_following/sfd/10"], /unknown method "sfd"; did you mean "sft"/],
    [["instruction_following/sft/ten"], /the seed is "ten", not a whole number/],
    [["instruction_folowing/sft/10"], /instruction_folowing\/sft\/10: no such folder; name one, or a model of the hub/],
    [[CELL, "--dry-run"], /a cell has no tokenizer before it is trained; name a folder or a model of the hub/],
    [["imitation_gap/distance_0/10"], /imitation_gap\/distance_0\/10: this cell trains no model/],
  ];
  for (const [args, message] of cases) {
    const { status, reported } = await runProgram("evaluate", ...args, ...options);
    assertEquals([status, reported.split("\n").length], [2, 2], reported);
    assertMatch(reported, message);
  }
});
