package core

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// Class is a class of requests, as stores price them.
type Class uint8

// The classes. A retried request counts again.
const (
	ClassList   Class = iota
	ClassHead         // metadata of one object
	ClassGet          // content of one object, and configuration of a bucket
	ClassPut          // creating an object, and creating, filling and completing a multipart upload
	ClassCopy         // server-side copy
	ClassDelete       // delete, batch delete, and aborting a multipart upload
	classes
)

var classNames = [classes]string{"LIST", "HEAD", "GET", "PUT", "COPY", "DELETE"}

// String returns the class's name, in capitals.
func (c Class) String() string { return classNames[c] }

// Requests are numbers of requests by class.
type Requests [classes]int64

// Add returns the sum of r and q.
func (r Requests) Add(q Requests) Requests {
	for c := range r {
		r[c] += q[c]
	}
	return r
}

// Sub returns r less q.
func (r Requests) Sub(q Requests) Requests {
	for c := range r {
		r[c] -= q[c]
	}
	return r
}

// Total is the number of requests of all classes.
func (r Requests) Total() int64 {
	var n int64
	for _, v := range r {
		n += v
	}
	return n
}

// Map returns the classes that are not zero by name.
func (r Requests) Map() map[string]int64 {
	m := make(map[string]int64)
	for c, n := range r {
		if n != 0 {
			m[Class(c).String()] = n
		}
	}
	return m
}

// String returns "3 LIST, 1 PUT", or "none".
func (r Requests) String() string {
	var parts []string
	for c, n := range r {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, Class(c)))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// A Budget is a hard limit on requests that the trees of one run share. It is
// safe for concurrent use. A nil Budget has no limit.
type Budget struct {
	limit int64
	spent atomic.Int64
}

// NewBudget returns a budget of limit requests.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Spend takes one request from the budget, before it is sent. It returns an
// error that is [ErrBudget] when none is left.
func (b *Budget) Spend() error {
	if b == nil {
		return nil
	}
	if n := b.spent.Add(1); n > b.limit {
		b.spent.Add(-1)
		return fmt.Errorf("%w: all %d requests are spent", ErrBudget, b.limit)
	}
	return nil
}

// Limit is the budget's size, and Left the requests left of it.
func (b *Budget) Limit() int64 { return b.limit }

// Left is the number of requests that may still be sent.
func (b *Budget) Left() int64 { return b.limit - b.spent.Load() }

// Prices are the prices of a store's requests, in US dollars. Storage and
// traffic are not in them.
type Prices struct {
	// Store names the store, its storage class and region.
	Store string `json:"store"`
	// Date is when the prices were looked up, as 2026-11-22.
	Date string `json:"date"`
	// Per1000 is the price of 1,000 requests by the name of their class; a class
	// that is missing is free.
	Per1000 map[string]float64 `json:"per_1000"`
}

// Cost returns the price of r in US dollars.
func (p *Prices) Cost(r Requests) float64 {
	var sum float64
	for class, n := range r.Map() {
		sum += float64(n) / 1000 * p.Per1000[class]
	}
	return sum
}

// A Pricer knows the prices of its requests.
type Pricer interface {
	// Prices returns the store's prices. They are nil with known set for a store
	// that charges for no request, and known is false if they are not known.
	Prices() (p *Prices, known bool)
}
