import { adapterName, NoAdapterError, requestAdapter } from "#kernels/runtime/adapter.ts";
import { missingReferences } from "#lib/distillation/pinned_profile.ts";
import { InputError } from "#lib/errors.ts";
import type { AdapterLimits } from "#lib/memory/fit.ts";
import { fullAddressOf } from "#lib/runner/cell.ts";
import type { Reproduction } from "#lib/runner/reproduction.ts";
import { ratesOf } from "#lib/speed/recorded_rates.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { knownLimits } from "./known_limits.ts";
import { formatNeeds, memoryText } from "./needs_text.ts";
import { describePlace } from "./place_text.ts";
import { describePlan, describeTotal } from "./plan_text.ts";
import { needsOf, type ProfileNeeds } from "./profile_needs.ts";
import type { ChosenProfile } from "./results_flags.ts";
import type { Terminal } from "./terminal.ts";

/** Where no adapter is, nothing is over its limits, and its memory is not known. */
const NO_LIMITS: AdapterLimits = { bindingBytes: Infinity, bufferBytes: Infinity };

/** Shows what a reproduction would run, and what a profile of checkpoints needs for that. */
export async function showDryRun(
  reproduction: Reproduction,
  chosen: Pick<ChosenProfile, "profile" | "named">,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): Promise<void> {
  const { plans, place } = reproduction;
  const hasNeeds = chosen.named.length > 0;
  const limits = hasNeeds ? await limitsHere() : NO_LIMITS;
  const needs = hasNeeds ? await needsOf(plans, chosen, { limits, rates: await ratesHere() }) : undefined;
  if (json) return terminal.print(visibleJson(describe(reproduction, needs, limits), 2));
  if (place.recorded !== undefined) terminal.print(describePlace(place));
  for (const plan of plans) terminal.print(describePlan(plan, reproduction));
  for (const line of needs ? formatNeeds(needs, limits) : []) terminal.print(line);
  terminal.print(describeTotal(plans, reproduction));
}

/**
 * Refuses a step that this adapter has no room for, before anything is trained.
 *
 * @throws {InputError} in one line, with the most of a step's texts at once that fit
 */
export async function expectProfileFits(
  { plans }: Reproduction,
  chosen: Pick<ChosenProfile, "profile" | "named">,
): Promise<void> {
  if (chosen.named.length === 0) return;
  const limits = await knownLimits(undefined);
  const { pairs } = await needsOf(plans, chosen, { limits, rates: undefined });
  for (const { name, fits } of pairs) {
    const over = fits.find(({ fit }) => !fit.fits);
    if (over) throw new InputError(`${name}: ${over.what} ${memoryText(over.fit, limits, over.whole)}`);
  }
}

/** The same as JSON. */
function describe(reproduction: Reproduction, needs: ProfileNeeds | undefined, limits: AdapterLimits) {
  const { plans, place } = reproduction;
  const experiments = plans.map((plan) => ({
    name: plan.experiment.name,
    cells: plan.cells.map(({ address, state, changes, sameAs }) => ({
      ...{ address, state, changes: changes.map(({ text }) => text) },
      ...(sameAs && { sameAs: fullAddressOf(sameAs) }),
    })),
    estimate: reproduction.estimateOf([plan]),
  }));
  if (needs === undefined) return { profile: place.profileName, experiments };
  const pairs = needs.pairs.map(({ fits, ...pair }) => ({
    ...pair,
    // Of the tensors those over a limit say enough.
    fits: fits.map(({ what, whole, fit: { plan: { parts, totalBytes }, ...fit } }) => (
      { what, whole, ...fit, parts, totalBytes }
    )),
  }));
  const { named, rates } = needs;
  return { profile: place.profileName, experiments, named, fetch: missingReferences(named), pairs, limits, rates };
}

async function limitsHere(): Promise<AdapterLimits> {
  try {
    return await knownLimits(undefined);
  } catch (error) {
    if (error instanceof NoAdapterError) return NO_LIMITS;
    throw error;
  }
}

async function ratesHere() {
  try {
    return await ratesOf(adapterName((await requestAdapter()).info));
  } catch (error) {
    if (error instanceof NoAdapterError) return undefined;
    throw error;
  }
}
