package s3server

// Quirks of listings.
var (
	// UTF16Order lists in the order of UTF-16 code units: characters above U+FFFF
	// come before those from U+E000 to U+FFFF.
	UTF16Order = Quirk{
		Name: "UTF-16 order", Case: "A16", Stores: "Azurite 3.37 lists so, and whatever compares Java or JavaScript strings",
		set: func(b *behaviour) { b.listing.order = compareUTF16 },
	}
	// DirectoryOrder lists what is in a directory before what follows it: a/b
	// before a-b.
	DirectoryOrder = Quirk{
		Name: "directory order", Stores: "s3rver 3.7.1; versitygw before #1532",
		set: func(b *behaviour) { b.listing.order = compareByDirectory },
	}
	// BackwardPages lists each page backwards.
	BackwardPages = Quirk{
		Name: "backward pages", Stores: "AWS directory buckets list in no order",
		set: func(b *behaviour) { b.listing.reversed = true },
	}
	// PathEncodedKeys encodes keys as paths are: a space is %20, and a plus sign
	// stays one.
	PathEncodedKeys = Quirk{
		Name: "keys encoded as paths", Case: "A17", Stores: "gateways that build listings of URLs",
		set: func(b *behaviour) { b.listing.encoding = encodePaths },
	}
	// EncodesSilently encodes keys on request, and does not say so.
	EncodesSilently = Quirk{
		Name: "keys encoded without saying so", Case: "A17", Stores: "gateways that drop EncodingType",
		set: func(b *behaviour) { b.listing.encoding = encodeSilently },
	}
	// SaysEncoded says that keys are encoded, and does not encode them.
	SaysEncoded = Quirk{
		Name: "keys said to be encoded that are not", Case: "A17", Stores: "gateways that echo EncodingType",
		set: func(b *behaviour) { b.listing.encoding = encodeNothing },
	}
	// IgnoresEncoding neither encodes keys nor says so.
	IgnoresEncoding = Quirk{
		Name: "encoding-type ignored", Stores: "versitygw 1.8.0, gofakes3 1.2.0",
		set: func(b *behaviour) { b.listing.encoding = encodeNever },
	}
	// LosesLastPage answers the last page without its keys; KeyCount still counts
	// them.
	LosesLastPage = Quirk{
		Name: "last page empty", Case: "A15", Stores: "seen on a gateway whose own store listed behind",
		set: func(b *behaviour) { b.listing.emptyLast = true },
	}
	// NoKeyCount leaves KeyCount out.
	NoKeyCount = Quirk{
		Name: "no KeyCount", Case: "A15", Stores: "gofakes3 1.2.0 on its last page",
		set: func(b *behaviour) { b.listing.noCount = true },
	}
	// EmptyPages puts an empty page, with a token, before each page but the first.
	EmptyPages = Quirk{
		Name: "empty pages in between", Stores: "AWS and Ceph over many delete markers",
		set: func(b *behaviour) { b.listing.emptyBetween = true },
	}
	// NoStartAfter ignores start-after.
	NoStartAfter = Quirk{
		Name: "no start-after", Stores: "gofakes3 1.2.0 over a directory",
		set: func(b *behaviour) { b.listing.noStartAfter = true },
	}
	// ListsV1 answers version 2 of the listing with version 1: it has no token,
	// and no marker either unless a delimiter was sent.
	ListsV1 = Quirk{
		Name: "listing of version 1", Stores: "Google's XML API before 2023; old Ceph and Swift",
		set: func(b *behaviour) { b.listing.v1 = true },
	}
	// ListsMilliseconds gives times in listings more exactly than elsewhere.
	ListsMilliseconds = Quirk{
		Name: "milliseconds in listings", Stores: "MinIO, gofakes3 1.2.0",
		set: func(b *behaviour) { b.listing.milliseconds = true },
	}
)

// SmallPages lists at most so many keys a page, whatever is asked for.
func SmallPages(keys int64) Quirk {
	return Quirk{
		Name: "small pages", Stores: "AWS allows it; Alibaba OSS by default",
		set: func(b *behaviour) { b.listing.pageSize = keys },
	}
}
