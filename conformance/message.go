package conformance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

// sentinels are the errors that the suite asks for, by their names.
var sentinels = []struct {
	err  error
	name string
}{
	{core.ErrChanged, "core.ErrChanged"},
	{core.ErrConflict, "core.ErrConflict"},
	{core.ErrCorrupt, "core.ErrCorrupt"},
	{core.ErrUnsupportedKey, "core.ErrUnsupportedKey"},
	{core.ErrUnsupportedLink, "core.ErrUnsupportedLink"},
	{fs.ErrNotExist, "fs.ErrNotExist"},
	{errors.ErrUnsupported, "errors.ErrUnsupported"},
	{context.Canceled, "context.Canceled"},
	{errBody, "the body's own error"},
}

// nameOf returns the name of a sentinel, or its text.
func nameOf(err error) string {
	for _, s := range sentinels {
		if err == s.err { //nolint:errorlint // It names the sentinel itself.
			return s.name
		}
	}
	return err.Error()
}

// notErr says that err is not want, in the terms of a program that tests it.
func notErr(err, want error) string {
	if err == nil {
		return fmt.Sprintf("no error; want one for which errors.Is(err, %s) is true", nameOf(want))
	}
	return fmt.Sprintf("errors.Is(err, %s) is false for this error: %v", nameOf(want), err)
}

// show is an entry for a message.
func show(e core.Entry) string {
	if e.Key == "" && e.Kind == core.Other {
		return "nothing"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Kind, core.DisplayKey(e.Key))
	switch e.Kind {
	case core.File:
		fmt.Fprintf(&b, " of %d bytes, md5 %q", e.Size, e.MD5)
		if !e.ModTime.IsZero() {
			fmt.Fprintf(&b, ", time %s", e.ModTime.UTC().Format(time.RFC3339Nano))
		}
	case core.Link:
		fmt.Fprintf(&b, " to %s (%q)", e.Target, e.Target.Dir)
	case core.Other:
		fmt.Fprintf(&b, " (%v)", e.Problem)
	}
	if e.Partial {
		b.WriteString(", partial")
	}
	return b.String()
}

// differences names the fields in which two entries differ that should be one,
// with both values; it is empty if there is none.
func differences(a, b core.Entry) string {
	var diff []string
	add := func(field string, differ bool, x, y any) {
		if differ {
			diff = append(diff, fmt.Sprintf("%s: %v and %v", field, x, y))
		}
	}
	add("Key", a.Key != b.Key, core.DisplayKey(a.Key), core.DisplayKey(b.Key))
	add("Kind", a.Kind != b.Kind, a.Kind, b.Kind)
	add("Partial", a.Partial != b.Partial, a.Partial, b.Partial)
	add("Size", a.Size != b.Size, a.Size, b.Size)
	add("MD5", a.MD5 != b.MD5, quoted(a.MD5), quoted(b.MD5))
	add("Target", a.Target != b.Target, quoted(a.Target), quoted(b.Target))
	add("Token", a.Token != b.Token, fmt.Sprintf("%q", a.Token), fmt.Sprintf("%q", b.Token))
	add("ModTime", !a.ModTime.Equal(b.ModTime), utc(a.ModTime), utc(b.ModTime))
	return strings.Join(diff, "; ")
}

func quoted(v fmt.Stringer) string { return fmt.Sprintf("%q", v.String()) }

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// contentDiffers says how a content that was read differs from the one put.
func contentDiffers(got []byte, want string) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
	}
	return fmt.Sprintf("other bytes than were put (md5 %s, want %s)", core.SumMD5(got), core.SumMD5([]byte(want)))
}
