# lib.sh is the common part of the scripts beside it: each sources it, defines
# install and serve, and ends with: main "$@"
#
# serve starts processes with begin, and ends with: ready VERSION FIELD...
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*" >&2; }
fail() { say "$self: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

readonly self=${0##*/}
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3fc/tools
access_key=S3FCTEST secret_key=S3FCTESTSECRET
start_timeout=60 # seconds until the server must answer
dir='' port=0

# debian installs those of the Debian packages that are missing.
debian() {
	local missing=() package sudo=()
	for package; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed$' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	have apt-get || fail "${missing[*]} is missing, and there is no apt-get to install it with"
	[ "$(id -u)" = 0 ] || sudo=(sudo)
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2
}

# suits reports whether a program that is installed can be used.
suits() { :; }

# go_program sets program to the path of a Go program, which it installs into
# the user's cache if there is none: go_program NAME PACKAGE@VERSION
go_program() {
	local name=$1 package=$2 place
	place=$cache/${package##*/}
	for program in "$(command -v "$name" || true)" "$(go env GOPATH)/bin/$name" "$place/$name"; do
		if [ -x "$program" ] && suits "$program"; then return 0; fi
	done
	say "$self: installing $package"
	mkdir -p "$place"
	program=$place/$name
	(cd "$place" && GOBIN=$place GOFLAGS='' GOWORK=off nice go install "$package") >&2
}

# begin starts a process in a session of its own, whose pid leads its group, and
# records the pid: begin NAME COMMAND...
begin() {
	local name=$1
	shift
	setsid "$@" >"$dir/log/$name" 2>&1 </dev/null &
	printf '%s %s\n' $! "$(born $!)" >"$dir/run/$name"
}

# born prints when a process began, so that a pid that was given to another
# process is told apart.
born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# lives reports whether a recorded process is there: lives RECORD
lives() {
	local pid when
	read -r pid when <"$1" && [ "$(born "$pid")" = "$when" ]
}

# all_live reports whether every recorded process is there.
all_live() {
	local record
	for record in "$dir"/run/*; do
		lives "$record" || { say "$self: ${record##*/} has ended:"; tail -n 20 "$dir/log/${record##*/}" >&2; return 1; }
	done
}

# signal sends a signal to each recorded process and its group, and reports
# whether there was one.
signal() {
	local record pid some=1
	for record in "$dir"/run/*; do
		if [ -e "$record" ] && lives "$record"; then
			read -r pid _ <"$record"
			kill "-$1" -- "-$pid" 2>/dev/null || true
			some=0
		fi
	done
	return $some
}

# stop ends the recorded processes: all of them at once, by force after 3 s.
stop() {
	local _
	signal TERM || return 0
	for _ in {1..30}; do
		sleep 0.1
		signal 0 || return 0
	done
	signal KILL || true
	sleep 0.1
}

# answers reports whether something on a port of this machine speaks HTTP.
answers() {
	local line=''
	{ exec 9<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
	printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&9
	read -r -t 5 line <&9 || true
	exec 9>&-
	[[ $line == HTTP/1.* ]]
}

# await waits until a command succeeds, as long as the processes live.
await() {
	local deadline=$((SECONDS + start_timeout))
	until "$@"; do
		all_live || exit 1
		[ $SECONDS -lt $deadline ] || fail "no answer after $start_timeout s; see $dir/log"
		sleep 0.2
	done
}

# ready waits until the server answers, and prints the line that says how to
# reach it; fields are pairs: ready VERSION [FIELD VALUE]...
ready() {
	await answers "$port"
	printf '{"endpoint":"http://127.0.0.1:%s","access_key":"%s","secret_key":"%s","region":"us-east-1","version":"%s"' \
		"$port" "$access_key" "$secret_key" "$1"
	shift
	while [ $# -gt 0 ]; do
		printf ',"%s":"%s"' "$1" "$2"
		shift 2
	done
	printf '}\n'
}

# last is until the server is to end: a signal, or the end of a pipe that is
# standard input, so that no server outlives a test that was killed.
last() {
	local code
	while all_live; do
		if [ -p /dev/stdin ]; then
			code=0
			read -r -t 1 _ || code=$?
			[ $code = 0 ] || [ $code -gt 128 ] || return 0
		else
			sleep 1
		fi
	done
	exit 1
}

start() {
	mkdir -p "$1"
	dir=$(cd "$1" && pwd) port=$2
	mkdir -p "$dir/run" "$dir/log" "$dir/data"
	! signal 0 || fail "a server runs below $dir"
	rm -f "$dir"/run/*
	install
	trap stop EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT HUP
	cd "$dir"
	serve
	last
}

main() {
	case "${1-} $#" in
	'install 1') install ;;
	'start 3') start "$2" "$3" ;;
	'stop 2') dir=$2 && stop ;;
	*)
		say "usage: $self install | start DIR PORT | stop DIR"
		exit 2
		;;
	esac
}
