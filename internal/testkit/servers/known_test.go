package servers_test

// A flaw is a failure of s3fc that is known: its error contains says.
type flaw struct {
	says, why string
	// sometimes is set where a race decides: it may work, or fail otherwise.
	sometimes bool
}

// Reasons that several failures have.
const (
	sameName = "names that are one when normalised (NFC, NFD) are one object there, and the second is taken for a change"
	stale    = "a listing may lack a new object for seconds"
	torn     = "the store reads and writes the same file at once"
)

// deadly are the cases of the conformance suite that a server does not survive,
// and that do not run there.
var deadly = map[string]string{"s3rver": "LongKeys"}

// reasons are links to the reason why a store does something wrong or loses it.
var reasons = map[string]map[string]string{
	"ceph":  {"replace": "[buzz#3002](https://github.com/block/buzz/issues/3002)"},
	"minio": {"flat": "[minio#20167](https://github.com/minio/minio/issues/20167)"},
	"s3rver": {
		"order": "[it walks directories](https://github.com/jamhall/s3rver/blob/v3.7.1/lib/stores/filesystem.js)",
		"ETag":  "[it hashes the joined parts](https://github.com/jamhall/s3rver/blob/v3.7.1/lib/stores/filesystem.js)",
	},
	"rclone": {"ETag": "[its documentation](https://rclone.org/commands/rclone_serve_s3/)"},
}

// known are the failures of today, by server and ability; "case X" is a case of the
// conformance suite. The test fails for a case that works, so that it is taken out.
var known = map[string]map[string]flaw{
	"swift": {
		"case AlwaysThere": {says: "", why: "an object that is overwritten may be absent for a moment", sometimes: true},
	},
	"s3rver": {
		"case Pages":             {says: "List yielded", why: "its pages repeat keys of directories whose names begin alike; a run sorts them and passes over the repeats"},
		"case LongKeys":          {says: "ends the server", why: "a name of 255 bytes ends the server"},
		"case ReadWhileWritten":  {says: "", why: torn, sometimes: true},
		"case ConcurrentReplace": {says: "", why: torn, sometimes: true},
		"case ConcurrentSameKey": {says: "", why: torn, sometimes: true},
		"case AlwaysThere":       {says: "", why: torn, sometimes: true},
		"case PutReturnsItsOwn":  {says: "", why: torn, sometimes: true},
	},
	"rclone": {
		"case TargetTooLong":     {says: "CheckPut accepts link l to", why: "all headers of an object have 2,000 bytes together there, and the longest redirect with its metadata has more"},
		"case UnderLink":         {says: "it is gone", why: "a condition on an object that cannot be there fails before the conflict is found"},
		"odd names":              {says: "PreconditionFailed", why: sameName, sometimes: true},
		"links":                  {says: "PreconditionFailed", why: sameName, sometimes: true},
		"delete":                 {says: "PreconditionFailed", why: sameName, sometimes: true},
		"S3 to S3":               {says: "PreconditionFailed", why: sameName, sometimes: true},
		"case Keys":              {says: "PreconditionFailed", why: sameName, sometimes: true},
		"case Pages":             {says: "", why: stale, sometimes: true},
		"files":                  {says: "", why: stale, sometimes: true},
		"overwrite":              {says: "", why: stale, sometimes: true},
		"kinds":                  {says: "", why: stale, sometimes: true},
		"large":                  {says: "", why: stale, sometimes: true},
		"idle":                   {says: "", why: stale, sometimes: true},
		"pages":                  {says: "", why: stale, sometimes: true},
		"prefix":                 {says: "", why: stale, sometimes: true},
		"check":                  {says: "", why: stale, sometimes: true},
		"foreign":                {says: "", why: stale, sometimes: true},
		"pair":                   {says: "", why: "a DELETE of an object in place of a directory is a 500", sometimes: true},
		"case ReadWhileWritten":  {says: "", why: "the store gives the bytes of one version with the ETag of another", sometimes: true},
		"case AlwaysThere":       {says: "", why: "the store gives the bytes of one version with the ETag of another", sometimes: true},
		"case ConcurrentReplace": {says: "", why: "the store gives the bytes of one version with the ETag of another", sometimes: true},
	},
}
