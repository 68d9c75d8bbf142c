package shard

import (
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

// TestTheCostOfARunIsKnownIfEachTasksIs adds tasks whose prices are known and not.
func TestTheCostOfARunIsKnownIfEachTasksIs(t *testing.T) {
	sent := core.Requests{core.ClassPut: 1000}
	priced := toTrees(sent, s3fc.Estimate{Dollars: 0.005, Known: true})
	idle := toTrees(core.Requests{}, s3fc.Estimate{})
	unknown := toTrees(sent, s3fc.Estimate{})
	for name, c := range map[string]struct {
		tasks []Requests
		want  float64
		known bool
	}{
		"nothing sent":       {[]Requests{idle}, 0, false},
		"two tasks":          {[]Requests{priced, idle, priced}, 0.01, true},
		"one without prices": {[]Requests{priced, unknown}, 0.005, false},
	} {
		var sum Requests
		for _, r := range c.tasks {
			sum.add(r)
		}
		if dollars, known := sum.Cost(); dollars != c.want || known != c.known {
			t.Errorf("%s: got %g, %t; want %g, %t", name, dollars, known, c.want, c.known)
		}
	}
}
