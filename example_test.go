package s3fc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// site makes a directory with two pages and a link.
func site() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "site")
	if err == nil {
		err = errors.Join(
			os.Mkdir(filepath.Join(dir, "v1"), 0o755),
			os.WriteFile(filepath.Join(dir, "index.html"), []byte("<p>Hello"), 0o644),
			os.WriteFile(filepath.Join(dir, "v1", "a.html"), []byte("<p>A"), 0o644),
			os.Symlink("v1", filepath.Join(dir, "latest")),
		)
	}
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

func ExampleCopyURL() {
	dir, remove := site()
	defer remove()
	mux := core.NewMux(localfs.Scheme, memory.Scheme)
	res, err := s3fc.CopyURL(context.Background(), mux, dir, "mem://copy-url", s3fc.Options{
		Event: func(a s3fc.Action) { fmt.Println(a.Name(), a.Key) },
		Jobs:  1, // so that the order is always the same
	})
	fmt.Println(res.Files, "files,", res.Links, "link;", err)
	// Output:
	// put index.html
	// put v1/a.html
	// link latest
	// 2 files, 1 link; <nil>
}

// Trees that the program has opened itself, or made.
func ExampleCopy() {
	dir, remove := site()
	defer remove()
	src, err := localfs.New(dir, localfs.Options{})
	if err != nil {
		panic(err)
	}
	defer src.Close()
	dst := memory.New()
	res, err := s3fc.Copy(context.Background(), src, dst, s3fc.Options{Rules: []string{"/v1/"}})
	fmt.Println(res.Files, "file,", res.Links, "link;", err)
	for e, err := range dst.List(context.Background(), "") {
		fmt.Println(e.Kind, e.Key, err)
	}
	// Output:
	// 1 file, 1 link; <nil>
	// file index.html <nil>
	// link latest <nil>
}

// A plan is complete before the first write, so that a program or a person can
// look at it.
func ExamplePlan() {
	ctx := context.Background()
	src, dst := memory.New(), memory.New()
	write(src, "new.html", "1")
	write(dst, "old.html", "1")
	changes, err := s3fc.Plan(ctx, src, dst, s3fc.Options{})
	if err != nil {
		panic(err)
	}
	defer changes.Close()
	for action, err := range changes.All() {
		fmt.Println(action.Name(), action.Key, action.Reason, err)
	}
	if changes.Totals().Deletes > 0 {
		fmt.Println("not applied")
		return
	}
	_, err = s3fc.Apply(ctx, changes)
	fmt.Println(err)
	// Output:
	// put new.html new <nil>
	// delete old.html extraneous <nil>
	// not applied
}

// Guards stop a run before its first write, with the figures.
func ExampleGuardError() {
	dst := memory.New()
	write(dst, "a.html", "1")
	write(dst, "b.html", "2")
	_, err := s3fc.Copy(context.Background(), memory.New(), dst, s3fc.Options{})
	var guard *s3fc.GuardError
	if errors.As(err, &guard) {
		fmt.Println(guard.Deletes, "of", guard.Entries, "would be deleted:", errors.Is(err, core.ErrEmptySource))
	}
	// Output:
	// 2 of 2 would be deleted: true
}

func ExampleDiff() {
	src, dst := memory.New(), memory.New()
	write(src, "a.html", "1")
	write(src, "b.html", "2")
	write(dst, "a.html", "1")
	res, err := s3fc.Diff(context.Background(), src, dst, s3fc.Options{
		Event: func(a s3fc.Action) { fmt.Println(a.Name(), a.Key) },
	})
	fmt.Println(res.Differs(), res.Kept, "unchanged;", err)
	// Output:
	// put b.html
	// true 1 unchanged; <nil>
}

func ExampleCheck() {
	src, dst := memory.New(), memory.New()
	write(src, "a.html", "1")
	write(dst, "a.html", "2")
	res, err := s3fc.Check(context.Background(), src, dst, s3fc.CheckOptions{
		Found: func(f s3fc.Found) { fmt.Println(f.What, f.Key) },
	})
	fmt.Println(res.Differ, err)
	// Output:
	// content a.html
	// 1 the trees differ
}

// A store of one's own needs a Scheme, and then works wherever a tree is named.
func Example_scheme() {
	mine := core.Scheme{Name: "mine", Open: memory.Open, Options: []core.Option{{Name: "zone", Values: []string{"a", "b"}}}}
	mux := core.NewMux(mine, localfs.Scheme)
	_, err := s3fc.CopyURL(context.Background(), mux, "mine://x?zone=c", "mine://y", s3fc.Options{})
	fmt.Println(err)
	// Output:
	// source: mine://x?zone=c: zone=c: expected a or b
}

func write(b core.Backend, key, text string) {
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
	if _, err := b.Put(context.Background(), e, strings.NewReader(text), nil); err != nil {
		panic(err)
	}
}
