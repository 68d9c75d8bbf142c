#!/usr/bin/env bash
# rclone.sh runs rclone serve s3 over a directory: see README.md. It uses PORT.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# Debian's is older than serve s3.
suits() { [[ $("$1" serve s3 --help 2>&1) == *--auth-key* ]]; }

install() { go_program rclone github.com/rclone/rclone@v1.76.0; }

serve() {
	begin rclone "$program" serve s3 "$dir/data" --addr "127.0.0.1:$port" --auth-key "$access_key,$secret_key" \
		--vfs-cache-mode full --cache-dir "$dir/cache" --config /dev/null
	ready "$("$program" version | sed -n '1s/^rclone v//p')" params flat=false lacks kept-redirects data "$dir/data"
}

main "$@"
