import { assertEquals } from "@std/assert";
import { blockLinesOf, codeSpansOf, documents, proseOf, readDocument } from "./test_documents.ts";

const PROJECT = new URL("../", import.meta.url);
/** Its entries name files as they were called then. */
const HISTORY = "CHANGELOG.md";
/** Folders that runs make. */
const MADE = [".cache/", "results/.state/"];
/** What the example of an op would take. */
const EXAMPLES = ["elementwise/softplus/"];

/** The targets of a document's links and images. */
function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The anchors that a document's headings make, as GitHub does. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** The files and folders that a document names between backticks: paths with a slash that end with an ending or a slash, no patterns. */
function pathsOf(text: string): string[] {
  return codeSpansOf(text).filter((code) =>
    /^[\w.@-]+(\/[\w.@-]+)*(\/|\/[\w-]+\.[a-z]\w*)$/.test(code) &&
    !/(^|\/)(NAME|DIR|P|PROFILE|FOLDER)(\/|\.|$)/.test(code)
  );
}

async function isThere(link: string, document: string): Promise<boolean> {
  const [path, anchor] = link.split("#");
  const at = path === "" ? new URL(document, PROJECT) : new URL(path, new URL(document, PROJECT));
  try {
    const { isFile } = await Deno.stat(at);
    return anchor === undefined || (isFile && anchorsOf(await Deno.readTextFile(at)).includes(anchor));
  } catch {
    return false;
  }
}

Deno.test("every link of the README and the docs to a file or a heading resolves", async () => {
  const dead: string[] = [];
  for (const document of documents()) {
    for (const link of linksOf(await readDocument(document))) {
      if (!/^\w+:/.test(link) && !await isThere(link, document)) dead.push(`${document}: ${link}`);
    }
  }
  assertEquals(dead, []);
});

Deno.test("every file and folder that a document names is there, from the project's root or beside the document", async () => {
  const missing: string[] = [];
  for (const document of documents().filter((each) => each !== HISTORY)) {
    for (const path of pathsOf(await readDocument(document))) {
      if (EXAMPLES.includes(path) || MADE.some((folder) => path.startsWith(folder))) continue;
      if (!await isThere(path, document) && !await isThere(path, "README.md")) missing.push(`${document}: ${path}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("the documents, their links, paths and commands are found", () => {
  assertEquals(documents().includes("README.md") && documents().includes("docs/runner.md"), true);
  assertEquals(linksOf("[a](b.md#c) ![d](e.svg)\n```\n[no](f)\n```\n"), ["b.md#c", "e.svg"]);
  assertEquals(anchorsOf("# The recorded results\n## `add`, an op"), ["the-recorded-results", "add-an-op"]);
  assertEquals(pathsOf("`lib/a.ts` `lib/cli/` `x.ts` `a/NAME.ts` `results/<p>/a.md`\n`@a/b@1.0`"), [
    "lib/a.ts",
    "lib/cli/",
  ]);
  assertEquals(codeSpansOf("`table [--format md\\|csv]`, `./run\nlist`"), ["table [--format md|csv]", "./run list"]);
  assertEquals(
    blockLinesOf("```sh\n./run list   # all\n\n```\n  ```sh\n  deno run a.ts\n  ```\n```ts\nx\n```\n", "sh"),
    [
      "./run list",
      "deno run a.ts",
    ],
  );
});
