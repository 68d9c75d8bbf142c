#!/usr/bin/env bash
# versitygw.sh runs versitygw over a directory, which must lie on a file system
# with extended attributes: see README.md. It uses PORT and, for websites, PORT+1.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

install() { go_program versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0; }

serve() {
	mkdir -p "$dir/versions"
	begin versitygw env ROOT_ACCESS_KEY=$access_key ROOT_SECRET_KEY=$secret_key "$program" --port "127.0.0.1:$port" --quiet \
		--website "127.0.0.1:$((port + 1))" --website-domain localhost posix --versioning-dir "$dir/versions" "$dir/data"
	ready 1.8.0 params flat=false data "$dir/data" \
		website "http://127.0.0.1:$((port + 1))" website_host BUCKET.localhost
}

main "$@"
