#!/usr/bin/env bash
# minio.sh runs MinIO over a directory: see README.md. It uses PORT. There is no
# release that can be installed by version, and it takes 5 minutes to compile.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

install() { go_program minio github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c; }

serve() {
	begin minio env MINIO_ROOT_USER=$access_key MINIO_ROOT_PASSWORD=$secret_key MINIO_BROWSER=off MINIO_UPDATE=off \
		"$program" server --address "127.0.0.1:$port" --quiet "$dir/data"
	ready 2026-02-12 params flat=false lacks delete-conditions,batch-conditions,kept-redirects,path-conflicts,dot-segments
}

main "$@"
