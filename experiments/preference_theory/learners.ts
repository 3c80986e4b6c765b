/** What is measured of PbKD's theory: a row of the tables each. */
interface Learner {
  readonly name: string;
  readonly label: string;
  readonly summary: string;
}

/** How a student is made of pairs that were drawn before. */
export const OFFLINE = {
  offline_set: {
    label: "Offline, confidence set",
    summary: "the student of the min-max game over the rewards within the slack of the likeliest one",
  },
  offline_mle: {
    label: "Offline, slack 0",
    summary: "the best policy for the likeliest reward: no confidence set",
  },
  offline_imitation: {
    label: "Offline, slack infinite",
    summary: "the student of the game over all rewards of the class: imitation, without preferences",
  },
} as const;

/** Whether a learner asks for pairs of its student as it is now. */
export const ONLINE = {
  online_rounds: {
    label: "Online, pairs each round",
    summary: "each round: pairs of the student against the teacher, and the min-max student of all pairs so far",
  },
  online_first_pairs: {
    label: "First pairs alone",
    summary: "the min-max student of the pairs that online learning starts with, in all rounds",
  },
} as const;

export const IDENTITIES = "identities";
export const RECOVERY = "recovery";

export type OfflineLearner = keyof typeof OFFLINE;
export type OnlineLearner = keyof typeof ONLINE;

export const LEARNERS: readonly Learner[] = [
  {
    name: IDENTITIES,
    label: "Identities",
    summary: "the gap of r_b and AMMD's moments, for random tables and policies",
  },
  ...Object.entries(OFFLINE).map(([name, learner]) => ({ name, ...learner })),
  ...Object.entries(ONLINE).map(([name, learner]) => ({ name, ...learner })),
  {
    name: RECOVERY,
    label: "Recovered reward",
    summary: "the linear reward of maximum likelihood against the preferred one, where pairs can show it",
  },
];

export function isOffline(name: string): name is OfflineLearner {
  return Object.hasOwn(OFFLINE, name);
}

export function isOnline(name: string): name is OnlineLearner {
  return Object.hasOwn(ONLINE, name);
}

/** Scores have a data set; these are of decision problems. */
export const DATASET = "mdp";
