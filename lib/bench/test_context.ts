import type { Gpu } from "#kernels/runtime/gpu.ts";
import { nameOfShared, type SharedThing } from "#lib/results/provenance.ts";
import type { RunContext } from "./experiment.ts";
import type { Profile } from "./profile.ts";

/** What the cells of a test share; nothing is kept beyond it. @param onMade is told the name of what is made, once */
export function passingContext(gpu: Gpu, profile: Profile, onMade: (name: string) => void = () => {}): RunContext {
  const shared = new Map<string, Promise<unknown>>();
  const once = <Thing>(name: string, make: () => Promise<Thing>) => {
    if (!shared.has(name)) onMade(name);
    const made = shared.get(name) ?? make();
    shared.set(name, made);
    return made as Promise<Thing>;
  };
  const nowhere = () => ({ load: () => Promise.resolve(undefined), isDue: () => false, save: () => Promise.resolve() });
  const { signal } = new AbortController();
  const silent = { say: () => {}, progress: () => {} };
  const kept: RunContext["kept"] = (thing, _, make) => once(nameOfShared(thing), make);
  const trained: RunContext["trained"] = (thing, made, make) => kept(thing, made, () => make(nowhere()));
  const forget = async <Thing>(thing: SharedThing) => {
    const made = shared.get(nameOfShared(thing));
    shared.delete(nameOfShared(thing));
    return await made as Thing | undefined;
  };
  return { gpu, profile, stop: signal, ...silent, once, kept, trained, forget, cellSnapshots: nowhere };
}
