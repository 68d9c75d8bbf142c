#!/usr/bin/env bash
# swift.sh runs OpenStack Swift with s3api over a directory, which must lie on a
# file system with extended attributes: see README.md. It uses PORT to PORT+4.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

install() { debian swift-proxy swift-account swift-container swift-object memcached; }

# part configures one kind of Swift's servers, with a ring of one device:
# part KIND PORT
part() {
	cat >"etc/$1-server.conf" <<-END
		[DEFAULT]
		bind_ip = 127.0.0.1
		bind_port = $2
		workers = 1
		user = $(id -un)
		swift_dir = $dir/etc
		devices = $dir/data
		mount_check = false
		fallocate_reserve = 0
		[pipeline:main]
		pipeline = $1-server
		[app:$1-server]
		use = egg:swift#$1
		[$1-replicator]
		[$1-updater]
		[$1-auditor]
		[$1-sharder]
	END
	rm -f "etc/$1.builder"
	{
		swift-ring-builder "etc/$1.builder" create 4 1 1
		swift-ring-builder "etc/$1.builder" add "r1z1-127.0.0.1:$2/disk" 1
		swift-ring-builder "etc/$1.builder" rebalance
	} >>log/setup 2>&1 || fail "swift-ring-builder: see $dir/log/setup"
}

proxy() {
	cat >etc/proxy-server.conf <<-END
		[DEFAULT]
		bind_ip = 127.0.0.1
		bind_port = $port
		workers = 2
		user = $(id -un)
		swift_dir = $dir/etc
		[pipeline:main]
		pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
		[app:proxy-server]
		use = egg:swift#proxy
		account_autocreate = true
		allow_account_management = true
		[filter:cache]
		use = egg:swift#memcache
		memcache_servers = 127.0.0.1:$((port + 4))
		[filter:tempauth]
		use = egg:swift#tempauth
		user_test_tester = $secret_key .admin
		[filter:s3api]
		use = egg:swift#s3api
		location = us-east-1
		s3_acl = false
		[filter:versioned_writes]
		use = egg:swift#versioned_writes
		allow_object_versioning = true
	END
	local filter
	for filter in catch_errors gatekeeper healthcheck listing_formats bulk copy slo dlo symlink; do
		printf '[filter:%s]\nuse = egg:swift#%s\n' $filter $filter >>etc/proxy-server.conf
	done
}

# configured runs a Swift program with the swift.conf below DIR: the place of
# that file is no setting.
readonly configured='import runpy, sys
from swift.common import utils
utils.set_swift_dir(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")'

daemon() { begin "$1" /usr/bin/python3 -c "$configured" "$dir/etc" "$(command -v "swift-$1-server")" "$dir/etc/$1-server.conf"; }

serve() {
	mkdir -p etc data/disk
	cat >etc/swift.conf <<-END
		[swift-hash]
		swift_hash_path_prefix = s3fc
		swift_hash_path_suffix = test
		[storage-policy:0]
		name = gold
		default = yes
		[swift-constraints]
		max_header_size = 16384
	END
	part account $((port + 1))
	part container $((port + 2))
	part object $((port + 3))
	proxy
	begin memcached memcached -l 127.0.0.1 -p $((port + 4)) -u "$(id -un)"
	local name
	for name in account container object proxy; do daemon $name; done
	await answers $((port + 1))
	await answers $((port + 2))
	await answers $((port + 3))
	ready "$(/usr/bin/python3 -c 'import swift; print(swift.__version__)')" lacks conditions,batch-conditions,redirects,long-metadata
}

access_key=test:tester
main "$@"
