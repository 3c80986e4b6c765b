#!/bin/sh
# A real Slurm cluster of two nodes, n1 and n2, on this one machine, for tests. Needs root, and Debian's slurm-wlm and munge.
#
#   local_slurm.sh can             says why there can be none here, if so
#   local_slurm.sh start DIR       starts it; everything that it writes is in DIR; then: export SLURM_CONF=DIR/slurm.conf
#   local_slurm.sh begin DIR WHO   starts one daemon: n1, n2 or controller
#   local_slurm.sh blind DIR WHO PATH  starts the daemon of a node that does not see what is in a folder
#   local_slurm.sh kill DIR WHO    kills one daemon; steps of a node go on
#   local_slurm.sh stop DIR        stops all
set -eu

action=${1:?can, start, begin, blind, kill or stop}
if [ "$action" = can ]; then
  [ "$(id -u)" = 0 ] || { echo 'needs root' && exit 0; }
  for program in slurmctld slurmd sbatch munged munge; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || { echo "needs Slurm: apt-get install slurm-wlm munge" && exit 0; }
  done
  exit 0
fi

mkdir -p -- "$2"
dir=$(cd -- "$2" && pwd)
conf=$dir/slurm.conf
export SLURM_CONF="$conf" PATH="$PATH:/usr/sbin"

# A port that nothing listens on, from the one given.
port() {
  at=$1
  while grep -qi "$(printf ':%04X 00000000:0000 0A' "$at")" /proc/net/tcp; do at=$((at + 7)); done
  echo $at
}

configure() {
  host=$(hostname -s)
  first=$(port $((20000 + $$ % 10000)))
  cat >"$conf" <<END
ClusterName=local
SlurmctldHost=$host
SlurmctldPort=$first
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=10
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=15
KillWait=10
MinJobAge=600
SlurmctldPidFile=$dir/controller.pid
SlurmdPidFile=$dir/%n.pid
SlurmdSpoolDir=$dir/spool.%n
StateSaveLocation=$dir/state
SlurmctldLogFile=$dir/controller.log
SlurmdLogFile=$dir/%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=2,batch_sched_delay=0,requeue_delay=1
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((first + 1)) CPUs=2 RealMemory=4000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((first + 2)) CPUs=2 RealMemory=4000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
}

begin() {
  case $1 in
    controller) slurmctld -f "$conf" ;;
    *) slurmd -N "$1" -f "$conf" ;;
  esac
}

# end WHO SIGNAL: by the id that the daemon has written.
end() {
  pid=$(cat "$dir/$1.pid" 2>/dev/null) || return 0
  kill "-$2" "$pid" 2>/dev/null || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.3
  done
  kill -KILL "$pid" 2>/dev/null || true
}

authenticate() {
  munge -n >/dev/null 2>&1 && return
  mkdir -p /run/munge && chown munge:munge /run/munge
  su -s /bin/sh munge -c '/usr/sbin/munged --force' 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    munge -n >/dev/null 2>&1 && return
    sleep 0.3
  done
}

case $action in
  start)
    mkdir -p "$dir/state" "$dir/spool.n1" "$dir/spool.n2"
    configure
    authenticate
    for who in controller n1 n2; do begin $who; done
    for _ in $(seq 60); do
      [ "$(sinfo -h -N -t idle 2>/dev/null | wc -l)" = 2 ] && exit 0
      sleep 0.5
    done
    echo "the nodes did not come up; see $dir/*.log" >&2
    exit 1
    ;;
  begin) begin "$3" ;;
  blind) unshare --mount sh -c 'mount -t tmpfs tmpfs "$1" && exec slurmd -N "$2" -f "$3"' sh "$4" "$3" "$conf" ;;
  kill) end "$3" KILL ;;
  stop)
    scancel -u root >/dev/null 2>&1 || true
    sleep 1
    for who in n1 n2 controller; do end $who TERM; done
    ;;
  *) echo "unknown: $action" >&2 && exit 2 ;;
esac
