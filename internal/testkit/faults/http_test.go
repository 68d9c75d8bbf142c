package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/httpfault"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// thorough makes tests try everything instead of a choice.
var thorough = os.Getenv("S3FC_TEST_THOROUGH") != ""

// An arena is a store that breaks on demand, with many buckets.
type arena struct {
	way     way
	server  *s3server.Server
	faults  httpfault.Switch
	buckets int
}

func newArena(t testing.TB, w way) *arena {
	a := &arena{way: w}
	pages := httpfault.Pages(4)
	a.server = s3server.New(t, w.quirks(), s3server.Wrap(func(next http.Handler) http.Handler { return a.faults.Wrap(ahead(pages(next))) }))
	return a
}

func (a *arena) bucket() string {
	a.buckets++
	name := fmt.Sprintf("bucket-%d", a.buckets)
	a.server.CreateBucket(name)
	return name
}

// open opens a bucket; hasty is impatient.
func (a *arena) open(t testing.TB, bucket string, hasty bool) *s3.Tree {
	t.Helper()
	o := s3Options()
	o.Bucket = bucket
	if hasty {
		o.StallTimeout = 500 * time.Millisecond
	}
	return openS3(t, a.server.URL, o)
}

func s3Options() s3.Options {
	return s3.Options{Bucket: "test", Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
}

// openS3 opens a tree at an endpoint, with retries that hardly wait.
func openS3(t testing.TB, endpoint string, o s3.Options) *s3.Tree {
	t.Helper()
	o.Params = url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}}
	o.MaxBackoff, o.Env.GiveUp = time.Millisecond, time.Second
	tree, err := s3.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree
}

func onGateway(t testing.TB, g *versitygw.Gateway) *s3.Tree {
	t.Helper()
	return openS3(t, g.Endpoint, s3.Options{
		Bucket: g.Bucket(t), NotFlat: true, Credentials: credentials.NewStaticCredentialsProvider(g.AccessKey, g.SecretKey, ""),
	})
}

var (
	before = model.State{
		"same": "the same", "d/changed": "old content", "d/grown": "short", "emptied": "full", "became-file": "-> same", "became-link": "was a file",
		"links/retargeted": "-> same", "extra": "to be deleted", "d/extra": "to be deleted", "z/y/extra": "to be deleted", "z/extra-link": "-> gone",
	}
	after = model.State{
		"same": "the same", "d/changed": "new content", "d/grown": strings.Repeat("grown ", 30_000), "d/new": strings.Repeat("new ", 20_000), "emptied": model.Empty,
		"became-file": "is a file", "became-link": "-> same", "links/retargeted": "-> d/new", "links/new": "-> d/grown",
	}
)

// A side is one of the two ways between a bucket and elsewhere.
type side struct {
	name string
	// set makes both trees anew, and returns them for a run with faults and for one
	// without, and a function that reads the destination.
	set func(t testing.TB, a *arena) (hasty, calm pair, look func() (model.State, error))
}

func planted(s model.State) *memory.Tree {
	tree := memory.New()
	model.Plant(tree, s)
	return tree
}

// fill makes an empty tree hold s.
func fill(t testing.TB, tree core.Backend, s model.State) {
	t.Helper()
	for key := range s {
		e, body := s.Entry(key)
		if _, err := tree.Put(t.Context(), e, bytes.NewReader(body), nil); err != nil {
			t.Fatal(err)
		}
	}
}

var sides = []side{
	{"push", func(t testing.TB, a *arena) (hasty, calm pair, look func() (model.State, error)) {
		src, bucket, caches := planted(after), a.bucket(), a.way.caches(t)
		tree := a.open(t, bucket, false)
		fill(t, tree, before)
		remember(t, caches, planted(before), tree)
		return pair{src, a.open(t, bucket, true), caches}, pair{src, tree, caches}, func() (model.State, error) { return lookBucket(a.server.Store(), bucket) }
	}},
	{"pull", func(t testing.TB, a *arena) (hasty, calm pair, look func() (model.State, error)) {
		bucket, dir, caches := a.bucket(), t.TempDir(), a.way.caches(t)
		src := a.open(t, bucket, false)
		fill(t, src, after)
		dst := openDir(t, dir)
		fill(t, dst, before)
		remember(t, caches, planted(before), dst)
		return pair{a.open(t, bucket, true), dst, caches}, pair{src, dst, caches}, func() (model.State, error) { return lookDir(dir) }
	}},
}

// TestEveryRequestMayGoWrong breaks a push, and a pull, at each request, in
// every way that a store and the way to it break. Whatever happens: each key
// holds the old or the new whole, nothing else is there, no new link leads
// nowhere, a run that says that all is well is right, one that could not put
// everything deleted nothing, and a run without faults puts all right.
func TestEveryRequestMayGoWrong(t *testing.T) {
	for i, way := range ways {
		for _, side := range sides {
			for j, class := range httpfault.Classes() {
				t.Run(side.name+"/"+way.name+"/"+class.Name, func(t *testing.T) {
					if (i+j)%4 != 1 {
						long.Only(t)
					}
					t.Parallel()
					newArena(t, way).playAll(t, side, class, 4*i+j)
				})
			}
		}
	}
}

// playAll plays with the fault at each request, or a choice of them that begins
// at offset.
func (a *arena) playAll(t *testing.T, side side, class httpfault.Class, offset int) {
	t.Helper()
	for n := 1; ; n++ {
		if chosen := thorough || class.Concerns != nil || (n+offset)%every() == 0; chosen && !a.play(t, side, class, n) {
			return
		}
	}
}

// every is the distance between the requests that are chosen.
func every() int {
	if long.Enabled() {
		return 8
	}
	return 24
}

// play copies with one fault and then without, and reports whether the fault
// happened.
func (a *arena) play(t *testing.T, side side, class httpfault.Class, n int) (hit bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	hasty, calm, look := side.set(t, a)
	fault := httpfault.At(n, class)
	a.faults.Set(fault)
	all, runErr := hasty.run(ctx, t, 1)
	a.faults.Set(nil)
	now, err := look()
	if !fault.Hit() {
		class.Heals = true // there was none
	}
	err = errors.Join(err, allowed(now, all, class.Heals), converges(ctx, t, calm, look))
	remembers(t, calm.caches)
	if err != nil {
		t.Errorf("at request %d:\n%v\nthe run said: %v", n, err, runErr)
	}
	return fault.Hit()
}

// allowed returns an error unless a run may leave such a destination.
func allowed(now model.State, all, heals bool) error {
	m := model.Copy{Src: after, Dst: before, Flat: true}
	errs := []error{m.Between(now), m.Undeleted(now), ordered(before, now, after)}
	switch same := maps.Equal(now, after); {
	case all && !same:
		errs = append(errs, errors.New("it said that all is well, and it is not"))
	case heals && !all:
		errs = append(errs, errors.New("it should have tried again"))
	}
	return errors.Join(errs...)
}

func converges(ctx context.Context, t testing.TB, calm pair, look func() (model.State, error)) error {
	if all, err := calm.run(ctx, t, 4); !all {
		return fmt.Errorf("a run without faults after that: %w", err)
	}
	now, err := look()
	if err == nil && !maps.Equal(now, after) {
		err = fmt.Errorf("after a run without faults there is %v", now)
	}
	return err
}
