/** Which commands of the documents the slow tests run, and why they run no others. */

/** A model in the place of one that a person has. */
const STORIES = "lib/tokenizers/testdata/stories260K";

/**
 * The commands of the documents that take less than a minute and need no network. What is run is the command itself, or the one given
 * here where it has a name in capitals; results go to a temporary folder.
 */
export const RUN: Readonly<Record<string, string | undefined>> = {
  "./run help": undefined,
  "./run list": undefined,
  "./run list akl": undefined,
  "./run list METHOD": "./run list ammd",
  "./run reproduce --profile gpt2 --dry-run": undefined,
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
  "./run bench generate/stories260K": undefined,
  "./run test kernels/elementwise/relu": undefined,
  "./run test kernels/FOLDER": "./run test kernels/pick",
  "./run verify": undefined,
  './run generate lib/tokenizers/testdata/stories260K "The cat"': undefined,
  "./run evaluate ./my_model --data book.txt": `./run evaluate ${STORIES} --data ${STORIES}/LICENSE.txt`,
  "./run doctor --for ./teacher:./student --texts-per-step 2 --tokens 256 --memory 12":
    `./run doctor --for ${STORIES}:${STORIES} --texts-per-step 2 --tokens 256 --memory 12`,
  "./run doctor --for ./teacher:./student --method ammd --texts-at-once 2 --recompute --teacher-form bf16 --lora 16":
    `./run doctor --for ${STORIES}:${STORIES} --method ammd --texts-at-once 2 --recompute --teacher-form bf16 --lora 16`,
};

/** The others, which are only parsed, and why. */
export const PARSED: Readonly<Record<string, string>> = {
  "./run reproduce quick": "a minute on two free cores; quick_slow_test.ts runs it with small settings",
  "./run reproduce": "trains for hours where results are stale; reproduce_slow_test.ts runs small ones",
  './run reproduce instruction_following --executor slurm --slurm-args "--partition=gpu --gres=gpu:1 --mem=32G --time=4:00:00"':
    "takes a cluster; slurm_slow_test.ts has a small one",
  "./run reproduce --executor slurm": "the same",
  "./run cancel": "the same",
  "./run status": "seconds on recorded results; reproduce_slow_test.ts runs it on small ones",
  "./run doctor": "a mention; commands_test.ts runs it",
  "./run reproduce instruction_following --methods sft,kd --collect":
    "records what tasks have kept; keep_test.ts does it",
  "./run reproduce --collect": "the same",
  "./run cell --keep": "a mention; keep_test.ts keeps cells",
  "./run cell --keep CELL…": "the same",
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
  "./run fetch ORG/NAME[@REVISION]": "takes the network; the tests of lib/hub have a hub on this machine",
  "./run fetch HuggingFaceTB/SmolLM2-135M": "the same",
  "./run fetch HuggingFaceTB/SmolLM2-360M HuggingFaceTB/SmolLM2-135M": "the same",
  "./run doctor --for HuggingFaceTB/SmolLM2-360M:HuggingFaceTB/SmolLM2-135M":
    "takes fetched models; doctor_test.ts has some",
  "./run distil --teacher HuggingFaceTB/SmolLM2-360M --student HuggingFaceTB/SmolLM2-135M --data dolly/":
    "takes fetched models; distil_test.ts has some of its own",
  "./run fetch openai-community/gpt2@607a30d783dfa663caf39e06633721c8d4cfcd7e": "the same",
  "./run fetch --dry-run openai-community/gpt2-xl": "the same",
  "./run fetch datasets/MiniLLM/dolly openai-community/gpt2": "the same",
  "./run fetch --dry-run datasets/MiniLLM/sinst": "the same",
  "./run fetch datasets/MiniLLM/dolly": "the same",
  "./run fetch datasets/ORG/NAME": "the same",
  "./run fetch …": "the same",
  "./run distil --teacher openai-community/gpt2-medium --student openai-community/gpt2 --data MiniLLM/dolly":
    "takes fetched models and data; fetch_test.ts has small ones",
  "./run reproduce --profile gpt2": "takes fetched models; profile_from_hub_slow_test.ts has small ones",
  "./run reproduce gpt2_instruction_following --profile gpt2 --set teacher.checkpoint=./my_teacher --methods teacher,sft,kd,ammd":
    "the same",
  "./run bench --shapes gpt2": "minutes on a CPU driver; commands_test.ts runs a row",
  "./run evaluate MODEL --data DIR": "the form of the command; evaluate_test.ts runs it",
  "./run evaluate HuggingFaceTB/SmolLM2-135M --data dolly/":
    "takes a fetched model; evaluate_test.ts has one of its own",
  "./run evaluate ./my_model --data samsum/test.csv": "takes a model of its user's; evaluate_test.ts has one",
  "./run evaluate ./my_model --data dolly/ --out now": "the same",
  "./run diff ./before ./now": "takes two evaluations; evaluate_test.ts compares some",
  "./run diff": "a mention; diff_test.ts compares",
  "./run doctor --for TEACHER:STUDENT": "the form of the command; doctor_test.ts runs it",
  "./run doctor --for openai-community/gpt2-xl:openai-community/gpt2": "takes fetched models; doctor_test.ts has some",
  "./run verify DIR": "reads what export wrote; export_test.ts does both",
  './run generate HuggingFaceTB/SmolLM2-135M "Once upon a time"':
    "takes a model of the hub; lib/cli/generate_test.ts has one of its own",
  "./run generate HuggingFaceTB/SmolLM2-135M --prompts FILE --out FILE --temperature 0.8 --top-p 0.95 --seed 3":
    "the same",
  './run generate instruction_following/ammd/10 "Name a fruit."':
    "trains for minutes; generate_test.ts does it in profile smoke",
  "./run generate MODEL [PROMPT]": "the form of the command",
  "./run generate BASE+DIR/adapter PROMPT":
    "the form of the command; adapted_model_test.ts reads an adapter beside its base",
  "./run generate": "a mention",
  "./run evaluate": "a mention",
  "./run fetch openai-community/gpt2-medium openai-community/gpt2": "takes the network",
  "./run distil --teacher openai-community/gpt2-medium --student openai-community/gpt2 --data dolly/ --dry-run":
    "takes fetched models; distil_test.ts has small ones",
  "./run distil --teacher openai-community/gpt2-medium --student openai-community/gpt2 --data dolly/ --method gkd":
    "the same",
  "./run generate MODEL --prompts FILE --temperature 1 --max-new-tokens 24 --seed 1 --out FILE":
    "how texts of a test were made; generate_test.ts writes some",
  "./run distil --teacher-texts answers.jsonl --student openai-community/gpt2 --data dolly/":
    "takes a fetched model; distil_teacher_texts_test.ts has a small one",
  "./run distil --teacher-endpoint http://localhost:8080/v1 --teacher-model NAME --student openai-community/gpt2 --data dolly/ --method pbkd_online":
    "takes an endpoint; distil_teacher_endpoint_test.ts has one",
  "./run distil --teacher-endpoint http://localhost:8080/v1 --teacher-model NAME --student openai-community/gpt2 --data dolly/ --method kd --teacher-top-k 20":
    "takes an endpoint; distil_teacher_tokens_test.ts has one",
  "./run distil --teacher-texts distilled/gpt2-kd/results/teacher_texts.jsonl --student openai-community/gpt2 --data dolly/ --method kd --teacher-top-k 8 --out gpt2-kd-8":
    "takes a fetched model; distil_teacher_tokens_test.ts has a small one",
  "./run bench --shapes gpt2_distil": "minutes, and 8 GB of memory",
  "./run distil --teacher MiniLLM/SFT-gpt2-340M --teacher-is-tuned --student openai-community/gpt2 --data MiniLLM/dolly --teacher-form f16 --recompute --texts-at-once 4":
    "takes fetched models; distil_saving_test.ts runs small ones with such flags",
  "./run distil --teacher MiniLLM/teacher-gpt2-1.5B --teacher-is-tuned --student openai-community/gpt2 --data MiniLLM/dolly --method ammd --teacher-form f16 --recompute --texts-at-once 4":
    "the same",
  "./run distil --teacher ./tuned-open-llama-7b --teacher-is-tuned --student openlm-research/open_llama_3b_v2 --data MiniLLM/dolly --memory 22 --teacher-form int8 --lora 16 --student-form f16 --texts-at-once 2":
    "the same",
  "./run doctor --for TEACHER:STUDENT --method NAME": "the form of the command; distil_saving_test.ts runs it",
  "./run distil --teacher ./teacher --teacher-is-tuned --student ./student --data dolly/ --method kd --teacher-top-k 32":
    "takes models of its user's; distil_kept_test.ts has small ones",
  "./run generate MODEL --prompts FILE --temperature 1 --out FILE": "distil_teacher_texts_test.ts runs it",
  "./run distil": "a mention; distil_test.ts runs it",
  "./run distil --teacher MODEL --student MODEL --data DIR": "the form of the command; distil_test.ts runs it",
  "./run verify org/base+./adapter": "takes an adapter and its base; tests of lib/models and lib/cli have some",
  "./run verify --binding-limit BYTES": "the form of a flag; lib/training/row_blocks_test.ts lowers the limit",
  "deno run tools/model_shapes.ts gpt2": "takes minutes and more than a GB",
  "./run NAME …": "the form of all commands",
  "deno task NAME …": "the form of all commands",
  "deno task reproduce --results /elsewhere": "is refused, as permissions_slow_test.ts shows",
  "deno run --allow-read --allow-write tools/record_numbers.ts": "writes the recorded numbers of a test",
  "deno run --allow-read=results tools/calibrate_significance.ts": "ten minutes; its own tests simulate less",
};
