/** What a newcomer reads, for tests that hold it against the code. */
const PROJECT = new URL("../", import.meta.url);

/** The Markdown files of the project, as paths from its root, apart from recorded results. */
export function documents(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder || "./", PROJECT))].flatMap(({ name, isDirectory, isFile }) => {
    if (isFile) return name.endsWith(".md") ? [folder + name] : [];
    const isOurs = isDirectory && !name.startsWith(".") && !(folder === "" && name === "results");
    return isOurs ? documents(`${folder}${name}/`) : [];
  });
}

export function readDocument(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, PROJECT));
}

/** A document without its blocks of code. */
export function proseOf(text: string): string {
  return text.replaceAll(/^ *```[^]*?^ *```/gm, "");
}

/** The code between backticks in a document's prose, each on one line; a table's `\|` is the bar that a reader sees. */
export function codeSpansOf(text: string): string[] {
  return [...proseOf(text).matchAll(/`([^`]+)`/g)].map(([, code]) =>
    code.replaceAll(/\s+/g, " ").replaceAll("\\|", "|").trim()
  );
}

/** The lines of a document's blocks of one language, without comments and empty lines. */
export function blockLinesOf(text: string, language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\``, "gm"));
  return [...blocks].flatMap(([, block]) => block.split("\n"))
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "");
}
