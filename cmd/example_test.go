package cmd_test

import (
	"context"
	"os"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
)

// A program of one's own, with a store that s3fc does not know. Its main calls
// os.Exit(program.Main(os.Args[1:])).
func Example() {
	mine := core.Scheme{Name: "mine", Open: memory.Open, About: "a store of one's own", Example: "mine://name", Features: core.Features{Links: true}}
	program := cmd.Program{Name: "minesync", Mux: core.NewMux(mine)}
	program.Run(context.Background(), []string{"backends"}, os.Stdin, os.Stdout, os.Stderr)
	// Output:
	// SCHEME   LINKS  URLS  MD5  MTIME  A + A/B  CREATE  REPLACE  VERSIONS  KEY  TARGET
	// mine://  yes    -     -    -      -        none    none     all       any  any
	//
	// mine://     a store of one's own
	//             as mine://name
}
