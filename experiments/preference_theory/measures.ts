import type { CellResult, CellScore, MeasureRow } from "#lib/results/cell_result.ts";
import { measureIdentities } from "./identities.ts";
import { DATASET, IDENTITIES, isOffline, isOnline, type OfflineLearner, type OnlineLearner } from "./learners.ts";
import { learnOffline } from "./offline.ts";
import { learnOnline } from "./online.ts";
import { offlineRate, onlineRate, type SizedValue, slopeOf } from "./power_law.ts";
import { drawProblem } from "./problem.ts";
import { blindDirections, recoverReward } from "./recovery.ts";
import type { PreferenceTheorySettings } from "./settings.ts";

/** What is measured of one row for the problem of a seed. */
export function measureLearner(settings: PreferenceTheorySettings, method: string, seed: number): CellResult {
  if (method === IDENTITIES) return { scores: scoresOf(measureIdentities(settings, seed)), curves: [], samples: [] };
  if (isOffline(method)) return measureOffline(settings, method, seed);
  if (isOnline(method)) return measureOnline(settings, method, seed);
  return measureRecovery(settings, seed);
}

/** A number of pairs or rounds, and what was measured there. */
type Curve = readonly { readonly size: number; readonly values: Readonly<Record<string, number>> }[];

function measureOffline(settings: PreferenceTheorySettings, learner: OfflineLearner, seed: number): CellResult {
  const { delta } = settings;
  const curve = learnOffline(settings, learner, seed).map(({ pairs, suboptimality, guarantee, coverage }) => ({
    size: pairs,
    values: {
      ...byScale("suboptimality", suboptimality),
      ...(learner === "offline_set" ? { guarantee, coverage } : {}),
      stated: offlineRate(pairs, delta),
    },
  }));
  return resultOf(curve, {
    ...lawOf(curve),
    suboptimality_first: ends(curve, "suboptimality")[0],
    suboptimality_last: ends(curve, "suboptimality")[1],
    ...(learner === "offline_set"
      ? {
        ...slopeAlong(curve, "guarantee", "guarantee_slope"),
        coverage: Math.min(...curve.map(({ values }) => (values as Record<string, number>).coverage)),
      }
      : {}),
  });
}

function measureOnline(settings: PreferenceTheorySettings, learner: OnlineLearner, seed: number): CellResult {
  const { delta } = settings;
  const curve = learnOnline(settings, learner, seed).map(({ rounds, regret }) => ({
    size: rounds,
    values: { ...byScale("regret", regret), stated: onlineRate(rounds, delta) },
  }));
  return resultOf(curve, {
    ...lawOf(curve),
    regret_first: ends(curve, "regret")[0],
    regret_last: ends(curve, "regret")[1],
    ...slopeAlong(curve, "regret", "regret_slope"),
  });
}

function measureRecovery(settings: PreferenceTheorySettings, seed: number): CellResult {
  const curve = recoverReward(settings, seed).map(({ pairs, visible, blind }) => ({
    size: pairs,
    values: { hardest: visible, blind_error: blind, stated: Math.sqrt(1 / pairs) },
  }));
  const { visible, blind, shown, unnamed } = blindDirections(drawProblem(settings, seed));
  const logOf = (value: number) => Math.log10(Math.max(value, Number.EPSILON));
  return resultOf(curve, {
    ...lawOf(curve),
    blind_error: ends(curve, "blind_error")[1],
    visible_directions: visible,
    blind_directions: blind,
    shown: logOf(Math.max(...shown.values())),
    unnamed: logOf(unnamed),
  });
}

/** A measure at scale 1, at every scale, and for the scale at which it is greatest. */
function byScale(measure: string, values: ReadonlyMap<number, number>): Record<string, number> {
  return {
    [measure]: values.get(1)!,
    ...Object.fromEntries([...values].map(([scale, value]) => [measureAt(measure, scale), value])),
    hardest: Math.max(...values.values()),
  };
}

/** As in `regret_at_0.5`. */
export function measureAt(measure: string, scale: number): string {
  return `${measure}_at_${scale}`;
}

/** The power law of `hardest` beside the stated one. */
function lawOf(curve: Curve): Record<string, number> {
  const [first, last] = ends(curve, "hardest");
  return { ...slopeAlong(curve, "hardest", "slope"), ...slopeAlong(curve, "stated", "stated_slope"), first, last };
}

/** No slope where a value is 0: all of the few draws found the best policy there. */
function slopeAlong(curve: Curve, measure: string, name: string): Record<string, number> {
  const values = curve.map(({ size, values }): SizedValue => ({ size, value: values[measure] }));
  return values.every(({ value }) => value > 0) ? { [name]: slopeOf(values) } : {};
}

function ends(curve: Curve, measure: string): [first: number, last: number] {
  return [curve[0].values[measure], curve[curve.length - 1].values[measure]];
}

function resultOf(curve: Curve, scores: Readonly<Record<string, number>>): CellResult {
  const curves = curve.flatMap(({ size, values }) =>
    Object.entries(values).map(([measure, value]): MeasureRow => ({ step: size, measure, value }))
  );
  return { scores: scoresOf(scores), curves, samples: [] };
}

function scoresOf(values: Readonly<Record<string, number>>): CellScore[] {
  return Object.entries(values).map(([metric, value]) => ({ dataset: DATASET, metric, value, count: 1 }));
}
