import { AsyncLocalStorage } from "node:async_hooks";
import type { Kernel } from "#kernels/runtime/kernel.ts";
import type { Profile } from "#lib/bench/profile.ts";

/** A setting's value: what YAML holds at a path that has nothing below it. */
export type SettingValue = string | number | boolean | null | readonly SettingValue[];

/** What a computation has made use of, beside its seed and the modules that it reaches. */
export interface Uses {
  /** Settings that were read, by path, as in `ammd.beta`. */
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** Names of the kernels that ran. */
  readonly kernels: ReadonlySet<string>;
  /** Whether the folder of `--data` was asked for, or that there is none. */
  readonly data: boolean;
}

/** How a judge is reached changes no grade, and a cell has one seed, whichever others there are. */
const IRRELEVANT = new Set(["seeds", "judge.parallel", "judge.retries", "judge.timeoutSeconds"]);

class Recording implements Uses {
  readonly settings = new Map<string, SettingValue>();
  readonly kernels = new Set<string>();
  data = false;

  add({ settings, kernels, data }: Uses): void {
    for (const [path, value] of settings) this.read(path, value);
    for (const kernel of kernels) this.kernels.add(kernel);
    this.data ||= data;
  }

  /** @throws {RangeError} if another value was read at the path: then what is shared must not be */
  read(path: string, value: SettingValue): void {
    const known = this.settings.get(path);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(value)) {
      throw new RangeError(
        `Cannot share what was made with ${path} = ${JSON.stringify(known)}: here it is ${JSON.stringify(value)}`,
      );
    }
    this.settings.set(path, value);
  }
}

/**
 * Notes what computations make use of while they run: so that a result is kept exactly as long as nothing of that has changed, with
 * nobody having to declare it (verifying traces; Mokhov, Mitchell & Peyton Jones 2018, "Build systems à la carte").
 */
export class UseTracer {
  readonly #current = new AsyncLocalStorage<Recording>();

  /** Runs a computation and notes its uses; those of computations within it are its own as well. */
  async trace<Value>(compute: () => Promise<Value>): Promise<{ readonly value: Value; readonly uses: Uses }> {
    const uses = new Recording();
    const value = await this.#current.run(uses, compute);
    return { value, uses };
  }

  /** What the running computation has made use of so far. */
  get soFar(): Uses {
    return this.#current.getStore() ?? new Recording();
  }

  /** Takes uses over into the running computation: of something that was made before. */
  add(uses: Uses): void {
    this.#current.getStore()?.add(uses);
  }

  usedKernel({ name }: Kernel): void {
    this.#current.getStore()?.kernels.add(name);
  }

  usedData(): void {
    const current = this.#current.getStore();
    if (current) current.data = true;
  }

  /** The settings, noting what is read of them: a value counts when it is read itself, a section by what is read in it. */
  observe(profile: Profile): Profile {
    return this.#observe(profile, "") as Profile;
  }

  #observe(section: object, path: string): object {
    return new Proxy(section, {
      get: (target, key, receiver) => {
        const value = Reflect.get(target, key, receiver);
        if (typeof key === "symbol") return value;
        const at = path === "" ? key : `${path}.${key}`;
        if (isSection(value)) return this.#observe(value, at);
        if (value !== undefined && !IRRELEVANT.has(at)) this.#current.getStore()?.read(at, value as SettingValue);
        return value;
      },
    });
  }
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of nested settings; undefined where there is none. */
export function settingAt(settings: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => isSection(at) ? at[key] : undefined, settings);
}

/** Settings by path as nested sections, in the order of their paths. */
export function nestSettings(settings: ReadonlyMap<string, SettingValue>): Record<string, unknown> {
  const nested: Record<string, unknown> = {};
  for (const [path, value] of [...settings].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const keys = path.split(".");
    const section = keys.slice(0, -1).reduce<Record<string, unknown>>(
      (at, key) => (at[key] ??= {}) as Record<string, unknown>,
      nested,
    );
    section[keys.at(-1)!] = value;
  }
  return nested;
}

/** The other way round. */
export function flattenSettings(nested: unknown, path = ""): Map<string, SettingValue> {
  if (!isSection(nested)) return new Map([[path, nested as SettingValue]]);
  return new Map(
    Object.entries(nested).flatMap(([key, value]) => [...flattenSettings(value, path === "" ? key : `${path}.${key}`)]),
  );
}
