import { assertEquals } from "@std/assert";
import { RUN } from "./test_documented_runs.ts";
import { testInFolder } from "./test_run.ts";

const PROJECT = new URL("../../", import.meta.url);

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
