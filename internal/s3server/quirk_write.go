package s3server

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Quirks of conditions.
var (
	// BareIfMatch compares If-Match on a write with the ETag without its quotes, so
	// that an If-Match with quotes always fails.
	BareIfMatch = Quirk{
		Name: "bare If-Match", Case: "A1", Stores: "Ceph RGW 16.2.15",
		set: func(b *quirkSet) { b.bareIfMatch = true },
	}
	// IgnoresDeleteConditions ignores If-Match on DELETE, and ETags in a batch.
	IgnoresDeleteConditions = Quirk{
		Name: "conditions on deletes ignored", Case: "A1", Stores: "Ceph RGW 16.2.15, MinIO of 2026-02, gofakes3 1.2.0, s3rver 3.7.1",
		set: func(b *quirkSet) { b.ignore.deletes = true },
	}
	// IgnoresCopyConditions ignores x-amz-copy-source-if-match and -none-match.
	IgnoresCopyConditions = Quirk{
		Name: "conditions on copy sources ignored", Case: "A1", Stores: "Ceph RGW 16.2.15; chimera-nas/chimera#1206; Cloudflare R2 documents it for UploadPartCopy",
		set: func(b *quirkSet) { b.ignore.copySource = true },
	}
	// NoConditions answers If-Match and If-None-Match on writes and deletes with
	// 501.
	NoConditions = Quirk{
		Name: "no conditions", Case: "A1", Stores: "stores older than AWS's conditional writes (2024) and deletes (2025)",
		set: func(b *quirkSet) { b.noConditions = true },
	}
	// IgnoresConditions ignores every condition on writes and deletes.
	IgnoresConditions = Quirk{
		Name: "conditions ignored", Case: "A1", Stores: "s3rver 3.7.1; floci-io/floci#565; pithings/mountx#19",
		set: func(b *quirkSet) { b.ignore.writes, b.ignore.deletes = true, true },
	}
	// NoBatchETags answers a batch delete that has ETags with 501.
	NoBatchETags = Quirk{
		Name: "no ETags in batches", Case: "A1", Stores: "stores older than AWS's conditional deletes (2025)",
		set: func(b *quirkSet) { b.noBatchETags = true },
	}
)

// Quirks of ETags.
var (
	// NoCompleteETag completes an upload with an answer whose ETag is empty.
	NoCompleteETag = Quirk{
		Name: "no ETag from Complete", Case: "A2", Stores: "Ceph RGW 16.2.15",
		set: func(b *quirkSet) { b.noCompleteETag = true },
	}
	// NoETags shows no ETag of any object. [Server.PutWithoutETag] makes one
	// object that has none.
	NoETags = Quirk{
		Name: "no ETags", Case: "A3", Stores: "versitygw 1.8.0 for files put into its directory; cubefs/cubefs#448; gaul/s3proxy#247; minio/minio#7290; as E-Tag FilenCloudDienste/filen-s3#146",
		set: func(b *quirkSet) { b.etags = etagNone },
	}
	// OpaqueETags shows ETags of 32 hexadecimal digits that are no md5.
	OpaqueETags = Quirk{
		Name: "ETags that are no md5", Case: "A12", Stores: "chimera-nas/chimera#469; openlake-project/openlake#156; stores that encrypt without saying so",
		set: func(b *quirkSet) { b.etags = etagOpaque },
	}
	// OpaquePartsETags shows ETags of objects that were uploaded in parts that are no
	// hash of the parts' md5s.
	OpaquePartsETags = Quirk{
		Name: "ETags of parts that are no md5s", Case: "A12", Stores: "chimera-nas/chimera#481; s3gw-tech/s3gw#721; basho/riak_cs#855",
		set: func(b *quirkSet) { b.etags = etagOpaqueParts },
	}
	// KMS is OpaqueETags, and says on every read and write that the object is
	// encrypted with a key of KMS.
	KMS = Quirk{
		Name: "KMS", Stores: "AWS",
		set: func(b *quirkSet) { b.etags, b.saysKMS = etagOpaque, true },
	}
)

// Quirks of redirects and other metadata.
var (
	// DropsRedirect accepts redirects and forgets them.
	DropsRedirect = Quirk{
		Name: "redirects dropped", Case: "A18", Stores: "MinIO, SeaweedFS, Cloudflare R2",
		set: func(b *quirkSet) { b.dropRedirect = true },
	}
	// RefusesRedirect answers a redirect with 501.
	RefusesRedirect = Quirk{
		Name: "redirects refused", Case: "A18", Stores: "OpenStack Swift's s3api",
		set: func(b *quirkSet) { b.refuseRedirect = true },
	}
	// MergesMetadata keeps metadata of the object that a write replaces, its
	// redirect too, unless the write has other values for them.
	MergesMetadata = Quirk{
		Name: "metadata merged", Case: "A19", Stores: "gofakes3 1.2.0",
		set: func(b *quirkSet) { b.mergeMetadata = true },
	}
	// CopiesRedirect copies the redirect with the object.
	CopiesRedirect = Quirk{
		Name: "redirects copied", Stores: "moto 5.2.1, gofakes3 1.2.0, rclone serve s3",
		set: func(b *quirkSet) { b.copyRedirect = true },
	}
)

// Quirks of CopyObject and of deletes.
var (
	// KeepsReserved does not decode in the source of a copy those characters that
	// mean something in a URL: a key with one of them is answered 404.
	KeepsReserved = Quirk{
		Name: "reserved characters in copy sources", Case: "A13", Stores: "s3rver 3.7.1",
		set: func(b *quirkSet) { b.keepReserved = true },
	}
	// NoCopy answers CopyObject and UploadPartCopy with 501.
	NoCopy = Quirk{
		Name: "no CopyObject", Stores: "Seagate/cortx-s3server#863; developmentseed/multistore#119; Hetzner at times, nextcloud/server#61925; Storj for parts",
		wrap: refusing(func(r *http.Request) *refusal {
			if r.Header.Get(copySource) == "" {
				return nil
			}
			return notImplemented("A header you provided implies functionality that is not implemented: x-amz-copy-source")
		}),
	}
	// IgnoresCopySource stores the body of a copy request: nothing.
	IgnoresCopySource = Quirk{
		Name: "copy sources ignored", Stores: "s3rver 3.0 for parts, jamhall/s3rver#436",
		wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			for name := range r.Header {
				if strings.HasPrefix(name, copySource) {
					r.Header.Del(name)
				}
			}
			next.ServeHTTP(w, r)
		}),
	}
	// IgnoresQuiet names every key that a batch deleted, asked or not.
	IgnoresQuiet = Quirk{
		Name: "Quiet ignored", Stores: "versitygw 1.8.0, moto 5.2.1, s3rver 3.7.1",
		set: func(b *quirkSet) { b.answerAllKeys = true },
	}
)

// NoBatchDelete answers POST ?delete with this status.
func NoBatchDelete(status int) Quirk {
	no := map[int]*refusal{
		http.StatusNotImplemented:   notImplemented("A header or query you provided requested a function that is not implemented."),
		http.StatusMethodNotAllowed: {status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource."},
		http.StatusBadRequest:       {status: http.StatusBadRequest, code: "InvalidArgument", message: "Invalid argument."},
	}[status]
	if no == nil {
		panic("s3server: no store answers a batch delete so")
	}
	return Quirk{
		Name: "no batch delete: " + http.StatusText(status), Case: "A5", Stores: "Google Cloud Storage, which has answered so in several ways: minio/mc#2398, minio/mc#4778, supabase/storage#898",
		wrap: refusing(func(r *http.Request) *refusal {
			if r.Method != http.MethodPost || !r.URL.Query().Has("delete") {
				return nil
			}
			return no
		}),
	}
}

// Conflicts answers every nth conditional write with 409, as when another one
// is under way.
func Conflicts(n int64) Quirk {
	no := &refusal{status: http.StatusConflict, code: "ConditionalRequestConflict", message: "The conditional request cannot succeed due to a conflicting operation against this resource."}
	return Quirk{
		Name: "conflicts", Stores: "AWS",
		wrap: func(s *Server, next http.Handler) http.Handler {
			var seen atomic.Int64
			return refusing(func(r *http.Request) *refusal {
				conditional := r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
				if r.Method != http.MethodPut || !conditional || seen.Add(1)%n != 0 {
					return nil
				}
				return no
			})(s, next)
		},
	}
}
