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
		Name: "Order", Guide: "Listing", Needs: ordered,
		Why: "the two sides are merged by key; one key out of place makes a copy delete a file that it just wrote",
		Run: run(checkOrder),
	},
	{
		Name: "ListIsComplete", Guide: "Listing",
		Why: "an entry that is not listed counts as absent and is deleted on the other side",
		Run: run(checkComplete),
	},
	{
		Name: "After", Guide: "Listing",
		Why: "a listing that failed is resumed after its last key, and a large one is split by keys",
		Run: run(checkAfter),
	},
	{
		Name: "Pages", Guide: "Listing", Long: true,
		Why: "stores list in pages, and entries get lost or doubled between two of them",
		Run: run(checkPages),
	},
	{
		Name: "ListMatchesStat", Guide: "Listing",
		Why: "a plan is made from the listing, and a wrong size or token in it makes a wrong plan",
		Run: run(checkListMatchesStat),
	},
	{
		Name: "CancelledList", Guide: "Listing",
		Why: "a listing that was cut short and looks complete deletes every entry that it did not reach",
		Run: run(checkCancelledList),
	},
	{
		Name: "EarlyBreak", Guide: "Listing",
		Why: "a listing that is left early must release its goroutines and connections",
		Run: run(checkEarlyBreak),
	},
}

// orderKeys sort differently where a directory sorts by its name alone, where
// UTF-16 is compared, or where case is ignored. None is a directory of another,
// not even if case is ignored.
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
		p.failf("List yielded %q;\nwant, in byte order, %q", got, keys)
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
			p.failf("List(after %q) yielded %q; want %q", after, got, want)
		}
	}
}

func checkPages(p *probe) {
	const n = 2100
	var keys []string
	for i := range n {
		// By name d comes before d-x, and by key after it. The names of a directory are
		// more than systems read at once.
		keys = append(keys, fmt.Sprintf("d%s/%04d%s", []string{"", "-x", ".y"}[i%3], i, strings.Repeat("-", 60)))
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
		p.failf("List yielded %d keys; want the %d that were put, in order", len(got), len(keys))
	}
	if got := p.keys(keys[999]); len(got) != n-1000 {
		p.failf("List(after the 1000th key) yielded %d keys; want %d", len(got), n-1000)
	}
}

func checkListMatchesStat(p *probe) {
	p.mixture()
	for _, e := range p.list("") {
		stat := p.stat(e.Key)
		switch {
		case !e.Partial && e.MaybeLink:
			p.failf("%q: listed with MaybeLink, but not as Partial", e.Key)
		case !e.Partial && differences(e, stat) != "":
			p.failf("%q: List and Stat return different entries: %s", e.Key, differences(e, stat))
		case e.Partial:
			checkPartial(p, e, stat)
		}
	}
}

// checkPartial checks the fields that a partial entry of a listing has against the
// complete entry.
func checkPartial(p *probe, e, stat core.Entry) {
	switch {
	case e.Key != stat.Key || e.Token != stat.Token:
		p.failf("%q: List has the token %q, Stat %q", e.Key, e.Token, stat.Token)
	case e.Kind != stat.Kind && (!e.MaybeLink || e.Kind != core.File):
		p.failf("%q: listed as a %s without MaybeLink; Stat returns %s", e.Key, e.Kind, show(stat))
	case e.Kind == stat.Kind && e.Size != stat.Size:
		p.failf("%q: List has Size %d, Stat %d", e.Key, e.Size, stat.Size)
	case e.MD5.Known() && e.MD5 != stat.MD5:
		p.failf("%q: List has the md5 %s, Stat %q", e.Key, e.MD5, stat.MD5)
	case !e.ModTime.IsZero() && !e.ModTime.Equal(stat.ModTime):
		p.failf("%q: List has ModTime %s, Stat %s", e.Key, utc(e.ModTime), utc(stat.ModTime))
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
				p.failf("the listing goes on after the error %w", last)
			}
			if n++; n == reached {
				cancel()
			}
			last = err
		}
		cancel()
		switch key, one := core.ErrorKey(last); {
		case !errors.Is(last, context.Canceled):
			p.failf("a listing that was cancelled after %d entries ends after %d: %s", reached, n, notErr(last, context.Canceled))
		case one:
			p.failf("a listing that was cancelled ends with an error about the key %q; want one without a key", key)
		}
	}
}

// breaks is the number of listings that are left early. A leak shows as about as
// many goroutines; a few connections kept for reuse do not.
const breaks = 40

// labels counts the labels of goroutines, so that each is used once.
var labels atomic.Int64

func checkEarlyBreak(p *probe) {
	for i := range 20 {
		p.files(fmt.Sprintf("d%d/f%02d", i%4, i))
	}
	label := fmt.Sprintf("listings %d", labels.Add(1))
	done := make(chan struct{})
	go pprof.Do(p.ctx, pprof.Labels("conformance", label), func(ctx context.Context) {
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
		if left = goroutinesOf(label); left < breaks/2 {
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
