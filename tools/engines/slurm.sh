#!/usr/bin/env bash
# slurm.sh runs a Slurm cluster of two nodes on this machine, on loopback and without
# cgroups, for tests: see README.md. It uses PORT to PORT+2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../servers/lib.sh"

install() { debian slurmctld slurmd slurm-client munge; }

serve() {
	local host
	host=$(hostname -s)
	mkdir -p state spool-n1 spool-n2
	(umask 077 && head -c 128 /dev/urandom >munge.key)
	configuration "$host" >slurm.conf
	begin munged munged --foreground --force --key-file "$dir/munge.key" --socket "$dir/munge.sock" \
		--pid-file "$dir/munged.pid" --log-file "$dir/log/munged.log" --seed-file "$dir/munge.seed"
	await [ -S munge.sock ]
	begin slurmctld slurmctld -D -f "$dir/slurm.conf"
	begin n1 slurmd -D -N n1 -f "$dir/slurm.conf"
	begin n2 slurmd -D -N n2 -f "$dir/slurm.conf"
	await idle
	printf '{"conf":"%s/slurm.conf","nodes":"n1 n2"}\n' "$dir"
}

# idle reports whether both nodes wait for work.
idle() { [ "$(SLURM_CONF=$dir/slurm.conf sinfo -h -o '%T %D' 2>/dev/null)" = 'idle 2' ]; }

# configuration prints slurm.conf. A node is declared dead after 30 s, a finished job
# stays known for an hour, and a requeued task begins at once.
configuration() {
	cat <<-CONF
		ClusterName=lab
		SlurmctldHost=$1(127.0.0.1)
		SlurmctldPort=$port
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/munge
		AuthInfo=socket=$dir/munge.sock
		CredType=cred/munge
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool-%n
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/%n.pid
		SlurmctldLogFile=$dir/log/slurmctld.log
		SlurmdLogFile=$dir/log/%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SchedulerType=sched/backfill
		SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
		MpiDefault=none
		ReturnToService=2
		JobRequeue=1
		KillWait=5
		SlurmctldTimeout=30
		SlurmdTimeout=30
		MinJobAge=3600
		MaxArraySize=10001
		NodeName=n1 NodeHostname=$1 NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 State=UNKNOWN
		NodeName=n2 NodeHostname=$1 NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 State=UNKNOWN
		PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
	CONF
}

main "$@"
