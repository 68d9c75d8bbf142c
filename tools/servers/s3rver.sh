#!/usr/bin/env bash
# s3rver.sh runs s3rver over a directory: see README.md. It uses PORT.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly version=3.7.1
readonly place=$cache/s3rver@$version

install() {
	have npm || debian nodejs npm
	[ -d "$place/node_modules/s3rver" ] || npm install --prefix "$place" --silent --no-audit --no-fund "s3rver@$version" >&2
}

serve() {
	# Its page tokens use a cipher that OpenSSL 3 has among the old ones alone.
	begin s3rver env NODE_OPTIONS=--openssl-legacy-provider \
		node "$place/node_modules/s3rver/bin/s3rver.js" -d "$dir/data" -a 127.0.0.1 -p "$port" -s
	ready $version lacks conditions,delete-conditions,batch-conditions,content-md5,order \
		website "http://127.0.0.1:$port" website_host BUCKET.s3-website-us-east-1.amazonaws.com
}

access_key=S3RVER secret_key=S3RVER # it has no others
main "$@"
