//go:build unix

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/testkit/httpfault"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"

	"github.com/s3fc/s3fc/core/reconcile"
)

// soakTime is how long a soak lasts.
func soakTime(t testing.TB) time.Duration {
	text := os.Getenv("S3FC_TEST_SOAK")
	if text == "" {
		return 3 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("S3FC_TEST_SOAK: %v", err)
	}
	return d
}

// soakSeed is where the random numbers begin: anywhere, or at S3FC_TEST_SOAK_SEED.
func soakSeed(t testing.TB) uint64 {
	text := os.Getenv("S3FC_TEST_SOAK_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("S3FC_TEST_SOAK_SEED: %v", err)
	}
	return seed
}

// A tank is a store of a soak.
type tank struct {
	core.Backend
	name   string                        // of its memory
	hasty  core.Backend                  // the same with little patience
	others bool                          // can hold entries that cannot be copied
	tame   bool                          // links lead nowhere: to no ring
	set    func(key, value string) error // behind the backend's back; "" removes
	look   func() (model.State, error)
}

// A soak copies between two stores that both change, with faults, and compares the
// outcome with the model.
type soak struct {
	t       *testing.T
	rnd     *rand.Rand
	tanks   [2]tank
	temp    string
	caches  string            // where runs store their memory; "": nowhere
	disk    bool              // one of the stores is one, whose entries take time to settle
	faults  *httpfault.Switch // nil: none of the network
	classes []httpfault.Class
	round   int
	failed  int // rounds in which something failed
}

// run lasts until end.
func (s *soak) run(seed uint64, end time.Time) {
	s.rnd = rand.New(rand.NewPCG(seed, 0))
	s.classes = httpfault.Classes()
	for ; time.Now().Before(end) && !s.t.Failed(); s.round++ {
		if err := s.turn(); err != nil {
			s.t.Errorf("seed %d, round %d: %v", seed, s.round, err)
		}
	}
}

// soakMany runs so many soaks at once, half of them with caches, for each spends most of its time in
// pauses before another try.
func soakMany(t *testing.T, n int, one func(way) *soak) {
	var wg sync.WaitGroup
	seed, end := soakSeed(t), time.Now().Add(soakTime(t))
	all := make([]*soak, n)
	for i := range all {
		all[i] = one(ways[i%len(ways)])
		wg.Go(func() { all[i].run(seed+uint64(i), end) })
	}
	wg.Wait()
	rounds, failed := 0, 0
	for _, s := range all {
		rounds, failed = rounds+s.round, failed+s.failed
	}
	t.Logf("seeds from %d: %d rounds, in %d of them something failed", seed, rounds, failed)
	if rounds > 50 && failed == 0 {
		t.Error("nothing ever failed")
	}
	for _, s := range all {
		if s.round > 20 {
			remembers(t, s.caches)
		}
	}
}

// turn changes both stores, copies with faults, and then without.
func (s *soak) turn() error {
	from := s.rnd.IntN(2)
	src, dst := s.tanks[from], s.tanks[1-from]
	m := model.Copy{Flat: dst.Features().Flat, Delete: reconcile.DeleteMode(s.rnd.IntN(3))}
	var err error
	for _, side := range []struct {
		tank
		state *model.State
	}{{src, &m.Src}, {dst, &m.Dst}} {
		if *side.state, err = s.change(side.tank); err != nil {
			return fmt.Errorf("changing: %w", err)
		}
	}
	ok, runErr := s.faulty(m, src, dst)
	now, err := dst.look()
	if err == nil {
		err = errors.Join(m.Between(now), m.Undeleted(now))
	}
	if err == nil && ok && !maps.Equal(now, m.Result()) {
		err = fmt.Errorf("it said that all is well, and there is %v; want %v", now, m.Result())
	}
	if !ok {
		s.failed++
	}
	if err != nil {
		return fmt.Errorf("with faults: %w\n%s\nthe run said: %w", err, show(m, now), runErr)
	}
	return s.calm(model.Copy{Src: m.Src, Dst: now, Flat: m.Flat, Delete: m.Delete}, src, dst)
}

func show(m model.Copy, now model.State) string {
	return fmt.Sprintf("flat %v, delete %v\nsrc %v\ndst %v\nnow %v", m.Flat, m.Delete, m.Src, m.Dst, now)
}

// calm copies without faults, and checks that the source is as it was.
func (s *soak) calm(m model.Copy, src, dst tank) error {
	sum, err := s.copy(m, src, dst)
	if err != nil || sum.Errors != 0 {
		return fmt.Errorf("without faults: %+v, %w\n%s", sum, err, show(m, nil))
	}
	now, err := dst.look()
	if err == nil && !maps.Equal(now, m.Result()) {
		err = fmt.Errorf("without faults there is %v; want %v\n%s", now, m.Result(), show(m, now))
	}
	if err != nil {
		return err
	}
	if left, err := src.look(); err != nil || !maps.Equal(left, m.Src) {
		return fmt.Errorf("the source is now %v, %w; it was %v", left, err, m.Src)
	}
	if sum, err = s.copy(m, src, dst); err != nil || sum.Files+sum.Links+sum.Deletes != 0 {
		return fmt.Errorf("a second run without faults did %+v, %w\n%s", sum, err, show(m, now))
	}
	return nil
}

// change makes a few changes and returns the new state.
func (s *soak) change(in tank) (model.State, error) {
	was, err := in.look()
	if err != nil {
		return nil, err
	}
	now := maps.Clone(was)
	for range s.rnd.IntN(6) {
		now.Change(s.rnd, in.Features().Flat, in.others)
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if len(now) > 8 || s.rnd.IntN(8) == 0 {
			delete(now, key)
		} else if in.tame && strings.HasPrefix(now[key], "-> ") && now[key] != was[key] {
			now[key] = model.Link(fmt.Sprint("no/such", s.rnd.IntN(3)))
		}
	}
	for key := range was {
		if was[key] != now[key] {
			err = errors.Join(err, in.set(key, ""))
		}
	}
	for key := range now {
		if was[key] != now[key] {
			err = errors.Join(err, in.set(key, now[key]))
		}
	}
	return now, err
}

// faulty copies with faults on both sides, and reports whether it said that all
// is well.
func (s *soak) faulty(m model.Copy, src, dst tank) (ok bool, err error) {
	src.Backend = wrap.Fault(src.hasty, s.injector())
	dst.Backend = wrap.Fault(dst.hasty, s.injector())
	if s.faults != nil && s.rnd.IntN(3) > 0 {
		s.faults.Set(httpfault.At(1+s.rnd.IntN(12), s.classes[s.rnd.IntN(len(s.classes))]))
		defer s.faults.Set(nil)
	}
	sum, err := s.copy(m, src, dst)
	return err == nil && sum.Errors == 0, err
}

func (s *soak) copy(m model.Copy, src, dst tank) (reconcile.Summary, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if s.caches != "" {
		defer s.remembering(&src, &dst)()
	}
	r := &reconcile.Reconciler{Src: src.Backend, Dst: dst.Backend, Delete: m.Delete, Jobs: 1 + s.rnd.IntN(4), TempDir: s.temp}
	plan, err := r.Prepare(ctx)
	if err != nil {
		return reconcile.Summary{}, err
	}
	defer plan.Close() //nolint:errcheck // Nothing is lost with it.
	return r.Apply(ctx, plan, nil)
}

// remembering puts caches around both stores, until the function that it returns.
// Some runs have the old cache of another user.
func (s *soak) remembering(sides ...*tank) (done func()) {
	if s.disk && s.rnd.IntN(2) == 0 {
		settled()
	}
	var stores []*cache.Store
	for _, side := range sides {
		dir := s.caches
		if s.rnd.IntN(8) == 0 {
			dir = filepath.Join(dir, "another user's")
		}
		store := cache.Open(dir, side.name, quiet)
		side.Backend = cache.Over(side.Backend, store)
		stores = append(stores, store)
	}
	return func() {
		for _, store := range stores {
			store.Close()
		}
	}
}

// injector fails operations now and then, in some rounds often.
func (s *soak) injector() wrap.Injector {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(s.rnd.Uint64(), 0))
	odds := []int{1 << 30, 100, 20, 4}[s.rnd.IntN(4)]
	errs := []error{
		errors.New("for good"), core.Transient(errors.New("for now")), core.Transient(os.ErrDeadlineExceeded),
		fmt.Errorf("not allowed: %w", fs.ErrPermission), wrap.ErrEnd,
	}
	return wrap.InjectorFunc(func(op wrap.Step) error {
		mu.Lock()
		defer mu.Unlock()
		if rnd.IntN(odds) != 0 {
			return nil
		}
		err := errs[rnd.IntN(len(errs))]
		if op.Kind == wrap.StepNext && rnd.IntN(2) == 0 {
			return &core.Error{Op: "list", Key: op.Key, Err: err}
		}
		return err
	})
}

// inMemory is a tank over a tree in memory, past which it is changed.
func inMemory(t testing.TB, name string, tree interface {
	core.Backend
	Plant(e core.Entry, body []byte)
	Uproot(key string)
}) tank {
	return tank{
		Backend: tree, hasty: tree, name: name, others: true,
		set: func(key, value string) error {
			if tree.Uproot(key); value != "" {
				tree.Plant(model.State{key: value}.Entry(key))
			}
			return nil
		},
		look: func() (model.State, error) { return model.Look(t.Context(), tree) },
	}
}

func TestSoakInMemory(t *testing.T) {
	long.Only(t)
	t.Parallel()
	f := memory.All
	f.Flat = false
	soakMany(t, 16, func(w way) *soak {
		return &soak{t: t, temp: t.TempDir(), caches: w.caches(t), tanks: [2]tank{inMemory(t, "memory", memory.New()), inMemory(t, "opaque", memory.NewOpaque(f))}}
	})
}

func TestSoakOfADirectoryAndS3(t *testing.T) {
	long.Only(t)
	t.Parallel()
	soakMany(t, 4, func(w way) *soak { return soakS3(t, w) })
}

func soakS3(t *testing.T, w way) *soak {
	a, dir := newArena(t, w), t.TempDir()
	bucket := a.bucket()
	local := openDir(t, dir)
	remote := a.open(t, bucket, false)
	return &soak{t: t, temp: t.TempDir(), caches: w.caches(t), disk: true, faults: &a.faults, tanks: [2]tank{{
		Backend: local, hasty: local, name: "directory", others: true, tame: true,
		set:  func(key, value string) error { return onDisk(dir, key, value) },
		look: func() (model.State, error) { return lookDir(dir) },
	}, {
		Backend: remote, hasty: a.open(t, bucket, true), name: "bucket", tame: true,
		set:  func(key, value string) error { return inBucket(t.Context(), remote, key, value) },
		look: func() (model.State, error) { return lookBucket(a.server.Store(), bucket) },
	}}}
}

// inBucket puts or removes an object as another client does.
func inBucket(ctx context.Context, tree core.Backend, key, value string) error {
	old, err := tree.Stat(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist) && value == "":
		return nil
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case value == "":
		return tree.Delete(ctx, old)
	}
	e, body := model.State{key: value}.Entry(key)
	before := &old
	if old.Key == "" {
		before = nil
	}
	_, err = tree.Put(ctx, e, bytes.NewReader(body), before)
	return err
}
