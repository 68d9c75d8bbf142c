#!/usr/bin/env bash
# ceph.sh runs Ceph's RGW on a cluster of one, whose objects are in memory: see
# README.md. It uses PORT to PORT+19. Websites are at the same port.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

install() { debian ceph-mon ceph-mgr ceph-osd radosgw; }

configure() {
	cat >ceph.conf <<-END
		[global]
		fsid = 5f3c0000-0000-4000-8000-000000000001
		mon initial members = a
		mon host = [v2:127.0.0.1:$((port + 1))]
		mon data = $dir/data/mon
		mon allow pool size one = true
		mon max pg per osd = 2000
		mon data avail crit = 1
		mon data avail warn = 2
		mgr data = $dir/data/mgr
		mgr initial modules =
		mgr disabled modules = restful dashboard diskprediction_local
		osd data = $dir/data/osd
		osd objectstore = memstore
		memstore device bytes = 4294967296
		osd pool default size = 1
		osd pool default min size = 1
		osd pool default pg num = 4
		osd pool default pgp num = 4
		osd pool default pg autoscale mode = off
		osd crush chooseleaf type = 0
		auth cluster required = none
		auth service required = none
		auth client required = none
		public addr = 127.0.0.1
		cluster addr = 127.0.0.1
		ms bind ipv6 = false
		ms bind port min = $((port + 2))
		ms bind port max = $((port + 19))
		run dir = $dir/data
		log file = $dir/log/\$name.log
		admin socket =
		keyring = $dir/data/keyring
		[client.rgw.a]
		rgw frontends = beast endpoint=127.0.0.1:$port
		rgw enable apis = s3, s3website, admin
		rgw enable static website = true
		rgw enable gc threads = false
		rgw enable lc threads = false
		rgw crypt require ssl = false
		rgw crypt s3 kms backend = testing
		rgw crypt s3 kms encryption keys = s3fc-test=czNmYy10ZXN0LXMzZmMtdGVzdC1zM2ZjLXRlc3Qtczc=
		rgw dns name = localhost
		rgw dns s3website name = website.localhost
	END
}

# ceph runs one of its programs to its end, quietly.
ceph() {
	local name=$1
	shift
	timeout 60 "$name" -c "$dir/ceph.conf" "$@" >>"$dir/log/setup" 2>&1 || fail "$name $*: see $dir/log/setup"
}

# daemon begins one of its programs: daemon ROLE NAME PROGRAM [FLAG]...
daemon() { begin "$1" "$3" -c "$dir/ceph.conf" -n "$2" -f "${@:4}"; }

serve() {
	configure
	mkdir -p data/mon data/mgr data/osd
	ceph monmaptool --create --clobber --fsid 5f3c0000-0000-4000-8000-000000000001 --addv a "[v2:127.0.0.1:$((port + 1))]" monmap
	ceph ceph-mon -i a --mkfs --monmap monmap
	daemon mon mon.a ceph-mon
	ceph ceph osd new 5f3c0000-0000-4000-8000-000000000002
	daemon mgr mgr.x ceph-mgr
	ceph ceph-osd -i 0 --mkfs --osd-uuid 5f3c0000-0000-4000-8000-000000000002
	daemon osd osd.0 ceph-osd
	ceph radosgw-admin user create --uid=test --display-name=test --access-key=$access_key --secret=$secret_key
	# The gateway alone takes these from no file: authentication is off for it, too.
	daemon rgw client.rgw.a radosgw --auth-client-required=none --ms-mon-client-mode=crc --ms-client-mode=crc
	ready "$(radosgw --version | cut -d' ' -f3)" lacks delete-conditions,batch-conditions \
		website "http://127.0.0.1:$port" website_host BUCKET.website.localhost
}

main "$@"
