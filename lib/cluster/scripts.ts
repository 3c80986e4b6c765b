/** The scripts that Slurm runs: plain ones, which a person can read, and run by hand. */
import { shellWord } from "#lib/shell_command.ts";
import { NOT_SHARED } from "./queue.ts";

/** What every script is told. */
export interface ScriptOptions {
  /** The project's folder, with `./run`; absolute. */
  readonly project: string;
  /** The grid's folder; absolute. */
  readonly folder: string;
}

/** What the script of tasks is told beside that. */
export interface TaskOptions extends ScriptOptions {
  /** Where what cells gave is kept; absolute. */
  readonly keptFolder: string;
  /** As in `./run cell --keep`, to which the cells are added. */
  readonly command: string;
}

/** Seconds before Slurm's time limit at which a task is told to save. */
const SAVE_SECONDS = 120;
/** A task that was saved so often is not begun again: it comes to no end. */
const MOST_RESTARTS = 200;

/** The head that all have. */
function headOf({ project, folder }: ScriptOptions, log: string, about: string): string {
  return `#!/bin/sh
#SBATCH --output=${folder}/logs/${log}
#SBATCH --open-mode=append
${about}
project=${shellWord(project)}
grid=${shellWord(folder)}

refuse() {
  echo "error: node $(hostname): $1" >&2
  exit ${NOT_SHARED}
}
[ -d "$grid/logs" ] || refuse "sees no folder $grid: results must lie on a file system that all nodes share"
: 2>/dev/null >"$grid/logs/.written" || refuse "may not write $grid"
cd -- "$project" 2>/dev/null && [ -x ./run ] || refuse "sees no project $project: it must lie on a file system that all nodes share"
`;
}

/** Asks a node what it is: its answer stands in `node.json`. */
export function checkScript(options: ScriptOptions): string {
  return `${headOf(options, "check.log", "# Tells which adapter a node has.")}
./run cell --probe >"$grid/node.json.part" && mv -- "$grid/node.json.part" "$grid/node.json"
`;
}

/** Makes tables of what is there. @param command as in `./run reproduce --collect` */
export function tablesScript(options: ScriptOptions, command: string): string {
  return `${headOf(options, "tables.log", "# Records what the tasks have computed, and makes the tables.")}
${command}
`;
}

/** Computes the cells of one line of a file. */
export function taskScript({ keptFolder, command, ...options }: TaskOptions): string {
  const about = `#SBATCH --requeue
#SBATCH --signal=B:USR1@${SAVE_SECONDS}
# Computes the cells of one line of a file, one after the other. By hand: SLURM_ARRAY_TASK_ID=LINE sh task.sh FILE`;
  return `${headOf(options, "%A_%a.log", about)}
line=\${SLURM_ARRAY_TASK_ID:?the number of a line}
cells=$(sed -n "\${line}p" "$grid/\${1:?a file of cells}")
kept=${shellWord(keptFolder)}
ended=$grid/ended/\${SLURM_ARRAY_JOB_ID:-hand}_$line
rm -f -- "$ended"

# Cells that are there already need no program to say so.
left=
for cell in $cells; do
  [ -f "$kept/\${cell%%/*}/$(echo "\${cell#*/}" | tr / _).json" ] || left="$left $cell"
done

# Slurm sends USR1 before the time limit, and TERM when the job is cancelled: either way what is being computed is saved.
stopping= child=
stop() {
  stopping=$1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'stop limit' USR1
trap 'stop end' TERM INT

# A program that is killed is begun once more, and goes on from its checkpoint.
status=0
for attempt in 1 2; do
  [ -n "$left" ] && [ -z "$stopping" ] || break
  ${command} $left &
  child=$!
  until wait "$child"; status=$?; ! kill -0 "$child" 2>/dev/null; do :; done
  child=
  [ "$status" -gt 128 ] || break
done

echo "$status" >"$ended"
if [ "$stopping" = limit ] && [ "$status" -ne 0 ]; then
  if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${MOST_RESTARTS} ]; then
    echo "saved before the time limit; begun again by Slurm"
    exec scontrol requeue "$SLURM_JOB_ID"
  fi
  echo "error: begun ${MOST_RESTARTS} times without coming to an end: give it more time with --slurm-args --time=…" >&2
fi
exit "$status"
`;
}
