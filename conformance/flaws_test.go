package conformance_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// treeFlaws are of listings, reads, deletes and extensions.
var treeFlaws = []flaw{
	{name: "leaves some keys out of a listing", caught: "ListIsComplete", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			entries, err := collect(b.List(ctx, after))
			return yieldAll(slices.DeleteFunc(entries, func(e core.Entry) bool { return strings.Contains(e.Key, "日") }), err)
		}})
	}},
	{name: "a reader reads elsewhere than it was told", caught: "ReadersAgree", open: func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			if at, ok := rc.(io.ReaderAt); ok {
				rc = struct {
					io.ReadCloser
					io.ReaderAt
				}{rc, shifted{at}}
			}
			return rc, e, err
		}})
	}},
	{name: "writes get in each other's way", caught: "Concurrent", open: func() core.Backend {
		var busy atomic.Bool
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if !busy.CompareAndSwap(false, true) {
				return core.Entry{}, errors.New("mkdir: file exists")
			}
			defer busy.Store(false)
			time.Sleep(time.Millisecond)
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "lists in the order of a walk", caught: "Order", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Unordered = true }), broken{
			features: declare(func(f *core.Features) { f.Unordered = false }),
		})
	}},
	{name: "lists the key after too", caught: "After", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			entries, err := collect(b.List(ctx, ""))
			return yieldAll(slices.DeleteFunc(entries, func(e core.Entry) bool { return e.Key < after }), err)
		}})
	}},
	{name: "drops an entry at a page's end", caught: "Pages", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			entries, err := collect(b.List(ctx, after))
			if len(entries) > 1000 {
				entries = slices.Delete(entries, 1000, 1001)
			}
			return yieldAll(entries, err)
		}})
	}},
	{name: "a cancelled listing looks complete", caught: "CancelledList", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			return func(yield func(core.Entry, error) bool) {
				for e, err := range b.List(ctx, after) {
					if err != nil || !yield(e, nil) {
						return
					}
				}
			}
		}})
	}},
	{name: "leaks a goroutine when a listing is left", caught: "EarlyBreak", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			return func(yield func(core.Entry, error) bool) {
				ch := make(chan core.Entry)
				go func() {
					for e, err := range b.List(ctx, after) {
						if err == nil {
							ch <- e
						}
					}
					close(ch)
				}()
				for e := range ch {
					if !yield(e, ctx.Err()) {
						return
					}
				}
			}
		}})
	}},
	{name: "a listing shows an old size", caught: "ListMatchesStat", open: func() core.Backend {
		return over(broken{list: func(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
			entries, err := collect(b.List(ctx, after))
			for i := range entries {
				entries[i].Size++
			}
			return yieldAll(entries, err)
		}})
	}},
	{name: "reports a missing key by an error of its own", caught: "Missing", open: func() core.Backend {
		opaque := errors.New("404")
		return over(broken{
			stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
				e, err := b.Stat(ctx, key)
				if errors.Is(err, fs.ErrNotExist) {
					err = &core.Error{Op: "stat", Key: key, Err: opaque}
				}
				return e, err
			},
		})
	}},
	{name: "errors do not say which key", caught: "ErrorsAreTyped", open: func() core.Backend {
		return over(broken{stat: func(ctx context.Context, b core.Backend, key string) (core.Entry, error) {
			e, err := b.Stat(ctx, key)
			if err != nil {
				err = fs.ErrNotExist
			}
			return e, err
		}})
	}},
	{name: "Open and Stat disagree", caught: "OpenMatchesStat", open: func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			rc, e, err := b.Open(ctx, key)
			e.Token = "W/" + e.Token
			return rc, e, err
		}})
	}},
	{name: "a missing entry cannot be deleted", caught: "DeleteMissing", open: func() core.Backend {
		return over(broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			if _, err := b.Stat(ctx, old.Key); err != nil {
				return err
			}
			return b.Delete(ctx, old)
		}})
	}},
	{name: "deletes the entries below, too", caught: "DeleteSiblings", open: func() core.Backend {
		return over(broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			entries, err := collect(b.List(ctx, ""))
			for _, e := range entries {
				if strings.HasPrefix(e.Key, old.Key) && e.Key != old.Key {
					err = errors.Join(err, b.Delete(ctx, e))
				}
			}
			return errors.Join(err, b.Delete(ctx, old))
		}})
	}},
	{name: "a delete does nothing", caught: "Delete", open: func() core.Backend {
		return over(broken{del: func(context.Context, core.Backend, core.Entry) error { return nil }})
	}},
	{name: "deletes without comparing the entry", caught: "DeleteChanged", open: func() core.Backend {
		return over(broken{del: func(ctx context.Context, b core.Backend, old core.Entry) error {
			if e := now(ctx, b, old.Key); e != nil {
				return b.Delete(ctx, *e)
			}
			return nil
		}})
	}},
	{name: "overwrites without comparing the entry", caught: "PutChanged", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old != nil {
				old = now(ctx, b, e.Key)
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "creates without looking", caught: "CreateRace", open: func() core.Backend {
		return over(broken{put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
			if old == nil {
				old = now(ctx, b, e.Key)
			}
			return b.Put(ctx, e, body, old)
		}})
	}},
	{name: "guards and does not declare it", caught: "Unconditional", open: func() core.Backend {
		return over(broken{features: declare(func(f *core.Features) { f.Create, f.Replace = core.GuardNone, core.GuardNone })})
	}},
	{name: "a create that looks first and writes then", caught: "ConcurrentSameKey", open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Create, f.Replace = core.GuardNone, core.GuardNone }), broken{
			features: declare(func(f *core.Features) { f.Create, f.Replace = core.GuardAtomic, core.GuardAtomic }),
			put: func(ctx context.Context, b core.Backend, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
				if at := now(ctx, b, e.Key); (at == nil) != (old == nil) {
					return core.Entry{}, core.ErrChanged
				}
				time.Sleep(10 * time.Millisecond)
				return b.Put(ctx, e, body, old)
			},
		})
	}},
	{name: "the bytes of one version with the entry of another", caught: "ReadWhileWritten", open: func() core.Backend {
		return over(broken{open: func(ctx context.Context, b core.Backend, key string) (io.ReadCloser, core.Entry, error) {
			e, err := b.Stat(ctx, key)
			if err != nil {
				return nil, e, err
			}
			time.Sleep(time.Millisecond)
			rc, _, err := b.Open(ctx, key)
			return rc, e, err
		}})
	}},
	{name: "resumes a listing after a key that is not its last one", caught: "Pages", only: true, open: func() core.Backend {
		return overWith(without(func(f *core.Features) { f.Unordered = true }), broken{list: resumes})
	}},
	{name: "an Other is proved", caught: "Prover", only: true, open: func() core.Backend { return otherProver{memory.NewOpaque(memory.All)} }},
	{name: "an md5 of the same size proves", caught: "Prover", open: func() core.Backend { return lyingProver{memory.NewOpaque(memory.All)} }},
	{name: "all files of one size have one fingerprint", caught: "Fingerprinter", open: func() core.Backend { return sizePrints{memory.NewOpaque(memory.All)} }},
	{name: "a batch hides the errors of its keys", caught: "BatchDelete", open: func() core.Backend { return silentBatch{memory.NewOpaque(memory.All)} }},
	{name: "costs less than nothing", caught: "Coster", open: func() core.Backend { return generous{memory.New()} }},
	{name: "a copy takes another version", caught: "Copier", open: func() core.Backend { return copier{memory.New(), anyVersion} }},
	{name: "a copy takes a link for a file", caught: "Copier", open: func() core.Backend { return copier{memory.New(), anyKind} }},
	{name: "a copy goes over anything", caught: "Copier", open: func() core.Backend { return copier{memory.New(), anyOld} }},
	{name: "the end of a run empties the tree", caught: "Finisher", open: func() core.Backend { return sweeper{memory.New()} }},
}

// resumes lists in pages, in the order of directories, each after the last key.
func resumes(ctx context.Context, b core.Backend, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for {
			all, err := collect(b.List(ctx, after))
			page := all[:min(500, len(all))]
			for _, e := range page {
				if ctx.Err() != nil {
					break
				}
				if !yield(e, nil) {
					return
				}
				after = e.Key
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(core.Entry{}, err)
			}
			if err != nil || len(page) == len(all) {
				return
			}
		}
	}
}

type otherProver struct{ *memory.Opaque }

func (p otherProver) Proves(have core.Entry, e core.Evidence) bool {
	return e.Kind == core.Other || p.Opaque.Proves(have, e)
}

type lyingProver struct{ *memory.Opaque }

func (lyingProver) Proves(have core.Entry, e core.Evidence) bool { return have.Size == e.Size }

type sizePrints struct{ *memory.Opaque }

func (sizePrints) Fingerprint(have core.Entry) string {
	if have.Size == 0 {
		return ""
	}
	return strconv.FormatInt(have.Size, 10)
}

type silentBatch struct{ *memory.Opaque }

func (b silentBatch) DeleteBatch(ctx context.Context, olds []core.Entry) []error {
	return make([]error, len(b.Opaque.DeleteBatch(ctx, olds)))
}

type generous struct{ *memory.Tree }

func (generous) PutCost(core.Entry) core.Requests  { return core.Requests{core.ClassPut: -1} }
func (generous) OpenCost(core.Entry) core.Requests { return core.Requests{} }
func (generous) DeleteCost(n int64) core.Requests  { return core.Requests{core.ClassDelete: n} }

type sweeper struct{ *memory.Tree }

func (s sweeper) Finish(ctx context.Context, _ core.Done) ([]string, error) {
	entries, err := collect(s.List(ctx, ""))
	for _, e := range entries {
		err = errors.Join(err, s.Delete(ctx, e))
	}
	return nil, err
}

// shifted reads one byte too far on.
type shifted struct{ io.ReaderAt }

func (s shifted) ReadAt(p []byte, off int64) (int, error) { return s.ReaderAt.ReadAt(p, off+1) }

// copier copies by reading and putting, and forgets to look at something.
type copier struct {
	*memory.Tree
	flaw string
}

const anyVersion, anyKind, anyOld = "version", "kind", "old"

func (copier) CanCopy(core.Tree, core.Entry) bool { return true }

func (copier) CopyCost(core.Entry) core.Requests { return core.Requests{core.ClassCopy: 1} }

func (c copier) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	body, got, err := src.Open(ctx, e.Key)
	if err != nil || c.flaw != anyVersion && got.Token != e.Token || c.flaw != anyKind && body == nil {
		return core.Entry{}, errors.ErrUnsupported
	}
	if body == nil {
		got, body = core.Entry{Kind: core.File}, io.NopCloser(strings.NewReader(""))
	}
	got.Key = key
	if now, err := c.Stat(ctx, key); err == nil && c.flaw == anyOld {
		old = &now
	}
	return c.Put(ctx, got, body, old)
}
