/** A set of instructions that a table has a column for. */
export interface InstructionSet {
  /** Its name in tables and figures. */
  readonly label: string;
  /** What the embedded data asks in its role, in a line of `list`. */
  readonly summary: string;
  /** Parts of a file's or folder's name that say that it is of this set. */
  readonly aliases: readonly string[];
}

/** The five sets of AMMD's Table 1, in its order. */
export const INSTRUCTION_SETS = {
  dolly: {
    label: "Dolly",
    summary: "questions worded as in training, about other things",
    aliases: ["dolly"],
  },
  self_instruct: {
    label: "SelfInst",
    summary: "the same questions in a user's words",
    aliases: ["self_instruct", "self_inst", "selfinst", "user_oriented_instructions"],
  },
  vicuna: {
    label: "Vicuna",
    summary: "questions with long answers, about words never asked so in training",
    aliases: ["vicuna"],
  },
  sni: {
    label: "S-NI",
    summary: "the same questions as definitions that training has not, several right answers each",
    aliases: ["sni", "s_ni", "sinst", "super_natural_instructions", "natural_instructions"],
  },
  unni: {
    label: "UnNI",
    summary: "unusual wordings",
    aliases: ["unni", "uinst", "unnatural_instructions"],
  },
} as const satisfies Readonly<Record<string, InstructionSet>>;

export type InstructionSetName = keyof typeof INSTRUCTION_SETS;

export const INSTRUCTION_SET_NAMES = Object.keys(INSTRUCTION_SETS) as readonly InstructionSetName[];
