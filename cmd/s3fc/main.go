// Command s3fc makes one tree of files and links equal to another, whatever
// stores the two live in. Run it without arguments for help.
package main

import (
	"os"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
)

func main() { os.Exit(cmd.Main(stores(), os.Args[1:])) }

// stores returns the stores that this program knows.
func stores() *core.Mux {
	mux := new(core.Mux)
	for _, s := range []core.Scheme{
		{
			Name: "s3", Open: s3.Open, Features: s3.DefaultFeatures(),
			About:   "a bucket of Amazon S3 or of a store that speaks its protocol; links are redirects",
			Example: "s3://bucket/prefix?region=eu-west-1",
		},
		{
			Name: "file", Open: localfs.Open, Features: new(localfs.Tree).Features(),
			About:   "a directory, also written as a path; links are symbolic links",
			Example: "./site or file:///srv/site",
		},
		{
			Name: "embedded", Open: embedded.Open, Features: embedded.DefaultFeatures(),
			About:   "a bucket of an S3 store inside this program, kept on disk, to try everything without an account",
			Example: "embedded://demo/prefix",
		},
		{
			Name: "mem", Open: memory.Open, Features: memory.All,
			About:   "memory of this process, for tests and for programs that use s3fc as a library",
			Example: "mem://name",
		},
	} {
		mux.Handle(s)
	}
	return mux
}
