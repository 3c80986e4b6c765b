import { InputError } from "#lib/errors.ts";
import { type Contests, contestsOf, type WrittenTexts } from "#lib/preferences/contest.ts";
import { qualityGap } from "#lib/preferences/oracles/metric.ts";
import { labelContests } from "#lib/preferences/oracles/oracle.ts";
import { recordsOf } from "#lib/preferences/encode_pairs.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import { PreferenceData, type PreferenceDataOptions } from "#lib/preferences/preference_data.ts";
import { keyOfPrompt, type PreferencePair } from "#lib/preferences/preference_pair.ts";
import type { PairRecord } from "#lib/preferences/pair_record.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { mean } from "#lib/statistics/statistics.ts";
import { givenPairs, inFile } from "./given_pairs.ts";
import type { StudentRun } from "./method.ts";
import { oracleOf } from "./pair_oracle.ts";
import { PREFERENCES, type PreferenceSettings } from "./preference_settings.ts";
import type { Profile } from "./profile.ts";
import type { SettingIssue } from "./section.ts";
import type { Workbench } from "./workbench.ts";

export interface PairRoundOptions extends Pick<PreferenceDataOptions, "batchSize" | "heldOutShare"> {
  /**
   * Whether pairs are drawn in rounds of the student as it is then, `preferences.rounds` of them that start evenly over the steps; else
   * all before the first step, of the SFT student. Either way as many are drawn in all.
   */
  readonly online: boolean;
  /** Who labels the pairs; default `preferences.oracle`. */
  readonly oracle?: PreferenceSettings["oracle"];
  /** Whether pairs carry how much better one text is by the task's metric, whoever labels them. */
  readonly qualityGaps?: boolean;
}

/**
 * The preference pairs of a run, round by round: texts of the teacher (those that it wrote for all methods) or of the student, against
 * texts that the student writes as it is when the round begins, labelled by an oracle. The pairs of a file are the first round where one
 * is given. Pairs are in the run's checkpoint, and a run that goes on draws none that it has; so a run has one of these.
 */
export class PairRounds {
  readonly data: PreferenceData;
  readonly #run: StudentRun;
  readonly #options: PairRoundOptions;
  readonly #settings: PreferenceSettings;

  constructor(run: StudentRun, options: PairRoundOptions) {
    this.data = new PreferenceData({ ...options, seed: run.seed });
    this.#run = run;
    this.#options = options;
    this.#settings = PREFERENCES.of(run.profile);
    run.checkpoint?.keep("preferences", this.data);
    run.keepPairs?.(() => this.#recorded());
  }

  /**
   * Adds the pairs of every round that has begun by the student's step (counted from 1), if there is a new one.
   *
   * @returns whether there was
   * @throws {InputError} if a round has no pair, or what the oracle or the file of pairs does
   */
  async reach(step: number): Promise<boolean> {
    const before = this.data.rounds;
    while (this.data.rounds < this.#rounds && step >= this.#startOf(this.data.rounds + 1)) {
      await this.#begin(this.data.rounds + 1, step);
    }
    return this.data.rounds > before;
  }

  /** The first pairs of each round, as people read them. */
  #recorded(): PairRecord[] {
    const { bench: { task, texts } } = this.#run;
    const { recorded } = this.#settings;
    const ofRounds = [...Map.groupBy(this.data.pairs, ({ round }) => round).values()];
    return recordsOf(ofRounds.flatMap((pairs) => pairs.slice(0, recorded ?? pairs.length)), task.pairs.codec(texts));
  }

  get #rounds(): number {
    return this.#options.online ? this.#settings.rounds : 1;
  }

  /** The step before which a round, from 1, begins. */
  #startOf(round: number): number {
    return 1 + Math.floor((round - 1) * this.#run.distillation.steps / this.#rounds);
  }

  async #begin(round: number, step: number): Promise<void> {
    const { bench, log } = this.#run;
    const { codec, limits } = bench.task.pairs;
    const given = round === 1 ? await givenPairs(this.#settings, codec(bench.texts), limits) : undefined;
    const labelled = given?.pairs ?? await this.#draw(round);
    const pairs = inFile(given ? this.#settings.file : null, () => {
      const pairs = this.#withGaps(labelled);
      this.data.add(pairs);
      return pairs;
    });
    log.set(step, "pairs", this.data.pairs.length);
    log.set(step, "first_preferred", mean(pairs.map(({ label }) => label)));
  }

  /**
   * The pairs with what a method asks for beside their labels.
   *
   * @throws {InputError} if the data has no answer that texts are measured against
   */
  #withGaps(pairs: readonly PreferencePair[]): readonly PreferencePair[] {
    if (!this.#options.qualityGaps) return pairs;
    const { bench } = this.#run;
    const codec = bench.task.pairs.codec(bench.texts);
    const [gap, references] = [qualityGap(bench.task.pairs.metric, codec), answersTo(bench, pairs, codec)];
    const unknown = references.findIndex((answers) => answers.length === 0);
    if (unknown >= 0) {
      throw new InputError(
        `preferences: pair ${
          unknown + 1
        }: ${this.#run.name} measures texts against the data's answers, and the training data has none to its prompt`,
      );
    }
    return pairs.map((pair, i) => ({ ...pair, qualityGap: gap({ texts: pair.texts, references: references[i] }) }));
  }

  async #draw(round: number): Promise<readonly PreferencePair[]> {
    const { bench, seed, name } = this.#run;
    const codec = bench.task.pairs.codec(bench.texts);
    const oracle = await oracleOf(bench, this.#options.oracle ?? this.#settings.oracle, this.#settings, codec);
    const { contests, equalTexts, emptyTexts } = await this.#contests(round, codec);
    const { temperature } = this.#settings;
    const labels = new RandomStream(seed, `labels of pairs, round ${round}`);
    const { pairs, unlabelled } = await labelContests(contests, oracle, { temperature, round }, labels, bench.stop);
    bench.say(
      `${name}, seed ${seed}: ${pairs.length} pairs of round ${round}, labelled by ${oracle.name}; ` +
        `left out: ${equalTexts} of equal texts, ${emptyTexts} of empty ones${
          unlabelled > 0 ? `, ${unlabelled} not judged` : ""
        }`,
    );
    return pairs;
  }

  /** A round's pairs of texts: the rounds take consecutive prompts of one order, those that the teacher has answered. */
  async #contests(round: number, codec: PairCodec): Promise<Contests> {
    const { bench, student, seed } = this.#run;
    const { pairs, textsPerPrompt, against } = this.#settings;
    const all = new RandomStream(seed, "prompts of pairs").shuffle([...await bench.teacherTexts()]);
    const prompts = Math.floor(pairs / textsPerPrompt);
    const [start, end] = [round - 1, round].map((rounds) => Math.floor(rounds * prompts / this.#rounds));
    const taught = Array.from({ length: end - start }, (_, i) => all[(start + i) % all.length])
      .flatMap((text) => Array<typeof text>(textsPerPrompt).fill(text));
    const write = async (purpose: string): Promise<WrittenTexts> => ({
      writer: "student",
      texts: await bench.respond(student, taught.map(({ prompt }) => prompt), seed, `${purpose}, round ${round}`),
    });
    const other: WrittenTexts = against === "teacher"
      ? { writer: "teacher", texts: taught }
      : await write("other texts of pairs");
    return contestsOf(other, await write("texts of pairs"), answersTo(bench, taught, codec), codec);
  }
}

/** What is wrong where a method labels its pairs by who wrote them, whatever the oracle. */
export function issuesOfTeacherWins(profile: Profile): SettingIssue[] {
  return PREFERENCES.of(profile).against === "teacher"
    ? []
    : [{ path: [], message: "prefers the teacher's texts, so that preferences.against must be teacher" }];
}

/** The data's answers to prompts of the training data. */
function answersTo(
  { texts }: Workbench,
  asked: readonly { readonly prompt: readonly number[] }[],
  codec: PairCodec,
): string[][] {
  const answers = Map.groupBy(texts.train, ({ prompt }) => keyOfPrompt(prompt));
  return asked.map(({ prompt }) =>
    (answers.get(keyOfPrompt(prompt)) ?? []).map(({ response }) => codec.responseText(response))
  );
}
