package quirks

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// padded is content of n bytes that begins with text.
func padded(text string, n int) string {
	return text + strings.Repeat("0123456789abcdef", n/16)
}

func gzipped(content string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, content) // a buffer takes all
	_ = z.Close()                     // as above
	return b.String()
}

// large is the content of a file that goes up in parts.
var large = padded("large", 17<<20)

// before and after are the source before and after the changes between two
// pushes. Their keys sort differently by bytes, by UTF-16 and by directory, and
// have all the characters that encodings differ about.
var (
	before = model.State{
		"index.html": "<h1>Hello</h1>", "page.txt": padded("text ", 3000), "packed.gz": gzipped("packed"), "empty": model.Empty,
		"d/1": "one", "d/2/3": "three", "d-x": "dash", "d.txt": "dot", "😀": "above U+FFFF", "～": "below it",
		"a b+c%/é?#&=;:@,$.txt": "special", "plus+": "plus", "plus ": "space", "100%25": "percent",
		"body":      padded("expected", 3<<20),
		"same-size": "content 1", "grows": "short", "emptied": "full", "becomes-file": "-> d/1", "becomes-link": "a file",
		"retargeted": "-> index.html", "kept-link": "-> d/2/3", "to-directory": "-> d", "chain": "-> kept-link", "dangling": "-> nowhere",
		"gone": "to be deleted", "d/gone": "to be deleted", "e/gone": "to be deleted", "gone-link": "-> d/1", "gone+ &": "to be deleted",
		"file-then-dir": "a file",
	}
	after = changed(before, model.State{
		"same-size": "content 2", "grows": padded("long", 2000), "emptied": model.Empty, "becomes-file": "a file now", "becomes-link": "-> d/1",
		"retargeted": "-> d.txt", "new": "new", "d/new": "new", "new-link": "-> new", "file-then-dir": "", "file-then-dir/x": "below",
		"gone": "", "d/gone": "", "e/gone": "", "gone-link": "", "gone+ &": "",
	})
)

// changed is s with changes; an empty value removes.
func changed(s, changes model.State) model.State {
	out := maps.Clone(s)
	for key, v := range changes {
		out[key] = v
		if v == "" {
			delete(out, key)
		}
	}
	return out
}

// write makes a directory of exactly the entries of s, and touches only those that
// differ.
func (l *lab) write(dir string, s model.State) {
	l.Helper()
	now, err := lookDir(dir)
	if err != nil {
		l.Fatal(err)
	}
	for key, v := range now {
		if s[key] != v {
			l.must(os.Remove(filepath.Join(dir, filepath.FromSlash(key))))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if now[key] == s[key] {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(key))
		l.must(os.MkdirAll(filepath.Dir(name), 0o750))
		if target, ok := strings.CutPrefix(s[key], "-> "); ok {
			text, err := filepath.Rel(filepath.Dir(filepath.FromSlash(key)), filepath.FromSlash(target))
			l.must(err)
			l.must(os.Symlink(text, name))
			continue
		}
		_, body := s.Entry(key)
		l.must(os.WriteFile(name, body, 0o600))
	}
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// lookDir reads a directory whole, with temporary files.
func lookDir(dir string) (model.State, error) {
	s := model.State{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was pulled
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if d.Type() == fs.ModeSymlink {
			text, err := os.Readlink(name)
			s[key] = model.Link(path.Join(path.Dir(key), filepath.ToSlash(text)))
			return err
		}
		b, err := os.ReadFile(name)
		s[key] = model.Content(b)
		return err
	})
	return s, err
}

// lookBucket reads a bucket behind the server's back, as a client that knows links
// does.
func lookBucket(store s3server.Store, bucket string) (model.State, error) {
	list, err := store.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, err
	}
	s := model.State{}
	for _, o := range list.Contents {
		if s[o.Key], err = lookObject(store, bucket, o.Key); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func lookObject(store s3server.Store, bucket, key string) (string, error) {
	o, err := store.GetObject(bucket, key, nil)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(o.Contents)
	if err := errors.Join(err, o.Contents.Close()); err != nil {
		return "", err
	}
	location, target := o.Metadata["X-Amz-Website-Redirect-Location"], o.Metadata["X-Amz-Meta-Link-Target"]
	switch {
	case location != "":
		target, err = url.PathUnescape(strings.Trim(location, "/"))
		return model.Link(target), err
	case target != "":
		target, err = url.PathUnescape(strings.Trim(target, "/"))
		return model.Link(target), err
	}
	return model.Content(b), nil
}

// differences lists where two states differ, at most a few.
func differences(got, want model.State) string {
	keys := maps.Clone(got)
	maps.Copy(keys, want)
	var b strings.Builder
	n := 0
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if got[key] == want[key] {
			continue
		}
		if n++; n > 8 {
			b.WriteString("\n\t…")
			break
		}
		fmt.Fprintf(&b, "\n\t%q is %.40q, want %.40q", key, got[key], want[key])
	}
	return b.String()
}
