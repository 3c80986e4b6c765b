import { IMAGE_FORMATS } from "./image_formats.ts";

/** A storage binding of a kernel, in the order of its `@binding` numbers. */
export interface KernelBinding {
  readonly name: string;
  readonly access: "read" | "read_write";
  /** The WGSL type of an element, aliases resolved. */
  readonly element: string;
  /** Whether the text reads it by `loadName(i)`, which lets the runtime choose where from, or by `name[i]`. */
  readonly isLoaded: boolean;
}

/** A scalar in a kernel's `Params` uniform; each takes four bytes. */
export interface KernelParam {
  readonly name: string;
  readonly type: "u32" | "i32" | "f32";
}

/**
 * A compute kernel. Its interface is read from the WGSL text, so that names exist once: `@group(0)` storage variables are
 * the bindings, `struct Params` is the uniform (the last binding), and `override` declarations are the constants.
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
  /@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(uniform|storage)\s*(?:,\s*(read_write|read)\s*)?>\s*(\w+)\s*:\s*(\w+)(?:<\s*(\w+)\s*>)?/g;
const OVERRIDE = /^\s*override\s+(\w+)/gm;

/** The WGSL of every kernel defined so far. One name may have several texts, such as those for two sizes of block. */
const definedTexts = new Map<string, Set<string>>();

/** The WGSL texts that the modules loaded so far define under a name; results that use the kernel depend on them. Empty if there is none. */
export function textsOfKernel(name: string): readonly string[] {
  return [...definedTexts.get(name) ?? []].sort();
}

/** The name of the function that reads a binding from where the runtime chooses: `loadDOut` for `dOut`. */
export function loaderOf(binding: string): string {
  return `load${binding[0].toUpperCase()}${binding.slice(1)}`;
}

/** Reads a kernel's interface from its WGSL; several kernels may share one text and differ in `entryPoint`. */
export function defineKernel(name: string, wgsl: string, entryPoint = "main"): Kernel {
  definedTexts.set(name, (definedTexts.get(name) ?? new Set()).add(wgsl));
  const code = wgsl.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const used = entryPointText(name, code, entryPoint);
  const found = [...code.matchAll(BINDING)]
    .map(([, index, kind, access, variable, type, element]) => {
      return { index: Number(index), kind, access, variable, type, element: resolved(code, element) };
    })
    .filter(({ variable }) => isNamed(variable, used) || isNamed(loaderOf(variable), used))
    .sort((a, b) => a.index - b.index);
  const uniform = found.find(({ kind }) => kind === "uniform");
  return {
    name,
    wgsl,
    entryPoint,
    bindings: found.filter(({ kind }) => kind === "storage").map(({ variable, access, element }): KernelBinding => {
      const isLoaded = isNamed(loaderOf(variable), used);
      const fault = isLoaded && faultOfLoad(variable, access, element, used);
      if (fault) {
        throw new SyntaxError(`Cannot define ${name}: ${loaderOf(variable)} cannot read ${variable}, since ${fault}`);
      }
      return { name: variable, access: access === "read_write" ? "read_write" : "read", element, isLoaded };
    }),
    params: uniform ? structFields(name, code, uniform.type) : [],
    overrides: new Set([...code.matchAll(OVERRIDE)].map(([, constant]) => constant)),
  };
}

/** Whether code uses a variable. A swizzle or field is not a use: `workgroup.x` does not name x. */
function isNamed(variable: string, code: string): boolean {
  return new RegExp(`(?<!\\.)\\b${variable}\\b`).test(code);
}

/** Why a binding cannot be loaded; undefined where it can. */
function faultOfLoad(variable: string, access: string, element: string, code: string): string | undefined {
  if (access === "read_write") return "the kernel writes it";
  if (isIndexed(variable, code)) return `the text says ${variable}[i] elsewhere`;
  return element in IMAGE_FORMATS
    ? undefined
    : `it holds ${element}: images hold ${Object.keys(IMAGE_FORMATS).join(", ")}`;
}

function isIndexed(variable: string, code: string): boolean {
  return new RegExp(`(?<!\\.)\\b${variable}\\s*\\[`).test(code);
}

function resolved(code: string, type = ""): string {
  return new RegExp(`\\balias\\s+${type}\\s*=\\s*(\\w+)`).exec(code)?.[1] ?? type;
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

/** The text of an entry point and of the functions that it reaches. A binding that none of them names is not bound. */
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

/** The text of a function, without what follows it at module scope. */
function untilClosingBrace(text: string): string {
  let depth = 0;
  for (let i = text.indexOf("{"); i >= 0 && i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(0, i + 1);
  }
  return text;
}
