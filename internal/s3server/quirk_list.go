package s3server

// Quirks of listings.
var (
	// UTF16Order lists in the order of UTF-16 code units: characters above U+FFFF
	// come before those from U+E000 to U+FFFF.
	UTF16Order = Quirk{
		Name: "UTF-16 order", Case: "A16", Stores: "Azure by blobfile/blobfile#238; Azurite 3.37; noobaa/noobaa-core#8218; what compares strings of Java or JavaScript",
		set: func(b *quirkSet) { b.listing.order = compareUTF16 },
	}
	// DirectoryOrder lists the keys of a directory before its neighbours: a/b before
	// a-b.
	DirectoryOrder = Quirk{
		Name: "directory order", Stores: "s3rver 3.7.1; versitygw before #1532",
		set: func(b *quirkSet) { b.listing.order = compareByDirectory },
	}
	// BackwardPages lists each page backwards.
	BackwardPages = Quirk{
		Name: "backward pages", Stores: "AWS directory buckets list in no order",
		set: func(b *quirkSet) { b.listing.reversed = true },
	}
	// PathEncodedKeys encodes keys as paths are: a space is %20, and a plus sign
	// stays one.
	PathEncodedKeys = Quirk{
		Name: "keys encoded as paths", Case: "A17", Stores: "no store known by name; encoders of paths do so",
		set: func(b *quirkSet) { b.listing.encoding = encodePaths },
	}
	// EncodesSilently encodes keys on request, and does not say so.
	EncodesSilently = Quirk{
		Name: "keys encoded without saying so", Case: "A17", Stores: "no store known by name; s3proxy encodes without being asked",
		set: func(b *quirkSet) { b.listing.encoding = encodeSilently },
	}
	// SaysEncoded says that keys are encoded, and does not encode them.
	SaysEncoded = Quirk{
		Name: "keys said to be encoded that are not", Case: "A17", Stores: "no store known by name; an EncodingType that is only echoed",
		set: func(b *quirkSet) { b.listing.encoding = encodeNothing },
	}
	// IgnoresEncoding neither encodes keys nor says so.
	IgnoresEncoding = Quirk{
		Name: "encoding-type ignored", Stores: "versitygw 1.8.0, gofakes3 1.2.0",
		set: func(b *quirkSet) { b.listing.encoding = encodeNever },
	}
	// LosesLastPage answers the last page without its keys; KeyCount still counts
	// them.
	LosesLastPage = Quirk{
		Name: "last page empty", Case: "A15", Stores: "no store known by name",
		set: func(b *quirkSet) { b.listing.emptyLast = true },
	}
	// NoKeyCount leaves KeyCount out.
	NoKeyCount = Quirk{
		Name: "no KeyCount", Case: "A15", Stores: "OpenStack Swift, fsspec/s3fs#405; scireum/s3ninja#214; gofakes3 1.2.0 on its last page",
		set: func(b *quirkSet) { b.listing.noCount = true },
	}
	// CountsKeysAlone counts in KeyCount no common prefixes.
	CountsKeysAlone = Quirk{
		Name: "KeyCount without prefixes", Case: "A15", Stores: "seaweedfs/seaweedfs#1741; getmoto/moto#2375; infinistor/ksan#211",
		set: func(b *quirkSet) { b.listing.countKeys = true },
	}
	// NoETagsInListings leaves out of listings the ETags that objects have.
	NoETagsInListings = Quirk{
		Name: "no ETags in listings", Case: "A3", Stores: "s3s-fs, apache/opendal#3478",
		set: func(b *quirkSet) { b.listing.noETags = true },
	}
	// EmptyPages puts an empty page, with a token, before each page but the first.
	EmptyPages = Quirk{
		Name: "empty pages in between", Stores: "AWS, Google, MinIO by TileDB-Inc/TileDB#1218; s3ql/s3ql#170",
		set: func(b *quirkSet) { b.listing.emptyBetween = true },
	}
	// NoStartAfter ignores start-after.
	NoStartAfter = Quirk{
		Name: "no start-after", Stores: "gofakes3 1.2.0 over a directory; getmoto/moto#880; versity/versitygw#138; findify/s3mock#102",
		set: func(b *quirkSet) { b.listing.noStartAfter = true },
	}
	// ListsV1 answers version 2 of the listing with version 1: it has no token,
	// and no marker either unless a delimiter was sent.
	ListsV1 = Quirk{
		Name: "listing of version 1", Stores: "Huawei OBS, minio/minio-go#1704; Alluxio/alluxio#14158; Corymbia/eucalyptus#116",
		set: func(b *quirkSet) { b.listing.v1 = true },
	}
	// ListsMilliseconds gives times in listings more exactly than elsewhere.
	ListsMilliseconds = Quirk{
		Name: "milliseconds in listings", Stores: "MinIO of 2026-02, gofakes3 1.2.0",
		set: func(b *quirkSet) { b.listing.milliseconds = true },
	}
)

// SmallPages lists at most so many keys a page, whatever is asked for.
func SmallPages(keys int64) Quirk {
	return Quirk{
		Name: "small pages", Stores: "AWS allows it: never more keys than asked for, perhaps fewer",
		set: func(b *quirkSet) { b.listing.pageSize = keys },
	}
}
