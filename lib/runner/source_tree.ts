import type { Sources } from "#lib/results/provenance.ts";
import jsTokens from "js-tokens";
import { textsOfKernel } from "#kernels/runtime/kernel.ts";
import { digestOf } from "#lib/results/digest.ts";

/** What stands for the digest of a kernel that no module defines. */
export const GONE = "gone";

interface SourceFile {
  readonly digest: string;
  /** What it imports at run time: files from the project's folder, and packages. */
  readonly imports: readonly string[];
}

const PACKAGE = "package ";

/** What imports name but no result depends on: WGSL counts by the kernels that a run has used, float64 references serve tests. */
const NOT_FOLLOWED = /\.wgsl$|_reference\.ts$/;

/**
 * The project's modules and what they import, as far as it can change a result. Comments, white space and imports of types alone are
 * left out, so that editing those makes nothing stale.
 */
export class SourceTree {
  readonly #project: URL;
  /** The imports of `deno.json`; read when it is first needed, since not every command may. */
  #imports: Readonly<Record<string, string>> | undefined;
  readonly #files = new Map<string, SourceFile>();
  readonly #reached = new Map<string, Sources>();
  readonly #kernels = new Map<string, string>();

  /** @param project the folder that holds `deno.json` */
  constructor(project: URL = new URL("../../", import.meta.url)) {
    this.#project = project;
  }

  get #packages(): Readonly<Record<string, string>> {
    return this.#imports ??= JSON.parse(Deno.readTextFileSync(new URL("deno.json", this.#project))).imports as Record<
      string,
      string
    >;
  }

  /** All that modules reach by imports, themselves included, sorted by name. @param modules their URLs (`import.meta.url`) */
  reachedFrom(...modules: readonly string[]): Sources {
    const key = modules.join(" ");
    const known = this.#reached.get(key);
    if (known) return known;
    const names = new Set(modules.map((url) => this.#nameOf(url)));
    // A set is iterated in the order of insertion, what is added on the way included.
    for (const name of names) for (const imported of this.#read(name).imports) names.add(imported);
    const reached = Object.fromEntries([...names].sort().map((name) => [name, this.#read(name).digest]));
    this.#reached.set(key, reached);
    return reached;
  }

  /** The digest of a kernel's WGSL, as the modules loaded now define it; comments and white space do not count. */
  kernel(name: string): string {
    const digest = this.#kernels.get(name) ?? kernelDigest(name);
    this.#kernels.set(name, digest);
    return digest;
  }

  #nameOf(url: string): string {
    if (!url.startsWith(this.#project.href)) {
      throw new RangeError(`Cannot follow ${url}: it is not in ${this.#project.href}`);
    }
    return decodeURIComponent(url.slice(this.#project.href.length));
  }

  #read(name: string): SourceFile {
    const known = this.#files.get(name);
    if (known) return known;
    const file = name.startsWith(PACKAGE) ? this.#package(name.slice(PACKAGE.length)) : this.#parse(name);
    this.#files.set(name, file);
    return file;
  }

  #package(specifier: string): SourceFile {
    return { digest: this.#packages[specifier] ?? specifier, imports: [] };
  }

  #parse(name: string): SourceFile {
    const url = new URL(encodeURI(name), this.#project);
    if (!name.endsWith(".ts")) return { digest: digestOf(Deno.readFileSync(url)), imports: [] };
    const tokens = codeTokens(Deno.readTextFileSync(url));
    const imports = runtimeImports(tokens).filter((specifier) => !NOT_FOLLOWED.test(specifier));
    return { digest: digestOf(tokens.join(" ")), imports: imports.map((specifier) => this.#resolve(specifier, url)) };
  }

  #resolve(specifier: string, from: URL): string {
    if (specifier.startsWith(".")) return this.#nameOf(new URL(specifier, from).href);
    const folder = Object.keys(this.#packages).find((key) => key.endsWith("/") && specifier.startsWith(key));
    if (folder === undefined) return PACKAGE + specifier.replace(/^(@[^/]+\/[^/]+|[^@/][^/]*)\/.*$/, "$1");
    return this.#nameOf(new URL(this.#packages[folder] + specifier.slice(folder.length), this.#project).href);
  }
}

/** The tokens of a module, without comments and white space. */
export function codeTokens(text: string): string[] {
  return [...jsTokens(text)].filter(({ type }) => !/^(WhiteSpace|LineTerminatorSequence|\w+Comment)$/.test(type))
    .map(({ value }) => value);
}

/** The specifiers that a module imports or re-exports at run time; `import type` and `export type` are gone by then. */
export function runtimeImports(tokens: readonly string[]): string[] {
  const specifiers: string[] = [];
  let clause: string[] | undefined;
  tokens.forEach((token, i) => {
    const isStart = (token === "import" || token === "export") && tokens[i - 1] !== ".";
    if (isStart) clause = [];
    const isSpecifier = /^["']/.test(token) &&
      (tokens[i - 1] === "from" || tokens[i - 1] === "import" || tokens[i - 2] === "import");
    if (clause && isSpecifier) {
      const isOfTypes = clause[1] === "type" && clause[2] !== "from" && clause[2] !== ",";
      if (!isOfTypes) specifiers.push(token.slice(1, -1));
      clause = undefined;
    }
    clause?.push(token);
  });
  return [...new Set(specifiers)];
}

function kernelDigest(name: string): string {
  const texts = textsOfKernel(name).map((wgsl) =>
    wgsl.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, " ").replaceAll(/\s+/g, " ").trim()
  );
  return texts.length === 0 ? GONE : digestOf(texts.sort().join("\n"));
}
