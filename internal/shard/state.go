package shard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/core"
)

// ErrNotNow: the turn of a task has not come, or its run is another, or the run has
// ended. Nothing was written.
var ErrNotNow = errors.New("not now")

func notNow(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrNotNow, fmt.Errorf(format, args...))
}

// maxRecord is the size in bytes of the largest record that is read whole. Plans
// are larger and are read as streams.
const maxRecord = 64 << 20

// notEnded returns an error that is [ErrNotNow] if the run has ended.
func notEnded(ctx context.Context, s state) error {
	ended, err := s.has(ctx, reportKey)
	if err == nil && ended {
		err = notNow("the run has ended")
	}
	return err
}

// readers is how many records are read at once.
const readers = 32

// forEach calls f with each number below n, a few at a time, and returns the first
// error.
func forEach(ctx context.Context, n int, f func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return f(i) })
	}
	return g.Wait()
}

// state is the tree in which the tasks of a run leave their records.
type state struct{ core.Backend }

// spent returns the requests that this process has sent to the tree, and those with
// which it is about to create its last record, and read so many. It is nil for a tree
// that sends none.
func (s state) spent(reads int64) map[string]int64 {
	c, ok := core.As[core.RequestCounter](s.Backend)
	if !ok {
		return nil
	}
	sent := c.Requests()
	sent[core.ClassPut]++
	sent[core.ClassGet] += reads
	return sent.Map()
}

// create stores content at key if nothing is there. Otherwise it reports created
// false: somebody else was first.
func (s state) create(ctx context.Context, key string, content []byte) (created bool, err error) {
	_, err = s.put(ctx, key, content, nil)
	if errors.Is(err, core.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

func (s state) put(ctx context.Context, key string, content []byte, old *core.Entry) (core.Entry, error) {
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content), ModTime: time.Now()}
	return s.Put(ctx, e, bytes.NewReader(content), old)
}

// createJSON is create of a value's JSON.
func (s state) createJSON(ctx context.Context, key string, v any) (created bool, err error) {
	b, err := encode(v)
	if err != nil {
		return false, err
	}
	return s.create(ctx, key, b)
}

func encode(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// read returns the content of a record and its entry. An absent record is an error
// that is [fs.ErrNotExist].
func (s state) read(ctx context.Context, key string) ([]byte, core.Entry, error) {
	body, e, err := s.Open(ctx, key)
	if err != nil {
		return nil, e, err
	}
	if body == nil {
		return nil, e, notFile(key)
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxRecord+1))
	if err == nil && len(b) > maxRecord {
		err = fmt.Errorf("%s is larger than any record", key)
	}
	return b, e, err
}

func notFile(key string) error { return fmt.Errorf("%s is no file, and a record of a run is one", key) }

func unreadable(key string, err error) error { return fmt.Errorf("%s cannot be read: %w", key, err) }

// readJSON reads a record into v. A record that is not whole JSON, or has fields
// that this version does not know, is an error: it counts as neither absent nor done.
func (s state) readJSON(ctx context.Context, key string, v any) (core.Entry, error) {
	b, e, err := s.read(ctx, key)
	if err != nil {
		return e, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return e, unreadable(key, err)
	}
	return e, nil
}

// has reports whether there is a record at key.
func (s state) has(ctx context.Context, key string) (bool, error) {
	_, err := s.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// probeKey is the key of an entry that tests the store's conditions, and is
// removed.
const probeKey = "probe"

// proveCreate checks that the store refuses to create an entry that exists, which
// everything here rests on, by trying. Stores that ignore the condition exist, so
// Features alone do not prove it.
func (s state) proveCreate(ctx context.Context) error {
	const key = probeKey
	if err := s.remove(ctx, key); err != nil {
		return err
	}
	for i, want := range []bool{true, false} {
		created, err := s.create(ctx, key, []byte{byte('1' + i)})
		if err != nil {
			return err
		}
		if i == 0 && !created {
			return errors.New("somebody else begins a run there at the same time")
		}
		if created != want {
			_ = s.remove(ctx, key) // the error below says more
			return errors.New("this store overwrites an entry that it was asked to create, so tasks cannot keep each other from writing: use another store for the state")
		}
	}
	return s.remove(ctx, key)
}

func (s state) remove(ctx context.Context, key string) error {
	e, err := s.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Delete(ctx, e)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
