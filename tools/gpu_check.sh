#!/bin/sh
# tools/gpu_check.sh [--quick] [FILE]: checks this project on the GPU of this machine in under 8 minutes, and writes what it found to FILE
# (default gpu_check.json), to be sent in. --quick, the default on a CPU driver, takes few sizes. Status 0 all is well, 1 something failed,
# 2 wrong usage, 3 no adapter.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
has() { command -v "$1" >/dev/null 2>&1; }

quick=
file=
for argument in "$@"; do
  case $argument in
    --quick) quick=--quick ;;
    -*)
      echo "gpu_check: unknown flag $argument; it takes --quick and a file to write" >&2
      exit 2
      ;;
    *) file=$argument ;;
  esac
done
file=${file:-gpu_check.json}
case $file in /*) ;; *) file=$PWD/$file ;; esac

# It installs Deno where there is none, and says in one line that there is no adapter.
doctor=$("$root/run" doctor) || exit $?
printf '%s\n\n' "$doctor"
for installed in "$root"/.deno/node_modules/@deno/*/; do
  if [ -x "$installed/deno" ]; then PATH=$installed:$PATH; fi
done
if [ ! -d "${XDG_RUNTIME_DIR:-}" ]; then XDG_RUNTIME_DIR=${TMPDIR:-/tmp}; fi
export PATH XDG_RUNTIME_DIR

# WebGPU does not say which driver it is.
driver=
if has nvidia-smi; then driver=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null); fi
if [ -z "$driver" ] && has vulkaninfo; then
  driver=$(vulkaninfo --summary 2>/dev/null | grep -E '^\s*(deviceName|driverName|driverInfo)')
fi
if [ -z "$driver" ] && has sw_vers; then driver="macOS $(sw_vers -productVersion)"; fi
commit=
if has git; then commit=$(git -C "$root" describe --always --dirty --abbrev=40 2>/dev/null); fi

cd -- "$root" || exit 1
exec deno run --quiet --no-prompt --ignore-env --allow-read=.,../shared "--allow-write=$file" --allow-run=deno \
  tools/gpu_check.ts "$file" "$doctor" "$driver" "$commit" $quick
