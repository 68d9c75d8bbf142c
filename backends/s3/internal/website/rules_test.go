package website

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

func dirLink(key, target string) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target, Dir: core.IsDir}}
}

func foreignRule(from, to, code string) wire.RoutingRule {
	return wire.RoutingRule{
		Condition: &wire.RuleCondition{KeyPrefixEquals: &from},
		Redirect:  &wire.RuleRedirect{ReplaceKeyPrefixWith: &to, HttpRedirectCode: &code},
	}
}

// text is a rule as a test compares it.
func text(rules []wire.RoutingRule) string {
	var all []string
	for _, r := range rules {
		all = append(all, *r.Condition.KeyPrefixEquals+">"+*r.Redirect.ReplaceKeyPrefixWith+" "+*r.Redirect.HttpRedirectCode)
	}
	return strings.Join(all, ", ")
}

// TestRulesAreMergedInTheirPlaces checks that rules of others stay where they are, and
// that ours come, change and go.
func TestRulesAreMergedInTheirPlaces(t *testing.T) {
	for _, prefix := range []string{"", "site/"} {
		s := &Site{Bucket: "b", Prefix: prefix}
		have := []wire.RoutingRule{
			foreignRule(prefix+"old/", prefix+"v1/", "301"), // not a status of ours
			foreignRule(prefix+"latest/", prefix+"v1/", "302"), foreignRule("elsewhere/x/", "v1", "302"), foreignRule(prefix+"gone/", prefix+"v1/", "302"),
		}
		links := []core.Entry{dirLink("latest", "v2"), dirLink("new", "v2/sub")}
		got, change, err := s.merge(have, core.Routes{Links: links})
		want := fmt.Sprintf("%[1]sold/>%[1]sv1/ 301, %[1]slatest/>%[1]sv2/ 302, elsewhere/x/>v1 302, %[1]snew/>%[1]sv2/sub/ 302", prefix)
		if err != nil || text(got) != want || change.Set != 2 || change.Removed != 1 {
			t.Errorf("rules %q, %+v, %v; want %q", text(got), change, err, want)
		}
		again, change, err := s.merge(got, core.Routes{Links: links})
		if err != nil || change.Any() || text(again) != want {
			t.Errorf("once more: %q, %+v, %v", text(again), change, err)
		}
		if kept, _, _ := s.merge(have, core.Routes{Keep: func(key string) bool { return key == "gone" }}); len(kept) != 3 {
			t.Errorf("with one kept: %q", text(kept))
		}
		if found := s.routeLinks(got); len(found) != 2 || found[0].Key != "latest" || found[1].Target.Key != "v2/sub" {
			t.Errorf("links of the rules: %v", found)
		}
		if note, any := s.StrayNote(got); !any || !strings.Contains(note, "(2)") {
			t.Errorf("note %q, %v", note, any)
		}
	}
}

// TestARuleElsewhereInTheBucketIsNotOurs checks that a rule of another tree for a link
// of the same name does not stand for the rule of this one.
func TestARuleElsewhereInTheBucketIsNotOurs(t *testing.T) {
	links := core.Routes{Links: []core.Entry{dirLink("latest", "v")}}
	have := []wire.RoutingRule{foreignRule("latest/", "v/", "302"), foreignRule("other/latest/", "other/v/", "302")}
	got, change, err := (&Site{Bucket: "b", Prefix: "docs/"}).merge(have, links)
	if want := "latest/>v/ 302, other/latest/>other/v/ 302, docs/latest/>docs/v/ 302"; err != nil || text(got) != want || change.Set != 1 || change.Removed != 0 {
		t.Errorf("rules %q, %+v, %v; want %q", text(got), change, err, want)
	}
}

// TestTooManyRulesAreAnError checks the limit, rules of others included.
func TestTooManyRulesAreAnError(t *testing.T) {
	s := &Site{Bucket: "b"}
	var links []core.Entry
	for i := range maxRoutes {
		links = append(links, dirLink(fmt.Sprintf("l%02d", i), "v"))
	}
	if rules, _, err := s.merge(nil, core.Routes{Links: links}); err != nil || len(rules) != maxRoutes {
		t.Errorf("%d rules, %v; want %d", len(rules), err, maxRoutes)
	}
	if _, _, err := s.merge([]wire.RoutingRule{foreignRule("x/", "y/", "301")}, core.Routes{Links: links}); !errors.Is(err, core.ErrTooManyRoutes) {
		t.Errorf("%v; want ErrTooManyRoutes", err)
	}
}

// TestKeysThatNoRuleCanNameAreRemarkedOn checks that there is no wrong rule for them.
func TestKeysThatNoRuleCanNameAreRemarkedOn(t *testing.T) {
	s := &Site{Bucket: "b"}
	rules, change, err := s.merge(nil, core.Routes{Links: []core.Entry{dirLink("all", "."), dirLink("sp ace", "v"), dirLink("to", "é")}})
	if err != nil || len(rules) > 0 || len(change.Notes) != 3 {
		t.Errorf("rules %q, %+v, %v; want three remarks", text(rules), change, err)
	}
}
