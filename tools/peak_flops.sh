#!/bin/sh
# tools/peak_flops.sh [THREADS]: GFLOP/s in float32 of loops in registers, on all cores or that many threads: what products are a share of.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
compiler=
for name in gcc clang cc; do
  if command -v "$name" >/dev/null 2>&1; then
    compiler=$name
    break
  fi
done
if [ -z "$compiler" ]; then
  echo "peak_flops: no C compiler: install gcc (Debian: apt-get install gcc libc6-dev)" >&2
  exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# measure LABEL CONTRACTION: at -O3, for this processor.
measure() {
  label=$1 contraction=$2
  shift 2
  "$compiler" -O3 -march=native "-ffp-contract=$contraction" -pthread -o "$work/peak_flops" "$here/peak_flops.c" || exit 1
  rates=$("$work/peak_flops" "$@") || exit 1
  # shellcheck disable=SC2086
  printf '%-18s %8s GFLOP/s, %8s by CPU time, %s threads\n' "$label" $rates
}
measure 'fma' fast "$@"
measure 'multiply and add' off "$@"
