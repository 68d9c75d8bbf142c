package s3fc

import (
	"math"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// metered is a tree that has sent requests, with the prices of its store.
type metered struct {
	core.Backend
	sent   core.Requests
	prices *core.Prices
	known  bool
}

func (m *metered) Requests() core.Requests { return m.sent }

func (m *metered) Prices() (*core.Prices, bool) { return m.prices, m.known }

var list = &core.Prices{Store: "test", Date: "2026-01-01", Per1000: map[string]float64{"PUT": 5, "GET": 0.4}}

func TestCostIsKnownOnlyWherePricesAre(t *testing.T) {
	puts := core.Requests{core.ClassPut: 1000}
	plain := memory.New()
	priced, free, unknown := &metered{plain, puts, list, true}, &metered{plain, puts, nil, true}, &metered{plain, puts, nil, false}
	idle := &metered{plain, core.Requests{}, list, true}
	gets := &metered{plain, core.Requests{core.ClassGet: 1000}, list, true}
	for _, tt := range []struct {
		name     string
		src, dst core.Backend
		own      *core.Prices
		known    bool
		dollars  float64
	}{
		{"a push", plain, priced, nil, true, 5},
		{"between two priced stores", gets, priced, nil, true, 5.4},
		{"to a store whose prices are unknown", plain, unknown, nil, false, 0},
		{"from an unknown to a priced one", unknown, priced, nil, false, 0},
		{"to a store that charges nothing", plain, free, nil, false, 0},
		{"from a priced one to one that charges nothing", gets, free, nil, true, 0.4},
		{"nothing sent", plain, idle, nil, false, 0},
		{"prices of one's own", plain, unknown, &core.Prices{Per1000: map[string]float64{"PUT": 7}}, true, 7},
		{"prices of one's own for a store that charges nothing", plain, free, &core.Prices{Per1000: map[string]float64{"PUT": 7}}, true, 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{src: side{tree: tt.src}, dst: side{tree: tt.dst}, o: Options{Prices: tt.own}}
			if _, got := r.account(core.Requests{}); got.Known != tt.known || math.Abs(got.Dollars-tt.dollars) > 1e-9 {
				t.Errorf("cost %+v, want %v %v", got, tt.known, tt.dollars)
			}
		})
	}
}

func TestTheCostOfAPlanHasItsRequestsInIt(t *testing.T) {
	src, dst := &metered{memory.New(), core.Requests{core.ClassGet: 1000}, list, true}, &metered{memory.New(), core.Requests{core.ClassPut: 1000}, list, true}
	r := &run{src: side{tree: src}, dst: side{tree: dst}}
	sent, cost := r.account(core.Requests{core.ClassPut: 2000, core.ClassGet: 3000})
	if sent != (core.Requests{core.ClassPut: 1000, core.ClassGet: 1000}) || math.Abs(cost.Dollars-(15+1.6)) > 1e-9 {
		t.Errorf("sent %v, cost %v; want what was sent, and $16.60", sent, cost.Dollars)
	}
}

func TestOneTreeOnBothSidesIsCountedOnce(t *testing.T) {
	both := &metered{memory.New(), core.Requests{core.ClassList: 2}, nil, true}
	r := &run{src: side{tree: both}, dst: side{tree: both}}
	if sent, _ := r.account(core.Requests{}); sent[core.ClassList] != 2 {
		t.Errorf("%d LIST, want 2", sent[core.ClassList])
	}
}
