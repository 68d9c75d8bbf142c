// Command s3fc makes one tree of files and links equal to another, whatever
// stores the two live in. Run it without arguments for help.
package main

import (
	"os"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/backends/sftp"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
)

func main() { os.Exit(cmd.Program{Name: "s3fc", Mux: stores()}.Main(os.Args[1:])) }

// stores returns the stores that this program knows.
func stores() *core.Mux {
	return core.NewMux(s3.Scheme, localfs.Scheme, sftp.Scheme, embedded.Scheme, memory.Scheme)
}
