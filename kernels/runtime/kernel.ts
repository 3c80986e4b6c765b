/** A storage binding of a kernel, in the order of its `@binding` numbers. */
export interface KernelBinding {
  readonly name: string;
  readonly access: "read" | "read_write";
}

/** A scalar of a kernel's `Params` uniform; each takes four bytes. */
export interface KernelParam {
  readonly name: string;
  readonly type: "u32" | "i32" | "f32";
}

/**
 * A compute kernel. Its interface is read from the WGSL text, so that names exist once: `@group(0)` storage variables are
 * the bindings, `struct Params` the uniform (last binding), `override` declarations the constants.
 */
export interface Kernel {
  readonly name: string;
  readonly wgsl: string;
  readonly entryPoint: string;
  readonly bindings: readonly KernelBinding[];
  readonly params: readonly KernelParam[];
  /** Pipeline-creation constants. */
  readonly overrides: ReadonlySet<string>;
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(uniform|storage)\s*(?:,\s*(read_write|read)\s*)?>\s*(\w+)\s*:\s*(\w+)/g;
const OVERRIDE = /^\s*override\s+(\w+)/gm;

/** The WGSL of every kernel defined so far; one name may stand for several texts, as of a kernel in two sizes of block. */
const definedTexts = new Map<string, Set<string>>();

/** The WGSL that the modules loaded so far define under a name: what results of that kernel depend on. Empty if there is none. */
export function textsOfKernel(name: string): readonly string[] {
  return [...definedTexts.get(name) ?? []].sort();
}

/** Reads a kernel's interface from its WGSL; several kernels may share one text and differ in `entryPoint`. */
export function defineKernel(name: string, wgsl: string, entryPoint = "main"): Kernel {
  definedTexts.set(name, (definedTexts.get(name) ?? new Set()).add(wgsl));
  const code = wgsl.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const used = entryPointText(name, code, entryPoint);
  const found = [...code.matchAll(BINDING)]
    .map(([, index, kind, access, variable, type]) => ({ index: Number(index), kind, access, variable, type }))
    // A swizzle or field is no use of a binding: `workgroup.x` does not name x.
    .filter(({ variable }) => new RegExp(`(?<!\\.)\\b${variable}\\b`).test(used))
    .sort((a, b) => a.index - b.index);
  const uniform = found.find(({ kind }) => kind === "uniform");
  return {
    name,
    wgsl,
    entryPoint,
    bindings: found.filter(({ kind }) => kind === "storage")
      .map(({ variable, access }) => ({ name: variable, access: access === "read_write" ? "read_write" : "read" })),
    params: uniform ? structFields(name, code, uniform.type) : [],
    overrides: new Set([...code.matchAll(OVERRIDE)].map(([, constant]) => constant)),
  };
}

function structFields(kernel: string, code: string, type: string): KernelParam[] {
  const body = new RegExp(`struct\\s+${type}\\s*\\{([^}]*)\\}`).exec(code)?.[1];
  if (body === undefined) throw new SyntaxError(`Cannot define ${kernel}: its WGSL has no struct ${type}`);
  return body.split(",").map((field) => field.trim()).filter((field) => field !== "").map((field) => {
    const match = /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field);
    if (!match) throw new SyntaxError(`Cannot define ${kernel}: field "${field}" of ${type} is not a u32, i32 or f32`);
    return { name: match[1], type: match[2] as KernelParam["type"] };
  });
}

/** The text of an entry point and of the functions it reaches: a binding that none of them names is not bound. */
function entryPointText(kernel: string, code: string, entryPoint: string): string {
  const functions = new Map<string, string>();
  for (const part of code.split(/(?=\bfn\s+\w+\s*\()/)) {
    const name = /^fn\s+(\w+)/.exec(part)?.[1];
    if (name) functions.set(name, untilClosingBrace(part));
  }
  if (!functions.has(entryPoint)) throw new SyntaxError(`Cannot define ${kernel}: its WGSL has no fn ${entryPoint}`);
  const reached = new Set<string>([entryPoint]);
  for (const name of reached) {
    for (const other of functions.keys()) {
      if (!reached.has(other) && new RegExp(`\\b${other}\\s*\\(`).test(functions.get(name)!)) reached.add(other);
    }
  }
  return [...reached].map((name) => functions.get(name)!).join("\n");
}

/** A function's text without what follows it at module scope. */
function untilClosingBrace(text: string): string {
  let depth = 0;
  for (let i = text.indexOf("{"); i >= 0 && i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(0, i + 1);
  }
  return text;
}
