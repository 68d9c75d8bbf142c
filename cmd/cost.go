package cmd

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/prices"
)

// estimate is about what requests cost.
type estimate struct {
	dollars float64
	known   bool
	tables  []*core.Prices // whose prices went into it
}

// String returns "≈ $0.0123", or empty if the cost is not known.
func (e estimate) String() string {
	switch {
	case !e.known:
		return ""
	case e.dollars == 0:
		return "free"
	case e.dollars < 0.0001:
		return "< $0.0001"
	case e.dollars < 1:
		return fmt.Sprintf("≈ $%.4f", e.dollars)
	}
	return fmt.Sprintf("≈ $%.2f", e.dollars)
}

// source says where the prices are from.
func (e estimate) source() string {
	var names []string
	for _, t := range e.tables {
		names = append(names, fmt.Sprintf("%s, %s", t.Store, t.Date))
	}
	return strings.Join(names, "; ")
}

// bill is the requests of one tree, and how they are paid for.
type bill struct {
	requests core.Requests
	table    *core.Prices
	free     bool // nobody is paid
}

// account fills in the requests that were sent, and what they cost; in a dry
// run also what those cost that are needed.
func (r *run) account(out *outcome) {
	src, dst := r.bill(r.src, r.from), r.bill(r.dst, r.to)
	if sameMeter(r.from, r.to) {
		dst.requests = core.Requests{}
	}
	saved := bill{free: true}
	if r.backup.tree != nil {
		saved = r.bill(r.backup.at, r.backup.tree)
	}
	out.Requests = src.requests.Add(dst.requests).Add(saved.requests)
	if out.DryRun {
		read, written := split(out.Need)
		src.requests, dst.requests = src.requests.Add(read), dst.requests.Add(written)
	} else {
		out.Need = core.Requests{}
	}
	out.Cost = cost(src, dst, saved)
}

// split tells the requests that go to the source from those that go to the
// destination.
func split(r core.Requests) (src, dst core.Requests) {
	for _, c := range []core.Class{core.ClassList, core.ClassHead, core.ClassGet} {
		src[c] = r[c]
	}
	return src, r.Sub(src)
}

// cost adds bills up. It is not known if the price of any request is not, or
// if nobody asks for money.
func cost(bills ...bill) estimate {
	var e estimate
	for _, b := range bills {
		switch {
		case b.free || b.requests.Total() == 0:
		case b.table == nil:
			return estimate{}
		default:
			e.known = true
			e.dollars += b.table.Cost(b.requests)
			if !slices.Contains(e.tables, b.table) {
				e.tables = append(e.tables, b.table)
			}
		}
	}
	return e
}

func (r *run) bill(p place, t core.Tree) bill { return r.limits.bill(p, t) }

func (l *limits) bill(p place, t core.Tree) bill {
	m, ok := core.As[core.RequestCounter](t)
	if !ok {
		return bill{free: true}
	}
	b := bill{requests: m.Requests(), table: l.prices.table}
	if b.table == nil {
		b.table, b.free = pricesOf(p, t)
	}
	return b
}

// pricesOf returns the prices of a tree's store; free is one on this machine.
func pricesOf(p place, t core.Tree) (table *core.Prices, free bool) {
	switch p.url.Scheme {
	case "embedded":
		return nil, true
	case "s3":
		host := p.host()
		if e, ok := core.As[interface{ Endpoint() string }](t); ok {
			host = hostOf(e.Endpoint()) // it also knows what configuration files say
		}
		return prices.For(host, p.url.Host), prices.Local(host)
	}
	return nil, false
}

func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	return u.Host
}

// sameMeter reports whether two trees count in the same place.
func sameMeter(a, b core.Tree) bool {
	m, ok := core.As[core.RequestCounter](a)
	n, also := core.As[core.RequestCounter](b)
	return ok && also && reflect.TypeOf(m) == reflect.TypeOf(n) && reflect.TypeOf(m).Comparable() && m == n
}
