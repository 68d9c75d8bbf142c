package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// linkEnd is how a link ends.
type linkEnd string

const (
	endThere    linkEnd = "ok"       // at an entry or a directory
	endDangling linkEnd = "dangling" // at nothing
	endRing     linkEnd = "ring"     // nowhere: it leads to itself
	endURL      linkEnd = "url"      // outside the tree; nobody asked
	endRefused  linkEnd = "refused"  // it cannot be carried, for a reason that is said
)

// linkMap is all links of a tree, and their targets. It takes memory for each link.
type linkMap struct {
	links   []core.Entry
	targets map[string]core.Target // of each link, by key
	exists  map[string]bool        // by target
}

// listLinks lists the links of the tree and where each ends. A listing can resolve
// targets only once all links are known, so it is made twice.
func (l *listing) listLinks(ctx context.Context) error {
	m := &linkMap{targets: make(map[string]core.Target), exists: make(map[string]bool)}
	err := l.list(ctx, func(e core.Entry) {
		if e.Kind == core.Link || errors.Is(e.Problem, core.ErrUnsupportedLink) {
			m.add(e)
		}
	})
	if err != nil || len(m.links) == 0 {
		return err
	}
	if err := m.resolve(ctx, l.from); err != nil {
		return err
	}
	for _, e := range m.links {
		l.printLink(e, m)
	}
	return nil
}

func (m *linkMap) add(e core.Entry) {
	m.links = append(m.links, e)
	if e.Kind != core.Link {
		return
	}
	m.targets[e.Key] = e.Target
	if e.Target.URL == "" {
		m.exists[e.Target.Key] = e.Target.Key == "."
	}
}

// resolve finds out which targets exist, as an entry or as a directory.
func (m *linkMap) resolve(ctx context.Context, t core.Tree) error {
	dir := ""
	for e, err := range t.List(ctx, "") {
		if _, one := core.ErrorKey(err); err != nil && !one {
			return err
		}
		if err != nil {
			continue // reported the first time
		}
		m.found(e.Key)
		for up := parentKey(e.Key); up != dir && up != ""; up = parentKey(up) {
			m.found(up)
		}
		dir = parentKey(e.Key)
	}
	return nil
}

func (m *linkMap) found(key string) {
	if _, wanted := m.exists[key]; wanted {
		m.exists[key] = true
	}
}

// end follows a link to its end. via is where it ends if that is not its own
// target: behind a chain of links.
func (m *linkMap) end(e core.Entry) (end linkEnd, via core.Target) {
	at := e.Target
	for hops := 0; ; hops++ {
		switch next, isLink := m.targets[at.Key]; {
		case at.URL != "":
			return endURL, at
		case !isLink && m.exists[at.Key]:
			return endThere, at
		case !isLink:
			return endDangling, at
		case hops > len(m.links):
			return endRing, e.Target
		default:
			at = next
		}
	}
}

func (l *listing) printLink(e core.Entry, m *linkMap) {
	if e.Kind != core.Link {
		l.printRefused(e)
		return
	}
	end, via := m.end(e)
	chain := end != endRing && !via.Same(e.Target)
	if l.json {
		j := newLsJSON(e)
		j.State = end
		if chain {
			j.EndsAt = via.String()
		}
		l.con.print(encode(j))
		return
	}
	var remarks []string
	if chain {
		remarks = append(remarks, "ends at "+target(via))
	}
	if end == endDangling || end == endRing {
		remarks = append(remarks, string(end))
	}
	s := core.DisplayKey(e.Key) + " → " + target(e.Target)
	if len(remarks) > 0 {
		s += "  " + l.con.outColour(yellow, "("+strings.Join(remarks, ", ")+")")
	}
	l.con.print(s + "\n")
}

// printRefused prints a link that cannot be copied, and why.
func (l *listing) printRefused(e core.Entry) {
	why := e.Problem.Error()
	if l.json {
		j := newLsJSON(e)
		j.State = endRefused
		l.con.print(encode(j))
		return
	}
	l.con.print(core.DisplayKey(e.Key) + "  " + l.con.outColour(yellow, "("+inert(why)+")") + "\n")
}

// parentKey returns the key of the directory that key lies in, "" for the root.
func parentKey(key string) string { return key[:max(0, strings.LastIndexByte(key, '/'))] }
