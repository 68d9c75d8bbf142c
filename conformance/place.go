package conformance

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
)

var placeCases = []Case{
	{
		Name: "Creator", Guide: "Abilities", Hooks: []string{"Again"},
		Why: "a summary that says it made the destination, where that was there, hides that a name was mistyped",
		Run: run(checkCreator),
	},
	{
		Name: "Pricer", Guide: "Abilities",
		Why: "the summary and the plan state a price in US dollars by this table",
		Run: run(checkPricer),
	},
	{
		Name: "Endpointer", Guide: "Abilities",
		Why: "a saved plan is applied only at the server that it was made for",
		Run: run(checkEndpointer),
	},
	{
		Name: "Locator", Guide: "Abilities",
		Why: "the first line of a run shows this to a person, who must not find control characters in it, nor another place each time",
		Run: run(checkLocator),
	},
	{
		Name: "WebsiteReader", Guide: "Abilities",
		Why: "a preview shows visitors' errors and redirects by this description, and must change nothing",
		Run: run(checkWebsiteReader),
	},
	{
		Name: "Watcher", Guide: "Abilities", Long: true,
		Why: "a preview that misses a change shows the old page until the next one",
		Run: run(checkWatcher),
	},
}

// checkCreator opens the store once more: by then it exists.
func checkCreator(p *probe) {
	c, ok := core.As[core.Creator](p.b)
	if !ok {
		return
	}
	before := c.Created()
	p.files("d/x")
	made := c.Created()
	if before && !made {
		p.failf("Created is true, and false after a Put")
	}
	p.remove(p.stat("d/x"))
	if c.Created() != made {
		p.failf("Created is %t after a Put, and %t after a Delete", made, !made)
	}
	p.files("d/y")
	if b := p.again(); b != nil {
		again, ok := core.As[core.Creator](b)
		if !ok {
			p.failf("another backend on the same store is no core.Creator")
			return
		}
		q := p.from(b)
		q.files("d/z")
		if again.Created() {
			p.failf("Created is true for a backend that was opened on a store which was there")
		}
		p.join("through another backend on the same store", q)
	}
}

func checkPricer(p *probe) {
	v, ok := core.As[core.Pricer](p.b)
	if !ok {
		return
	}
	prices, known := v.Prices()
	if prices != nil && !known {
		p.failf("Prices returned a table, and that it is not known")
	}
	if prices == nil {
		return
	}
	if _, err := time.Parse(time.DateOnly, prices.Date); err != nil {
		p.failf("Prices has the Date %q; want one as 2026-11-22", prices.Date)
	}
	classes := map[string]bool{}
	for class := range len(core.Requests{}) {
		classes[core.Class(class).String()] = true
	}
	for name, price := range prices.Per1000 {
		if !classes[name] || price < 0 || price > 1 {
			p.failf("Prices has %g US dollars for 1,000 %s; want a class of core.Class, and between 0 and 1", price, name)
		}
	}
}

func checkEndpointer(p *probe) {
	v, ok := core.As[core.Endpointer](p.b)
	if !ok {
		return
	}
	endpoint := v.Endpoint()
	if endpoint != "" {
		if u, err := url.Parse(endpoint); err != nil || u.Scheme == "" || u.Host == "" || u.User != nil {
			p.failf("Endpoint is %q; want a URL with a host and without a password, or nothing", endpoint)
		}
	}
	p.mixture()
	if now := v.Endpoint(); now != endpoint {
		p.failf("Endpoint was %q, and is %q after writing", endpoint, now)
	}
}

func checkLocator(p *probe) {
	v, ok := core.As[core.Locator](p.b)
	if !ok {
		return
	}
	place := v.Location()
	if strings.ContainsFunc(place, func(r rune) bool { return r < ' ' || r == 0x7f }) || place != strings.TrimSpace(place) {
		p.failf("Location is %q; want one line without spaces around it", place)
	}
	p.mixture()
	if now := v.Location(); now != place {
		p.failf("Location was %q, and is %q after writing", place, now)
	}
}

func checkWebsiteReader(p *probe) {
	v, ok := core.As[core.WebsiteReader](p.b)
	if !ok {
		return
	}
	p.mixture()
	before := p.list("")
	first, err := v.Website(p.ctx)
	switch {
	case first == nil:
		p.failf("Website returned nil, with the error %s; want its Prefix in any case", orNone(err))
		return
	case first.Prefix != "" && !strings.HasSuffix(first.Prefix, "/"):
		p.failf("Website has the Prefix %q; want none, or one that ends with a slash", first.Prefix)
	case err != nil:
		return // the store does not tell
	}
	if again, err := v.Website(p.ctx); err != nil || again.Prefix != first.Prefix || again.On() != first.On() {
		p.failf("Website has the Prefix %q and is on: %t; asked again, it has %q and %t: %s", first.Prefix, first.On(), again.Prefix, again.On(), orNone(err))
	}
	for _, r := range first.Rules {
		if r.NewKey != nil && r.NewPrefix != nil {
			p.failf("Website has a rule for %q with both NewKey and NewPrefix", r.KeyPrefix)
		}
	}
	p.sameListing(before)
}

// watchTimeout is how late a change may be told.
var watchTimeout = 10 * time.Second

func checkWatcher(p *probe) {
	v, ok := core.As[core.Watcher](p.b)
	if !ok {
		return
	}
	p.files("d/x")
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	told := make(chan struct{}, 1)
	changed := func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	if err := v.Watch(ctx, changed, func(string) {}); err != nil {
		p.failf("Watch: %w", err)
		return
	}
	for change, do := range map[string]func(){
		"a new file": func() { p.files("new/dir/f") }, "an overwrite": func() { p.file("d/x", "another content") },
		"a delete": func() { p.remove(p.stat("d/x")); p.files("d/x") },
	} {
		time.Sleep(50 * time.Millisecond) // what was before is told
		select {
		case <-told:
		default:
		}
		do()
		select {
		case <-told:
		case <-time.After(watchTimeout):
			p.failf("Watch told nothing of %s within %s", change, watchTimeout)
			return
		}
	}
}
