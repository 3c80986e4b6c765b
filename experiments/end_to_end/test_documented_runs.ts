/** Which commands of the documents the slow tests run, and why they run no others. */

/**
 * The commands of the documents that take less than a minute and need no network. What is run is the command itself, or the one given
 * here where it has a name in capitals; results go to a temporary folder.
 */
export const RUN: Readonly<Record<string, string | undefined>> = {
  "./run help": undefined,
  "./run list": undefined,
  "./run list akl": undefined,
  "./run list METHOD": "./run list ammd",
  "./run list SECTION": "./run list evaluation",
  "./run list NAME": "./run list gkd",
  "./run show CELL": "./run show instruction_following/ammd/10",
  "./run NAME --help": "./run reproduce --help",
  "./run reproduce instruction_following --profile smoke --methods NAME":
    "./run reproduce instruction_following --profile smoke --methods gkd --quiet",
  "./run list ammd": undefined,
  "./run list pbkd_offline": undefined,
  "./run list preferences": undefined,
  "./run list preferenceTheory": undefined,
  "./run bench --list": undefined,
  "./run bench matmul ammd_step/tiny": undefined,
  "./run bench --profile": undefined,
  "./run test kernels/elementwise/relu": undefined,
  "./run test kernels/FOLDER": "./run test kernels/pick",
  "./run verify": undefined,
};

/** The others, which are only parsed, and why. */
export const PARSED: Readonly<Record<string, string>> = {
  "./run reproduce quick": "a minute on two free cores; quick_slow_test.ts runs it with small settings",
  "./run reproduce": "trains for hours where results are stale; reproduce_slow_test.ts runs small ones",
  "./run reproduce preference_theory": "minutes; its own tests run it with small settings",
  "./run reproduce preference_black_box --profile smoke --preferences FILE":
    "preferences_test.ts runs it with files of pairs",
  "./run reproduce preference_black_box --methods pbkd_online --seeds 10 --set preferences.recorded=null --results FOLDER":
    "trains for minutes; smoke_slow_test.ts runs the experiment",
  "./run reproduce preference_black_box --set preferences.oracle=judge --set judge.url=http://localhost:8080/v1 --set judge.model=NAME":
    "takes an endpoint; preferences_test.ts has one",
  "./run test": "minutes: it is what runs this test",
  "./run check": "continuous integration runs it before the tests",
  "./run bench": "90 seconds",
  "./run bench --json": "90 seconds",
  "./run bench --against ../before": "takes a second checkout; lib/speed tests compare",
  "./run bench --against ../before layer_norm decode/batch1": "the same",
  "./run judge": "takes an endpoint; judge_test.ts has one",
  "./run judge instruction_following --set judge.url=http://localhost:8080/v1 --set judge.model=NAME": "the same",
  "./run export": "a mention; export_test.ts exports",
  "./run export CELL DIR": "trains; export_test.ts does it in profile smoke",
  "./run verify DIR": "reads what export wrote; export_test.ts does both",
  "./run NAME …": "the form of all commands",
  "deno task NAME …": "the form of all commands",
  "deno task reproduce --results /elsewhere": "is refused, as permissions_slow_test.ts shows",
  "deno run --allow-read --allow-write tools/record_numbers.ts": "writes the recorded numbers of a test",
  "deno run --allow-read=results tools/calibrate_significance.ts": "ten minutes; its own tests simulate less",
};
