import { negatedSum } from "./ascent.ts";
import {
  type MomentBatch,
  type MomentPlayers,
  type MomentSettings,
  offPolicyAscent,
  onPolicyAscent,
} from "./moment_matching.ts";
import type { Objective } from "./objective.ts";

/** Both critics' ascent as training writes it: minimises −(U_off(φ1) + U_on(φ2)), of the sides that the batch has. */
export function criticObjective(settings: MomentSettings): Objective<MomentPlayers, MomentBatch> {
  return (tape, players, { offPolicy, onPolicy }) =>
    negatedSum(tape, [
      ...(offPolicy ? [offPolicyAscent(tape, players, offPolicy, settings)] : []),
      ...(onPolicy ? [onPolicyAscent(tape, players, onPolicy, settings)] : []),
    ], "critic_loss");
}
