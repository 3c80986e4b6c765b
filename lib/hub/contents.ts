import { isDataSet } from "./places.ts";
import { selectRecords, whyNoData } from "./data_files.ts";
import { whatLacks } from "./locate.ts";
import { isDecided, KNOWN_NAMES, selectFiles, type Selection, whyNoModel } from "./needed_files.ts";

/** What is wanted of a repository: the files of a model, or the records of a data set. Names have `/` where files lie in folders. */
export interface Contents {
  select(names: readonly string[]): Selection;
  /** What keeps files from being of any use by their names, as in "no config.json"; undefined where nothing does. */
  whyNone(names: readonly string[]): string | undefined;
  /** The same of a folder, with what its files say of each other. */
  lacks(folder: string, names: readonly string[]): Promise<string | undefined>;
  /** Names that are recorded as missing where a repository does not have them. */
  readonly knownNames: readonly string[];
  /** Whether no other file of the repository could be needed, so that the hub need not be asked. */
  isDecided(names: readonly string[], missing: readonly string[]): boolean;
}

const MODEL: Contents = {
  select: selectFiles,
  whyNone: whyNoModel,
  lacks: whatLacks,
  knownNames: KNOWN_NAMES,
  isDecided,
};

/** Files of records may have any name, so that the hub alone knows whether there are more. */
const DATA_SET: Contents = {
  select: selectRecords,
  whyNone: whyNoData,
  lacks: (_, names) => Promise.resolve(whyNoData(names)),
  knownNames: [],
  isDecided: () => false,
};

export function contentsOf({ repository }: { readonly repository: string }): Contents {
  return isDataSet(repository) ? DATA_SET : MODEL;
}
