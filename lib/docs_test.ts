import { assertEquals } from "@std/assert";

const PROJECT = new URL("../", import.meta.url);

/** What a newcomer reads: Markdown of the project, apart from recorded results. */
function documents(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder || "./", PROJECT))].flatMap(({ name, isDirectory, isFile }) => {
    if (isFile) return name.endsWith(".md") ? [folder + name] : [];
    const isOurs = isDirectory && !name.startsWith(".") && !(folder === "" && name === "results");
    return isOurs ? documents(`${folder}${name}/`) : [];
  });
}

/** The targets of a document's links and images. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[^]*?^```/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The anchors that a document's headings make, as GitHub does. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "").replaceAll(" ", "-")
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
    for (const link of linksOf(await Deno.readTextFile(new URL(document, PROJECT)))) {
      if (!/^\w+:/.test(link) && !await isThere(link, document)) dead.push(`${document}: ${link}`);
    }
  }
  assertEquals(dead, []);
});

Deno.test("the documents and their links are found", () => {
  assertEquals(documents().includes("README.md") && documents().includes("docs/runner.md"), true);
  assertEquals(linksOf("[a](b.md#c) ![d](e.svg)\n```\n[no](f)\n```\n"), ["b.md#c", "e.svg"]);
  assertEquals(anchorsOf("# The recorded results\n## `add`, an op"), ["the-recorded-results", "add-an-op"]);
});
