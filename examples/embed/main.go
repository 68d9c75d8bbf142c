// Command embed is a program with s3fc inside: it publishes a directory, prints a
// line for each change, and stops by itself where a person should look first.
// docs/library.md explains it.
//
//	go run ./examples/embed ./examples/site embedded://demo
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: embed DIRECTORY URL")
		os.Exit(2)
	}
	if err := publish(context.Background(), os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// publish makes the tree at dst equal to the directory src. It writes nothing if
// more than a tenth of the destination would be deleted.
func publish(ctx context.Context, w io.Writer, src, dst string) error {
	var events error // of w
	o := s3fc.Options{
		Rules: []string{"*.draft.html"},
		Event: func(a s3fc.Action) {
			_, err := fmt.Fprintf(w, "%s %s\n", a.Name(), core.DisplayKey(a.Key))
			events = errors.Join(events, err)
		},
	}
	mux := core.NewMux(localfs.Scheme, s3.Scheme, embedded.Scheme)
	changes, err := s3fc.PlanURL(ctx, mux, src, dst, o)
	if err != nil {
		return err
	}
	defer changes.Close()
	if t := changes.Totals(); 10*t.Deletes > t.DstEntries {
		return fmt.Errorf("%d of %d entries of %s would be deleted; somebody has to look", t.Deletes, t.DstEntries, dst)
	}
	res, err := s3fc.Apply(ctx, changes)
	if err != nil {
		return err // a guard, or entries that failed; each was an event
	}
	_, err = fmt.Fprintf(w, "%d files, %d links, %d deleted; requests: %s\n", res.Files, res.Links, res.Deletes, res.Requests)
	return errors.Join(events, err)
}
