// Package siterules reads the rules that give the files of a site their headers:
// s3fc.toml at the root of a local tree.
//
//	[[rule]]
//	match = "*.html"
//	cache-control = "max-age=0, must-revalidate"
//
// A rule's patterns are those of ignore files. For each header by itself, the last
// rule that matches a file and gives the header counts. Rules match files only.
//
// The package knows no store: a backend says by its Features which headers it
// keeps.
package siterules

// FileName is the name of the rules file at the root of a tree.
const FileName = "s3fc.toml"
