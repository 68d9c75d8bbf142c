#!/usr/bin/env bash
# moto.sh runs moto's server, in memory: see README.md. It uses PORT. It takes
# any credentials.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

install() {
	python3 -c 'import moto, flask' 2>/dev/null || fail "moto[server] is not installed for python3, and is not installed by this script"
}

serve() {
	begin moto python3 -m moto.server -H 127.0.0.1 -p "$port"
	ready "$(python3 -c 'import moto; print(moto.__version__)')" lacks batch-conditions,content-md5
}

main "$@"
