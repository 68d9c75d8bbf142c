package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// stuck is a tree whose listing does not heed the end of its context.
type stuck struct{ core.Backend }

func (stuck) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(func(core.Entry, error) bool) {
		fmt.Fprintln(os.Stderr, "listing")
		time.Sleep(time.Hour)
	}
}

// withStuck adds the scheme stuck to those of the program.
func withStuck(mux *core.Mux) *core.Mux {
	mux.Handle(core.Scheme{Name: "stuck", Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) {
		return stuck{memory.New()}, nil
	}})
	return mux
}

// waitFor is a process's output, as it comes.
type waitFor struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *waitFor) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *waitFor) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// text waits until text was written.
func (w *waitFor) text(t *testing.T, text string) {
	t.Helper()
	for range 3000 {
		if strings.Contains(w.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q was not written in 30 s; but %q", text, w)
}
