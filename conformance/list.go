package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

func ordered(f core.Features) bool { return !f.Unordered }

var listCases = []Case{
	{
		Name: "Order", Needs: ordered,
		Why: "the two sides are merged by key; one key out of place and a copy deletes what it just wrote",
		Run: run(checkOrder),
	},
	{
		Name: "ListIsComplete",
		Why:  "what is not listed is taken to be absent",
		Run:  run(checkComplete),
	},
	{
		Name: "After",
		Why:  "a listing that failed is gone on with after its last key, and large ones are split",
		Run:  run(checkAfter),
	},
	{
		Name: "Pages", Long: true,
		Why: "stores list in pages, and the seams are where entries are lost or doubled",
		Run: run(checkPages),
	},
	{
		Name: "ListMatchesStat",
		Why:  "a plan is made from the listing; what it says of an entry has to be so",
		Run:  run(checkListMatchesStat),
	},
	{
		Name: "CancelledList",
		Why:  "a listing that was cut must not look complete: all that it did not reach would be deleted",
		Run:  run(checkCancelledList),
	},
	{
		Name: "EarlyBreak",
		Why:  "a listing that nobody reads on must let go of its goroutines and connections",
		Run:  run(checkEarlyBreak),
	},
}

// orderKeys are such that they come out in another order where a directory
// sorts by its name alone, UTF-16 is compared, or case is ignored. None is
// another one's directory, not even if case is ignored.
var orderKeys = []string{
	"C", "D1/1", "a b", "a!", "a-b", "a-c/d", "a.txt", "a/1", "a/1.x/y", "a/10", "a/2/3", "a0", "aé", "aa/b", "b/c/d/e", "ba",
	"z", "é", "éa/x", "日本", "\uff5e", "😀",
}

func checkOrder(p *probe) {
	keys := slices.Sorted(slices.Values(orderKeys))
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(keys)) {
		p.files(keys[i])
	}
	if got := p.keys(""); !slices.Equal(got, keys) {
		p.failf("List: %q,\nwant %q", got, keys)
	}
}

func checkComplete(p *probe) {
	p.files(orderKeys...)
	p.holdsKeys(slices.Clone(orderKeys)...)
}

func checkAfter(p *probe) {
	p.files(orderKeys...)
	keys := slices.Sorted(slices.Values(orderKeys))
	afters := append([]string{"a", "a/", "a/0", "a.", "b", "b/c", "b/c/d/e/f", "b/d", "zz", "\U0010ffff"}, keys...)
	for _, after := range afters {
		var want []string
		for _, key := range keys {
			if key > after {
				want = append(want, key)
			}
		}
		got := p.keys(after)
		if p.features.Unordered {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			p.failf("List(after %q): %q, want %q", after, got, want)
		}
	}
}

func checkPages(p *probe) {
	const n = 2100
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("d%d/%04d", i%3, i))
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				p.files(keys[i-1])
			}
		})
	}
	wg.Wait()
	slices.Sort(keys)
	got := p.keys("")
	if p.features.Unordered {
		slices.Sort(got)
	}
	if !slices.Equal(got, keys) {
		p.failf("List: %d keys, want %d, in order", len(got), len(keys))
	}
	if got := p.keys(keys[999]); len(got) != n-1000 {
		p.failf("List(after the 1000th key): %d keys, want %d", len(got), n-1000)
	}
}

func checkListMatchesStat(p *probe) {
	p.mixture()
	for _, e := range p.list("") {
		stat := p.stat(e.Key)
		switch {
		case !e.Partial && e.MaybeLink:
			p.failf("%q: listed as one that may be a link, but not as partial", e.Key)
		case !e.Partial && !identical(e, stat):
			p.failf("%q: listed as %+v, Stat says %+v", e.Key, e, stat)
		case e.Partial:
			p.partial(e, stat)
		}
	}
}

// partial checks that what a listing does say is so.
func (p *probe) partial(e, stat core.Entry) {
	switch {
	case e.Key != stat.Key || e.Token != stat.Token:
		p.failf("%q: listed with key and token %q %q, Stat says %q %q", e.Key, e.Key, e.Token, stat.Key, stat.Token)
	case e.Kind != stat.Kind && (!e.MaybeLink || e.Kind != core.File):
		p.failf("%q: listed as a %s that cannot be a link; Stat says %s", e.Key, e.Kind, show(stat))
	case e.Kind == stat.Kind && e.Size != stat.Size:
		p.failf("%q: listed with %d bytes, Stat says %d", e.Key, e.Size, stat.Size)
	case e.MD5.Known() && e.MD5 != stat.MD5:
		p.failf("%q: listed with md5 %s, Stat says %q", e.Key, e.MD5, stat.MD5)
	case !e.ModTime.IsZero() && !e.ModTime.Equal(stat.ModTime):
		p.failf("%q: listed with time %s, Stat says %s", e.Key, e.ModTime, stat.ModTime)
	}
}

func checkCancelledList(p *probe) {
	for i := range 20 {
		p.files(fmt.Sprintf("d%d/f%02d", i%4, i))
	}
	for _, reached := range []int{0, 1, 7} {
		ctx, cancel := context.WithCancel(p.ctx)
		n, last := 0, error(nil)
		if reached == 0 {
			cancel()
		}
		for _, err := range p.b.List(ctx, "") {
			if last != nil {
				p.failf("the listing goes on after %w", last)
			}
			if n++; n == reached {
				cancel()
			}
			last = err
		}
		cancel()
		if _, one := core.ErrorKey(last); !errors.Is(last, context.Canceled) || one {
			p.failf("a listing cancelled after %d entries ends with %v after %d; want context.Canceled, about no key", reached, last, n)
		}
	}
}

// breaks is how many listings are left early; a leak shows as about so many
// goroutines, and a few connections kept for reuse do not.
const breaks = 40

func checkEarlyBreak(p *probe) {
	for i := range 20 {
		p.files(fmt.Sprintf("d%d/f%02d", i%4, i))
	}
	labels := pprof.Labels("conformance", fmt.Sprintf("%p", p))
	done := make(chan struct{})
	go pprof.Do(p.ctx, labels, func(ctx context.Context) {
		defer close(done)
		for range breaks {
			for _, err := range p.b.List(ctx, "") {
				if err != nil {
					p.failf("List: %w", err)
				}
				break
			}
		}
	})
	<-done
	left := 0
	for wait := time.Millisecond; wait < 2*time.Second; wait *= 2 {
		if left = goroutinesOf(fmt.Sprintf("%p", p)); left < breaks/2 {
			return
		}
		time.Sleep(wait)
	}
	p.failf("%d goroutines are left of %d listings that were not read to their end", left, breaks)
}

// goroutinesOf counts the goroutines that carry a label of this value.
func goroutinesOf(label string) int {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return 0
	}
	total, n := 0, 0
	for line := range strings.Lines(b.String()) {
		if count, _, ok := strings.Cut(line, " @"); ok {
			n, _ = strconv.Atoi(count)
		}
		if strings.HasPrefix(line, "# labels:") && strings.Contains(line, strconv.Quote(label)) {
			total += n
		}
	}
	return total
}
