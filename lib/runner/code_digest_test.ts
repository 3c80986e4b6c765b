import { assertEquals, assertNotEquals } from "@std/assert";
import { codeDigest, NUMBERS, REPORTS, withoutComments } from "./code_digest.ts";

const PROJECT = new URL("../../", import.meta.url);
/** What makes neither numbers nor tables: how they are run, kept, compared and checked. */
const OTHERS = [
  ...["cli", "cluster", "comparison", "results", "runner", "speed", "verification"].map((name) => `lib/${name}`),
  ...["experiments/end_to_end", "experiments/profiles"],
];

Deno.test("every room of lib and experiments makes numbers, or tables and figures, or is known to make neither", () => {
  const rooms = ["lib", "experiments"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, PROJECT))].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${folder}/${name}`)
  );
  assertEquals(rooms.filter((room) => ![...NUMBERS, ...REPORTS, ...OTHERS].includes(room)), []);
});

Deno.test("a digest is of what the files hold, not of tests and prose, and of nothing where there is nothing", () => {
  const [none, gone] = [codeDigest([]), codeDigest(["lib/no_such_room"])];
  assertEquals(gone, none);
  assertNotEquals(codeDigest(["lib/random"]), none);
  assertEquals(codeDigest(["lib/floors_test.ts", "README.md"]), none);
  assertEquals(codeDigest(["lib/random"]), codeDigest(["lib/random"]));
  assertNotEquals(codeDigest(["lib/random"]), codeDigest(["lib/errors.ts"]));
});

Deno.test("lines of comments and empty lines do not count, whatever is beside code or in a string does", () => {
  const code = 'const url = "http://a/*"; // where\nconst b = 1 /* one */ + 2;\n';
  assertEquals(withoutComments(code), code);
  const commented = `/**\n * A comment.\n */\n${
    code.replace("\n", "\n\n  // Another.\n  /* And one. */\n")
  }// The last.\n`;
  assertEquals(withoutComments(commented), code);
});
