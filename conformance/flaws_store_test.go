//go:build unix

package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/dirstore"
)

// openDir opens the directory dir, closed with the test.
func openDir(t testing.TB) dirstore.Open {
	return func(dir string, create bool) (core.Backend, error) {
		tree, err := localfs.New(dir, localfs.Options{Create: create})
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = tree.Close() })
		return tree, nil
	}
}

// inDir returns the store in a directory with its backend broken, and those of its
// hooks that keep picks.
func inDir(t testing.TB, with func(root string) broken, keep func(from conformance.Store) conformance.Store) conformance.Store {
	root := t.TempDir()
	open := openDir(t)
	b, err := open(root, true)
	if err != nil {
		t.Fatal(err)
	}
	bad := with(root)
	bad.Backend = b
	s := keep(dirstore.Hooks(t, root, b, open))
	s.Backend = bad
	return s
}

// storeFlaws are those that only a look at the store itself shows, and those that
// only one case catches.
var storeFlaws = []flaw{
	{name: "replaces a file by removing it and renaming another", caught: "AlwaysThere", only: true, open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			was := now(ctx, b, e.Key)
			if old == nil || was == nil || was.Token != old.Token || core.CheckPut(b, e) != nil {
				return b.Put(ctx, e, body, old)
			}
			content, err := buffer(ctx, e, body)
			if was = now(ctx, b, e.Key); err == nil && (was == nil || was.Token != old.Token) {
				err = core.ErrChanged
			}
			if err == nil {
				err = b.Delete(ctx, *old)
			}
			if err != nil {
				return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: err}
			}
			time.Sleep(time.Millisecond)
			return b.Put(ctx, e, content, nil)
		}})
	}},
	{name: "returns a later look at the name it put", caught: "PutReturnsItsOwn", only: true, open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if _, err := b.Put(ctx, e, body, old); err != nil {
				return core.Entry{}, err
			}
			if old != nil {
				time.Sleep(5 * time.Millisecond)
			}
			return b.Stat(ctx, e.Key)
		}})
	}},
	{name: "closes nothing", caught: "ReadAfterClose", only: true, open: func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			if rc != nil {
				rc = io.NopCloser(struct{ io.Reader }{rc})
			}
			return rc, e, err
		}})
	}},
	{name: "ends a short read as a whole one", caught: "ChangedWhileRead", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(string) broken {
			return broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
				rc, e, err := b.Open(ctx, key)
				if rc != nil {
					rc = &plainEnd{ReadCloser: rc}
				}
				return rc, e, err
			}}
		}, func(s conformance.Store) conformance.Store { return conformance.Store{Newer: s.Newer} })
	}},
	{name: "swallows a directory that cannot be read", caught: "Unreadable", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(string) broken {
			return broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
				return func(yield func(core.Entry, error) bool) {
					for e, err := range b.List(ctx, after) {
						if _, one := core.ErrorKey(err); !one && !yield(e, err) {
							return
						}
					}
				}
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "leaves the temporary file of a failed put", caught: "NoLeftovers", only: true, store: func(testing.TB) conformance.Store {
		m := memory.New()
		var mu sync.Mutex
		var left []string
		return conformance.Store{
			Backend: broken{Backend: m, put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				stored, err := b.Put(ctx, e, body, old)
				if errors.Is(err, core.ErrCorrupt) {
					mu.Lock()
					defer mu.Unlock()
					left = append(left, e.Key+".part")
				}
				return stored, err
			}},
			Names: func() ([]string, error) {
				mu.Lock()
				defer mu.Unlock()
				return append(keysOf(m), left...), nil
			},
		}
	}},
	{name: "settles every entry", caught: "Settled", only: true, open: func() core.Backend {
		f := memory.All
		f.Resolution = time.Second
		settled := func(e core.Entry) core.Entry { e.Settled = true; return e }
		return overWith(f, broken{
			stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
				e, err := b.Stat(ctx, key)
				return settled(e), err
			},
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e, err := b.Put(ctx, e, body, old)
				return settled(e), err
			},
		})
	}},
	{name: "marks every error as transient", caught: "PermanentErrors", only: true, open: func() core.Backend {
		return over(broken{
			stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
				e, err := b.Stat(ctx, key)
				return e, core.Transient(err)
			},
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				e, err := b.Put(ctx, e, body, old)
				return e, core.Transient(err)
			},
		})
	}},
	{name: "lists a missing root as empty", caught: "MissingStore", only: true, store: func(testing.TB) conformance.Store {
		return conformance.Store{Backend: memory.New(), Missing: func() (core.Tree, error) { return memory.New(), nil }}
	}},
	{name: "lists a root that was taken away as empty", caught: "StoreTakenAway", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{list: func(ctx context.Context, b core.Backend, prefix string) iter.Seq2[core.Entry, error] {
				if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
					return func(func(core.Entry, error) bool) {}
				}
				return b.List(ctx, prefix)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "writes where its root was", caught: "StoreTakenAway", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
					return e, nil
				}
				return b.Put(ctx, e, body, old)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "writes through a link out of its root", caught: "LinkOut", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				p := filepath.Join(root, e.Key)
				if core.ValidKey(e.Key) && leadsOut(root, filepath.Dir(p)) {
					return e, os.WriteFile(p, []byte("written outside"), 0o600)
				}
				return b.Put(ctx, e, body, old)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "reads through a link out of its root", caught: "LinkOut", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
				p := filepath.Join(root, key)
				if core.ValidKey(key) && leadsOut(root, p) {
					f, err := os.Open(p)
					return f, core.Entry{Key: key, Kind: core.File, Size: 15}, err
				}
				return b.Open(ctx, key)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "deletes through a link out of its root", caught: "LinkOut", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
				p := filepath.Join(root, old.Key)
				if core.ValidKey(old.Key) && leadsOut(root, filepath.Dir(p)) {
					return os.Remove(p)
				}
				return b.Delete(ctx, old)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "follows a link where it knew a directory", caught: "LinkIn", only: true, store: func(t testing.TB) conformance.Store {
		var known sync.Map
		return inDir(t, func(root string) broken {
			through := func(key string) (string, bool) {
				dir, name := filepath.Split(key)
				_, seen := known.Load(dir)
				to, err := os.Readlink(filepath.Join(root, dir))
				return filepath.Join(to, name), seen && err == nil && strings.HasPrefix(to, root)
			}
			return broken{
				put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
					if p, ok := through(e.Key); ok {
						return e, os.WriteFile(p, nil, 0o600)
					}
					dir, _ := filepath.Split(e.Key)
					stored, err := b.Put(ctx, e, body, old)
					if err == nil && dir != "" {
						known.Store(dir, true)
					}
					return stored, err
				},
			}
		}, func(s conformance.Store) conformance.Store { return conformance.Store{LinkIn: s.LinkIn} })
	}},
	{name: "replaces an object of a stranger", caught: "Special", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(root string) broken {
			return broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				p := filepath.Join(root, e.Key)
				if info, err := os.Lstat(p); err == nil && info.Mode()&fs.ModeNamedPipe != 0 && old != nil {
					return e, errors.Join(os.Remove(p), os.WriteFile(p, nil, 0o600))
				}
				return b.Put(ctx, e, body, old)
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "hides an object whose name is no key", caught: "BadName", only: true, store: func(t testing.TB) conformance.Store {
		return inDir(t, func(string) broken {
			return broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
				return func(yield func(core.Entry, error) bool) {
					for e, err := range b.List(ctx, after) {
						if (err != nil || core.ValidKey(e.Key)) && !yield(e, err) {
							return
						}
					}
				}
			}}
		}, func(s conformance.Store) conformance.Store { return s })
	}},
	{name: "lists from its own memory", caught: "OneStore", only: true, store: func(testing.TB) conformance.Store {
		m := memory.New()
		return conformance.Store{Backend: listsOnce(m), Again: func() (core.Backend, error) { return listsOnce(m), nil }}
	}},
	{name: "guards by a table of its own process", caught: "GuardsBetweenHandles", only: true, store: func(testing.TB) conformance.Store {
		m := memory.NewWith(without(func(f *core.Features) { f.Create, f.Replace = core.GuardNone, core.GuardNone }))
		return conformance.Store{Backend: newTable(m), Again: func() (core.Backend, error) { return newTable(m), nil }}
	}},
	{name: "has one store for all", caught: "StoresAreApart", only: true, store: func(testing.TB) conformance.Store {
		m := memory.New()
		return conformance.Store{Backend: m, Another: func() (core.Backend, error) { return m, nil }}
	}},
	{name: "tells versions apart by size alone", caught: "Resolution", only: true, open: func() core.Backend { return newBySize() }},
	{name: "gives all stores one identity", caught: "Identifier", only: true, store: func(testing.TB) conformance.Store {
		return conformance.Store{Backend: named{memory.New()}, Another: func() (core.Backend, error) { return named{memory.New()}, nil }}
	}},
	{name: "remembers by the key alone", caught: "Rememberer", only: true, open: func() core.Backend {
		return newKeyMemory(memory.NewWith(without(func(f *core.Features) { f.StoresMD5 = false })))
	}},
	{name: "never settles", caught: "Settles", open: func() core.Backend {
		unsettled := func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			e, err := b.Stat(ctx, key)
			e.Settled = false
			return e, err
		}
		return neverSettled{over(broken{stat: unsettled})}
	}},
	{name: "guards before it reads the body", caught: "ChangedWhileSent", only: true, open: func() core.Backend {
		return over(broken{
			features: declare(func(f *core.Features) { f.Create, f.Replace = core.GuardCheck, core.GuardCheck }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				is := now(ctx, b, e.Key)
				if (is == nil) != (old == nil) || is != nil && is.Token != old.Token {
					return b.Put(ctx, e, body, old)
				}
				if core.CheckPut(b, e) != nil {
					return b.Put(ctx, e, body, old)
				}
				content, err := buffer(ctx, e, body)
				if err != nil {
					return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: err}
				}
				return b.Put(ctx, e, content, now(ctx, b, e.Key))
			},
		})
	}},
	{name: "a replace that looks first and writes then", caught: "ConcurrentReplace", only: true, open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if is := now(ctx, b, e.Key); old == nil || is == nil || is.Token != old.Token {
				return b.Put(ctx, e, body, old)
			}
			time.Sleep(5 * time.Millisecond) // every other writer looks meanwhile
			return b.Put(ctx, e, body, now(ctx, b, e.Key))
		}})
	}},
	{name: "takes a cancelled delete as done", caught: "CancelledCalls", only: true, open: func() core.Backend {
		return over(broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			if ctx.Err() != nil {
				return nil
			}
			return b.Delete(ctx, old)
		}})
	}},
	{name: "stores an empty file where it misses the md5", caught: "UnknownMD5", only: true, open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.NeedsMD5 = true }), broken{
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				if e.Kind == core.File && !e.MD5.Known() && e.Size > 0 {
					e.Size, e.MD5, body = 0, core.SumMD5(nil), strings.NewReader("")
				}
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{name: "changes its features with the first file", caught: "FeaturesStay", only: true, open: func() core.Backend {
		var written atomic.Bool
		return over(broken{
			features: func(f core.Features) core.Features { f.MaxKey = map[bool]int{true: 5000}[written.Load()]; return f },
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				written.Store(true)
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{name: "declares a guard that does not exist", caught: "FeaturesStay", only: true, open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Create = 7 })})
	}},
	{name: "declares Unordered and is ordered", caught: "Unordered", only: true, open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Unordered = true })})
	}},
	{name: "says that an Other can be put", caught: "Checker", only: true, open: func() core.Backend { return lenient{memory.New()} }},
	{name: "counts backwards", caught: "RequestCounter", only: true, open: func() core.Backend { return &backwards{Tree: memory.New()} }},
	{name: "counts no requests", caught: "CostCoversRequests", only: true, open: func() core.Backend { return uncounted{memory.New()} }},
	{name: "costs more than it announces", caught: "CostCoversRequests", only: true, open: func() core.Backend { return &dear{Tree: memory.New()} }},
	{name: "takes an old version for an entry", caught: "Versioner", only: true, open: func() core.Backend { return forgetful{memory.New()} }},
	{name: "keeps the headers of an older file", caught: "Headers", only: true, open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if now, err := b.Stat(ctx, e.Key); err == nil {
				e.Headers = e.Headers.Over(now.Headers)
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "forgets headers", caught: "Headers", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			e.Headers = nil
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "does not declare the headers that it keeps", caught: "Headers", only: true, open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Headers = false })})
	}},
	{name: "sets the headers of any version", caught: "HeaderKeeper", only: true, open: func() core.Backend { return headerSetter{memory.New(), true, false} }},
	{name: "drops all other headers", caught: "HeaderKeeper", only: true, open: func() core.Backend { return headerSetter{memory.New(), false, true} }},
	{name: "an audit that sees nothing", caught: "Auditor", only: true, open: func() core.Backend { return auditor{Tree: memory.New(), blind: true} }},
	{name: "a repair of any version", caught: "Auditor", only: true, open: func() core.Backend { return auditor{Tree: memory.New(), careless: true} }},
}

// leadsOut reports whether p is reached, through links, outside of root.
func leadsOut(root, p string) bool {
	to, err := filepath.EvalSymlinks(p)
	return err == nil && !strings.HasPrefix(to+"/", root+"/")
}

// buffer reads a body whole and checks it against the size and md5 of e.
func buffer(ctx context.Context, e core.Entry, body io.Reader) (io.Reader, error) {
	if e.Kind != core.File {
		return nil, ctx.Err()
	}
	content, err := io.ReadAll(body)
	if err == nil && (int64(len(content)) != e.Size || e.MD5.Known() && core.SumMD5(content) != e.MD5) {
		err = core.ErrCorrupt
	}
	return bytes.NewReader(content), errors.Join(err, ctx.Err())
}

// plainEnd makes a plain end of every error of reading.
type plainEnd struct {
	io.ReadCloser
	closed bool
}

func (r *plainEnd) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !r.closed {
		err = io.EOF
	}
	return n, err
}

func (r *plainEnd) Close() error {
	r.closed = true
	return r.ReadCloser.Close()
}

// keysOf are the keys of a tree in memory.
func keysOf(m *memory.Tree) []string {
	var keys []string
	for e := range m.List(context.Background(), "") { //nolint:errcheck // This backend is broken.
		keys = append(keys, e.Key)
	}
	return keys
}

// listsOnce lists the store once, and again only after a change of its own.
func listsOnce(m *memory.Tree) core.Backend {
	var mu sync.Mutex
	var known []core.Entry
	changed := func() {
		mu.Lock()
		defer mu.Unlock()
		known = nil
	}
	return broken{
		Backend: m,
		list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			mu.Lock()
			defer mu.Unlock()
			if known == nil || ctx.Err() != nil || after != "" {
				var err error
				if known, err = collect(b.List(ctx, after)); err != nil || after != "" {
					entries := known
					known = nil
					return yieldAll(entries, err)
				}
			}
			return func(yield func(core.Entry, error) bool) {
				for _, e := range slices.Clone(known) {
					if ctx.Err() != nil {
						yield(core.Entry{}, ctx.Err())
						return
					}
					if !yield(e, nil) {
						return
					}
				}
			}
		},
		put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(ctx, e, body, old)
			changed()
			return stored, err
		},
		del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			err := b.Delete(ctx, old)
			changed()
			return err
		},
	}
}

// table guards a store that has no guard by the tokens that this process saw.
type table struct {
	core.Backend
	mu    sync.Mutex
	known map[string]string
}

func newTable(m *memory.Tree) *table { return &table{Backend: m, known: map[string]string{}} }

func (b *table) Features() core.Features {
	f := b.Backend.Features()
	f.Create, f.Replace = core.GuardCheck, core.GuardCheck
	return f
}

func (b *table) Stat(ctx context.Context, key string) (core.Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.Backend.Stat(ctx, key)
	b.known[key] = e.Token
	return e, err
}

func (b *table) fits(key string, old *core.Entry) bool {
	if old == nil {
		_, err := b.Backend.Stat(context.Background(), key)
		return err != nil
	}
	return b.known[key] == old.Token
}

func (b *table) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if core.CheckPut(b.Backend, e) != nil {
		return b.Backend.Put(ctx, e, body, nil)
	}
	content, err := buffer(ctx, e, body)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil && !b.fits(e.Key, old) {
		err = core.ErrChanged
	}
	if err != nil {
		return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: err}
	}
	stored, err := b.Backend.Put(ctx, e, content, nil)
	b.known[e.Key] = stored.Token
	return stored, err
}

func (b *table) Delete(ctx context.Context, old core.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.Backend.Stat(ctx, old.Key); err != nil {
		return nil
	}
	if b.known[old.Key] != old.Token {
		return &core.Error{Op: "delete", Key: old.Key, Err: core.ErrChanged}
	}
	delete(b.known, old.Key)
	return b.Backend.Delete(ctx, old)
}

// newBySize returns a tree whose versions are told apart by size alone, which
// declares a resolution.
func newBySize() core.Backend {
	bySize := func(e core.Entry) core.Entry {
		e.Token, e.Settled = fmt.Sprint(e.Kind, e.Size, len(e.Target.String())), false
		return e
	}
	fits := func(ctx context.Context, b core.Backend, old *core.Entry) *core.Entry {
		if old == nil {
			return nil
		}
		if is := now(ctx, b, old.Key); is != nil && bySize(*is).Token == old.Token {
			return is
		}
		return old
	}
	return over(broken{
		features: declare(func(f *core.Features) { f.Resolution, f.Replace = 20*time.Millisecond, core.GuardCheck }),
		list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			return func(yield func(core.Entry, error) bool) {
				for e, err := range b.List(ctx, after) {
					if !yield(bySize(e), err) {
						return
					}
				}
			}
		},
		stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			e, err := b.Stat(ctx, key)
			return bySize(e), err
		},
		open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			return rc, bySize(e), err
		},
		put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			stored, err := b.Put(ctx, e, body, fits(ctx, b, old))
			return bySize(stored), err
		},
		del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			return b.Delete(ctx, *fits(ctx, b, &old))
		},
	})
}

type named struct{ *memory.Tree }

func (named) Identity() string { return "the one" }

type neverSettled struct{ core.Backend }

func (neverSettled) Identity() string { return "unsettled" }

// keyMemory remembers the md5 of a key, and not of which version.
type keyMemory struct {
	core.Backend
	mu   sync.Mutex
	sums map[string]core.MD5
}

func newKeyMemory(b core.Backend) *keyMemory {
	return &keyMemory{Backend: b, sums: map[string]core.MD5{}}
}

func (k *keyMemory) Remember(e core.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sums[e.Key] = e.MD5
}

func (k *keyMemory) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := k.Backend.Stat(ctx, key)
	k.mu.Lock()
	defer k.mu.Unlock()
	e.MD5 = k.sums[key]
	return e, err
}

type lenient struct{ *memory.Tree }

func (b lenient) CheckPut(e core.Entry) error {
	if e.Kind == core.Other {
		return nil
	}
	return b.Features().CheckPut(e)
}

type uncounted struct{ *memory.Tree }

func (uncounted) Requests() core.Requests           { return core.Requests{} }
func (uncounted) PutCost(core.Entry) core.Requests  { return core.Requests{core.ClassPut: 1} }
func (uncounted) OpenCost(core.Entry) core.Requests { return core.Requests{} }
func (uncounted) DeleteCost(int64) core.Requests    { return core.Requests{} }

// backwards counts a request less for each listing.
type backwards struct {
	*memory.Tree
	lists atomic.Int64
}

func (b *backwards) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	b.lists.Add(-1)
	return b.Tree.List(ctx, after)
}

func (b *backwards) Requests() core.Requests { return core.Requests{core.ClassList: b.lists.Load()} }

// dear needs two requests for each Put, and announces one.
type dear struct {
	*memory.Tree
	mu   sync.Mutex
	sent core.Requests
}

func (b *dear) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	b.mu.Lock()
	b.sent[core.ClassPut] += 2
	b.mu.Unlock()
	return b.Tree.Put(ctx, e, body, old)
}

func (b *dear) Requests() core.Requests {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}

func (*dear) PutCost(core.Entry) core.Requests  { return core.Requests{core.ClassPut: 1} }
func (*dear) OpenCost(core.Entry) core.Requests { return core.Requests{} }
func (*dear) DeleteCost(int64) core.Requests    { return core.Requests{} }

type forgetful struct{ *memory.Tree }

func (b forgetful) Versioning(ctx context.Context) (core.Versions, error) {
	_, err := b.Put(ctx, core.Entry{Key: "old-version", Kind: core.File}, strings.NewReader(""), nil)
	if errors.Is(err, core.ErrChanged) {
		err = nil
	}
	return core.VersionsKept, err
}

// auditor sees nothing, or repairs whatever is there.
type auditor struct {
	*memory.Tree
	blind, careless bool
}

func (a auditor) Audit(ctx context.Context, e core.Entry) ([]core.Flaw, error) {
	is, err := a.Stat(ctx, e.Key)
	switch {
	case err != nil:
		return nil, err
	case is.Token != e.Token:
		return nil, core.ErrChanged
	case !a.blind && is.MD5 != e.MD5:
		return []core.Flaw{{What: core.FindingMD5, Err: errors.New("the md5 is another")}}, nil
	}
	return nil, nil
}

func (a auditor) Repair(ctx context.Context, e core.Entry) (core.Entry, error) {
	is, err := a.Stat(ctx, e.Key)
	if err == nil && is.Token != e.Token && !a.careless {
		err = core.ErrChanged
	}
	return is, err
}
