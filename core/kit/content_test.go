package kit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/s3fc/s3fc/core"
)

// file is an open file of this content.
type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

func contentOf(text string, size int64, same *bool, err error) *Content {
	return &Content{File: file{bytes.NewReader([]byte(text))}, Tree: "test", Key: "k", Size: size, Unchanged: func() (bool, error) { return *same, err }}
}

func TestContentIsNeverCutUnseen(t *testing.T) {
	yes, no := true, false
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		c    *Content
		want error
	}{
		"whole":       {contentOf("hello", 5, &yes, nil), nil},
		"empty":       {contentOf("", 0, &yes, nil), nil},
		"too short":   {contentOf("hell", 5, &yes, nil), core.ErrChanged},
		"too long":    {contentOf("hello!", 5, &no, nil), core.ErrChanged},
		"changed":     {contentOf("hello", 5, &no, nil), core.ErrChanged},
		"empty, once": {contentOf("", 0, &no, nil), core.ErrChanged},
		"unknown":     {contentOf("hello", 5, &yes, broken), broken},
	} {
		for way, read := range map[string]func(c *Content) error{
			"Read": func(c *Content) error { _, err := io.Copy(io.Discard, c); return errors.Join(err, c.Close()) },
			"one byte": func(c *Content) error {
				_, err := io.Copy(io.Discard, iotest.OneByteReader(c))
				return errors.Join(err, c.Close())
			},
			"ReadAt": func(c *Content) error {
				_, err := c.ReadAt(make([]byte, 5), 0)
				return errors.Join(notEOF(err), c.Close())
			},
			"Close, alone": func(c *Content) error { return c.Close() },
		} {
			c := &Content{File: file{bytes.NewReader(all(tt.c.File))}, Tree: "test", Key: "k", Size: tt.c.Size, Unchanged: tt.c.Unchanged}
			if err := read(c); !errors.Is(err, tt.want) && (way != "Close, alone" && way != "ReadAt" || name == "changed") {
				t.Errorf("%s by %s: got %v, want %v", name, way, err, tt.want)
			}
		}
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// all returns the whole of f.
func all(f File) []byte {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
	return b
}

func TestContentTellsAChangeOnceAndCallsClosed(t *testing.T) {
	same, closed := true, 0
	c := contentOf("hello", 5, &same, nil)
	c.Closed = func() { closed++ }
	if b, err := io.ReadAll(c); err != nil || string(b) != "hello" {
		t.Fatalf("%s, %v", b, err)
	}
	same = false // after the end, this is no change of the bytes read
	if err := c.Close(); err != nil || closed != 1 {
		t.Errorf("%v, closed %d times", err, closed)
	}
	c = contentOf("hello", 5, &same, nil)
	if _, err := io.ReadAll(c); !errors.Is(err, core.ErrChanged) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("said twice: %v", err)
	}
}

func TestCopyBodyTakesOnlyThePromisedContent(t *testing.T) {
	sum := core.SumMD5([]byte("hello"))
	large := strings.Repeat("0123456789abcdef", 2*LargeFile/16)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		ctx  context.Context
		body io.Reader
		e    core.Entry
		want error
	}{
		"whole":          {t.Context(), strings.NewReader("hello"), core.Entry{Size: 5}, nil},
		"of a known md5": {t.Context(), strings.NewReader("hello"), core.Entry{Size: 5, MD5: sum}, nil},
		"large":          {t.Context(), strings.NewReader(large), core.Entry{Size: int64(len(large)), MD5: core.SumMD5([]byte(large))}, nil},
		"too short":      {t.Context(), strings.NewReader("hell"), core.Entry{Size: 5}, core.ErrCorrupt},
		"too long":       {t.Context(), strings.NewReader("hello!"), core.Entry{Size: 5}, core.ErrCorrupt},
		"endless":        {t.Context(), endlessBody{}, core.Entry{Size: 5}, core.ErrCorrupt},
		"wrong":          {t.Context(), strings.NewReader("hullo"), core.Entry{Size: 5, MD5: sum}, core.ErrCorrupt},
		"large, wrong":   {t.Context(), strings.NewReader(large), core.Entry{Size: int64(len(large)), MD5: sum}, core.ErrCorrupt},
		"broken":         {t.Context(), io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), core.Entry{Size: 5}, broken},
		"cancelled":      {cancelled, strings.NewReader("hello"), core.Entry{Size: 5}, context.Canceled},
	} {
		var out bytes.Buffer
		got, err := CopyBody(tt.ctx, &out, tt.body, tt.e)
		if !errors.Is(err, tt.want) || err == nil && got != core.SumMD5(out.Bytes()) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, tt.want)
		}
	}
	for name, tt := range map[string]struct {
		body string
		e    core.Entry
		want error
	}{
		"whole":     {"hello", core.Entry{Size: 5, MD5: sum}, nil},
		"too short": {"hell", core.Entry{Size: 5}, core.ErrCorrupt},
		"too long":  {"hello!", core.Entry{Size: 5}, core.ErrCorrupt},
		"wrong":     {"hullo", core.Entry{Size: 5, MD5: sum}, core.ErrCorrupt},
	} {
		b := NewBody(t.Context(), iotest.OneByteReader(strings.NewReader(tt.body)), tt.e)
		got, err := io.ReadAll(b)
		if !errors.Is(err, tt.want) || err == nil && (string(got) != tt.body || b.MD5() != sum) {
			t.Errorf("%s as a reader: got %s, %v; want %v", name, got, err, tt.want)
		}
	}
}

// endlessBody is a body without an end.
type endlessBody struct{}

func (endlessBody) Read(p []byte) (int, error) { return len(p), nil }

func TestCheckOld(t *testing.T) {
	file := core.Entry{Kind: core.File, Token: "1"}
	newer, link := file, file
	newer.Token, link.Kind = "2", core.Link
	other := core.Entry{Problem: errors.New("a pipe")}
	for _, tt := range []struct {
		name     string
		old, now *core.Entry
		want     error
	}{
		{"nothing, still", nil, nil, nil},
		{"the same", &file, &file, nil},
		{"created", nil, &file, core.ErrChanged},
		{"deleted", &file, nil, core.ErrChanged},
		{"changed", &file, &newer, core.ErrChanged},
		{"of another kind", &file, &link, core.ErrChanged},
		{"an Other", nil, &other, core.ErrConflict},
		{"an Other since", &file, &other, core.ErrConflict},
	} {
		if err := CheckOld(tt.old, tt.now); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestErrorsThatMeanThatNothingIsThere(t *testing.T) {
	parent := &ParentError{Key: "a", Kind: "a file"}
	for err, want := range map[error]bool{
		fs.ErrNotExist: true, syscall.ENOENT: true, syscall.ENOTDIR: true, syscall.ENAMETOOLONG: true,
		&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOTDIR}: true, parent: true, Fail("stat", "t", "k", parent): true,
		fs.ErrPermission: false, syscall.EIO: false, syscall.ELOOP: false, core.ErrConflict: false,
	} {
		if got := errors.Is(AsNotExist(err), fs.ErrNotExist); got != want {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
	if !errors.Is(parent, core.ErrConflict) || AsNotExist(nil) != nil || Fail("stat", "t", "k", nil) != nil {
		t.Error("a parent that is a file is no conflict, or nil is an error")
	}
	if got, want := Fail("stat", "t", "k", &fs.PathError{Op: "lstat", Path: "/secret/x", Err: syscall.EIO}).Error(), "t: stat k: input/output error"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
