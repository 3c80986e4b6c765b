import { assertEquals } from "@std/assert";
import { documentedCommands } from "./test_documents.ts";
import { testInFolder } from "./test_run.ts";

const PROJECT = new URL("../../", import.meta.url);

/**
 * The commands of the documents that take less than a minute and need no network. What is run is the command itself, or the one given
 * here where it names something by a placeholder; results go to a temporary folder.
 */
const RUN: Readonly<Record<string, string | undefined>> = {
  "./run help": undefined,
  "./run list": undefined,
  "./run list akl": undefined,
  "./run list METHOD": "./run list ammd",
  "./run list SECTION": "./run list evaluation",
  "./run list NAME": "./run list gkd",
  "./run show CELL": "./run show instruction_following/ammd/10",
  "./run NAME --help": "./run reproduce --help",
  "./run reproduce instruction_following --profile smoke --methods NAME":
    "./run reproduce instruction_following --profile smoke --methods gkd --quiet",
  "./run list ammd": undefined,
  "./run bench --list": undefined,
  "./run bench matmul ammd_step/tiny": undefined,
  "./run bench --profile": undefined,
  "./run test kernels/elementwise/relu": undefined,
  "./run test kernels/FOLDER": "./run test kernels/pick",
  "./run verify": undefined,
};

/** The others, which are only parsed, and why. */
const PARSED: Readonly<Record<string, string>> = {
  "./run reproduce quick": "a minute on two free cores; quick_slow_test.ts runs it with small settings",
  "./run reproduce": "trains for hours where results are stale; reproduce_slow_test.ts runs small ones",
  "./run reproduce critics": "trains for minutes; smoke_slow_test.ts runs every experiment",
  "./run test": "minutes: it is what runs this test",
  "./run check": "continuous integration runs it before the tests",
  "./run bench": "90 seconds",
  "./run bench --json": "90 seconds",
  "./run bench --against ../before": "takes a second checkout; lib/speed tests compare",
  "./run bench --against ../before layer_norm decode/batch1": "the same",
  "./run judge": "takes an endpoint; judge_test.ts has one",
  "./run judge instruction_following --set judge.url=http://localhost:8080/v1 --set judge.model=NAME": "the same",
  "./run export": "a mention; export_test.ts exports",
  "./run export CELL DIR": "trains; export_test.ts does it in profile smoke",
  "./run verify DIR": "reads what export wrote; export_test.ts does both",
  "./run NAME …": "the form of all commands",
  "deno task NAME …": "the form of all commands",
  "deno task reproduce --results /elsewhere": "is refused, as permissions_slow_test.ts shows",
  "deno run --allow-read --allow-write tools/record_numbers.ts": "writes the recorded numbers of a test",
  "deno run --allow-read=results tools/calibrate_significance.ts": "ten minutes; its own tests simulate less",
};

Deno.test("each command of the documents is run here, or it is said why not", async () => {
  const documented = new Set((await documentedCommands()).map(({ code }) => code));
  assertEquals([...documented].filter((code) => !(code in RUN) && !(code in PARSED)), [], "neither run nor excused");
  assertEquals(Object.keys({ ...RUN, ...PARSED }).filter((code) => !documented.has(code)), [], "in no document");
});

for (const [code, given] of Object.entries(RUN)) {
  const command = given ?? code;
  testInFolder(`as documented: ${command}`, async (folder) => {
    const results = command.includes(" reproduce ") && !command.includes("--help") ? ` --results '${folder}'` : "";
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", command + results],
      cwd: PROJECT,
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(code, 0, decode(stderr).slice(-2000));
    assertEquals(decode(stdout) === "", false, "it prints something");
  });
}
