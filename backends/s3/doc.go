// Package s3 is the backend for S3 and for stores of its protocol. A file is an
// object; a link is an object with a website redirect, so that a visitor of the
// site gets an HTTP 301.
//
// # URL
//
//	s3://bucket/prefix?region=eu-central-1&endpoint=https://s3.example.net
//
// The prefix is "prefix/", whether or not it is written with the slash: "site"
// never matches "site2/x". The query takes Go CDK's parameters: region,
// endpoint, profile, anonymous, role, use_path_style, disable_https,
// accelerate, dualstack, fips, ssetype, kmskeyid, rate_limiter_capacity,
// hostname_immutable, and the two checksum modes. The standard AWS environment
// and configuration files work. A custom endpoint, from the query, the
// environment or a profile, implies path style, and the region us-east-1 where
// none is given.
//
// Other parameters are ours. flat=false says that the store keeps keys as paths, as
// versitygw and MinIO do: a file a and a file a/b cannot both be there, and deletes
// go one by one, since such stores ignore conditions in a batch. link_body=empty
// writes links as classic empty objects. key_encoding=query, path or none says how
// a store encodes the keys of its listings, if its answers do not tell: each page
// is checked, and a key that may stand for another is never deleted.
//
// The bucket must exist; it is never made. A prefix under which nothing lies
// is an empty tree, for S3 cannot tell it from a missing one; only then, one
// HEAD looks whether the URL names a single object, which is an error.
//
// # Links
//
// A link's object redirects to "/" + prefix + target, percent-encoded, or to a
// URL. Its body is one small HTML page that depends on the target alone and is
// padded to 1,021, 4,093 or 16,381 bytes: size and ETag in a listing prove the
// target, a browser follows it where no website endpoint answers, and only
// objects of these sizes, and empty ones, can be links of ours. The target is
// in the metadata link-target once more, for stores that drop the header. When
// reading, the header wins over the metadata and over any body; the metadata
// counts only if the body is our page for it, or empty. A redirect with a
// query, a fragment or a host, or to outside the prefix, cannot be copied.
//
// # Metadata
//
// Each file has its md5 in the user metadata md5, in lower-case hex, and its
// modification time in mtime, in decimal seconds. Metadata of other tools is read:
// md5chksum (rclone's base64, hugo's hex) and s3cmd-attrs. An ETag that is a plain
// md5 counts before any metadata. Content-Type comes from a table by the name's
// extension, then from the content; never from the machine.
//
// # Limits
//
// A key has at most 1,024 bytes with its prefix, a redirect 1,900 encoded bytes.
// Files above 16 MiB go up in parts of 8 MiB, doubled until there are at most
// 10,000: this rule is frozen, because the ETag of an upload depends on it. Files
// that a listing said to be above 32 MiB come down in ranges of 4 MiB. Writes are
// conditional on the version in the plan (If-Match, If-None-Match) unless the store
// refuses conditions, which one note says. Directory buckets (names that end in
// --x-s3) hold no links and list out of order.
package s3
