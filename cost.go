package s3fc

import (
	"reflect"
	"slices"

	"github.com/s3fc/s3fc/core"
)

// An Estimate is about the cost of requests, without storage and traffic.
type Estimate struct {
	// Dollars is the cost in US dollars, if Known. It is not known if the price of
	// any request is not, or if no store charges for any.
	Dollars float64
	Known   bool
	// Prices are the price lists that went into it.
	Prices []*core.Prices
}

// Add returns the sum of both, which is known if either is and the other has no requests
// that cost anything.
func (e Estimate) Add(f Estimate) Estimate {
	e.Dollars, e.Known = e.Dollars+f.Dollars, e.Known || f.Known
	for _, p := range f.Prices {
		if !slices.Contains(e.Prices, p) {
			e.Prices = append(slices.Clone(e.Prices), p)
		}
	}
	return e
}

// bill is the requests of one tree, and their prices.
type bill struct {
	requests core.Requests
	prices   *core.Prices
	free     bool // the store charges for no request
}

// newBill returns the requests that t has sent. own are prices that count instead
// of the store's, if not nil.
func newBill(t core.Tree, own *core.Prices) bill {
	m, ok := core.As[core.RequestCounter](t)
	if !ok {
		return bill{free: true}
	}
	b := bill{requests: m.Requests(), prices: own}
	if p, ok := core.As[core.Pricer](t); ok && own == nil {
		prices, known := p.Prices()
		b.prices, b.free = prices, known && prices == nil
	}
	return b
}

// Spent returns the requests that t has sent and about their cost, by prices if
// they are not nil, and else by the store's.
func Spent(t core.Tree, prices *core.Prices) (core.Requests, Estimate) {
	b := newBill(t, prices)
	return b.requests, estimate(b)
}

// estimate adds up the cost of bills.
func estimate(bills ...bill) Estimate {
	var e Estimate
	for _, b := range bills {
		switch {
		case b.free || b.requests.Total() == 0:
		case b.prices == nil:
			return Estimate{}
		default:
			e.Known = true
			e.Dollars += b.prices.Cost(b.requests)
			if !slices.Contains(e.Prices, b.prices) {
				e.Prices = append(e.Prices, b.prices)
			}
		}
	}
	return e
}

// account returns the requests that the trees of a run have sent, and about the
// cost of these and of the requests that a plan still needs.
func (r *run) account(need core.Requests) (core.Requests, Estimate) {
	src, dst, saved := newBill(r.src.tree, r.o.Prices), newBill(r.dst.tree, r.o.Prices), bill{free: true}
	if sameCounter(r.src.tree, r.dst.tree) {
		dst.requests = core.Requests{}
	}
	if r.backup.tree != nil {
		saved = newBill(r.backup.tree, r.o.Prices)
	}
	reused := bill{free: true}
	if r.reuse.tree != nil {
		reused = newBill(r.reuse.tree, r.o.Prices)
	}
	sent := src.requests.Add(dst.requests).Add(saved.requests).Add(reused.requests)
	read, written := split(need)
	src.requests, dst.requests = src.requests.Add(read), dst.requests.Add(written)
	return sent, estimate(src, dst, saved, reused)
}

// costOf is about the cost of requests to both trees.
func (r *run) costOf(need core.Requests) Estimate {
	src, dst := newBill(r.src.tree, r.o.Prices), newBill(r.dst.tree, r.o.Prices)
	src.requests, dst.requests = split(need)
	return estimate(src, dst)
}

// split separates the requests to the source from those to the destination.
func split(r core.Requests) (src, dst core.Requests) {
	for _, c := range []core.Class{core.ClassList, core.ClassHead, core.ClassGet} {
		src[c] = r[c]
	}
	return src, r.Sub(src)
}

// sameCounter reports whether two trees count their requests together.
func sameCounter(a, b core.Tree) bool {
	m, ok := core.As[core.RequestCounter](a)
	n, also := core.As[core.RequestCounter](b)
	return ok && also && reflect.TypeOf(m) == reflect.TypeOf(n) && reflect.TypeOf(m).Comparable() && m == n
}
