package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"

	"github.com/s3fc/s3fc/core/reconcile"
)

// TestALinkToAnEmptyDirectoryIsSaidToDangle checks that the remark is of links that the
// run put, of each directory once, and of no link whose directory has something in it.
func TestALinkToAnEmptyDirectoryIsSaidToDangle(t *testing.T) {
	for name, c := range map[string]struct {
		files, dirs []string
		links       map[string]string
		want        []string // in the one remark; none: there is no remark
	}{
		"empty":             {dirs: []string{"logs"}, links: map[string]string{"l": "logs"}, want: []string{"the link l ", "logs/ has nothing"}},
		"empty all through": {dirs: []string{"logs/2026/11"}, links: map[string]string{"l": "logs"}, want: []string{"the link l ", "logs/ has nothing"}},
		"a file in it":      {files: []string{"logs/a/b", "logs-a", "logs.txt"}, links: map[string]string{"l": "logs"}},
		"neighbours":        {files: []string{"logs-a/x", "logs0", "logs.txt"}, dirs: []string{"logs"}, links: map[string]string{"l": "logs"}, want: []string{"logs/ has nothing"}},
		"two":               {dirs: []string{"a", "b"}, links: map[string]string{"la": "a", "lb": "b", "lb2": "b"}, want: []string{"as la: 2 directories, as a/"}},
		"a file":            {files: []string{"f"}, links: map[string]string{"l": "f"}},
		"nothing at all":    {links: map[string]string{"l": "none"}},
		"a link in it":      {files: []string{"f"}, dirs: []string{"logs"}, links: map[string]string{"l": "logs", "logs/in": "../f"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, d := range c.dirs {
				must(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
			}
			for _, f := range c.files {
				must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o755))
				must(t, os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644))
			}
			for link, text := range c.links {
				must(t, os.Symlink(text, filepath.Join(dir, link)))
			}
			src, err := localfs.New(dir, localfs.Options{})
			must(t, err)
			defer src.Close() //nolint:errcheck // It was read.
			r := &reconcile.Reconciler{Src: src, Dst: memory.New(), TempDir: t.TempDir()}
			_, sum := run(t, r)
			notes := strings.Join(sum.Notes, "\n")
			if len(c.want) == 0 && notes != "" {
				t.Errorf("remarks %q; want none", notes)
			}
			for _, w := range c.want {
				if len(sum.Notes) != 1 || !strings.Contains(notes, w) {
					t.Errorf("remarks %q; want one with %q", sum.Notes, w)
				}
			}
			if _, again := run(t, r); len(again.Notes) > 0 {
				t.Errorf("the second run, which puts nothing, remarks %q", again.Notes)
			}
		})
	}
}

// TestManyLinksToDirectoriesAreLookedAtToALimit checks that the work is bounded.
func TestManyLinksToDirectoriesAreLookedAtToALimit(t *testing.T) {
	dir := t.TempDir()
	for i := range 150 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint("d", i)), 0o755))
		must(t, os.Symlink(fmt.Sprint("d", i), filepath.Join(dir, fmt.Sprint("l", i))))
	}
	src, err := localfs.New(dir, localfs.Options{})
	must(t, err)
	defer src.Close() //nolint:errcheck // It was read.
	if _, sum := run(t, &reconcile.Reconciler{Src: src, Dst: memory.New(), TempDir: t.TempDir()}); len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "at least 100 directories") {
		t.Errorf("remarks %q; want one of the first 100", sum.Notes)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
