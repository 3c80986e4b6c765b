import { assert, assertEquals } from "@std/assert";
import { PARSED, RUN } from "./test_documented_runs.ts";
import {
  type Documented,
  documentedCommands,
  documentedParts,
  documentedSettings,
  problemOf,
  problemOfSetting,
} from "./test_documents.ts";

async function problemsOf(
  all: readonly Documented[],
  find: (code: string) => Promise<string | undefined> | string | undefined,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { document, code } of all) {
    const problem = await find(code);
    if (problem !== undefined) problems.push(`${document}: ${code}: ${problem}`);
  }
  return problems;
}

Deno.test("the commands of the documents parse: name, flags, experiments, methods, profiles, settings, cells and files", async () => {
  const commands = await documentedCommands();
  assert(commands.length > 20);
  assertEquals(await problemsOf(commands, problemOf), []);
});

Deno.test("each command of the documents is run by a slow test, or it is said why not", async () => {
  const documented = new Set((await documentedCommands()).map(({ code }) => code));
  assertEquals([...documented].filter((code) => !(code in RUN) && !(code in PARSED)), [], "neither run nor excused");
  assertEquals(Object.keys({ ...RUN, ...PARSED }).filter((code) => !documented.has(code)), [], "in no document");
});

Deno.test("so do parts of commands, as in `bench --against DIR`, and flags by themselves", async () => {
  const parts = await documentedParts();
  assert(parts.length > 40);
  assertEquals(await problemsOf(parts, problemOf), []);
});

Deno.test("the settings that documents name are there", async () => {
  const settings = await documentedSettings();
  assert(settings.length > 20);
  assertEquals(await problemsOf(settings, problemOfSetting), []);
});

Deno.test("what does not parse is found", async () => {
  for (
    const wrong of [
      ...["./run reprodcue", "./run reproduce --methdos gkd", "./run reproduce instruction_folowing", "./run list amd"],
      ...[
        "./run reproduce --methods amd",
        "reproduce quik",
        "./run table --format xml",
        "--set ammd.gama=1",
        "--wrong",
      ],
      ...[
        "show instruction_following/ammd",
        "./run bench matmull",
        "./run test kernels/rellu",
        "deno run -A tools/no.ts",
      ],
      ...["--tasks samsun", "./run status --profile huge", "./run export CELL"],
    ]
  ) assert(await problemOf(wrong) !== undefined, wrong);
  assertEquals(problemOfSetting("evaluation.criticSteps"), "there is no setting evaluation.criticSteps");
  assertEquals(problemOfSetting("ammd.horizon: rewardToGo"), undefined);
});
