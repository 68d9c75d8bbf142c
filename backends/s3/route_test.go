package s3

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// host turns hosting on with these rules.
func host(t testing.TB, tree *Tree, rules ...types.RoutingRule) {
	t.Helper()
	_, err := tree.client.PutBucketWebsite(t.Context(), &awss3.PutBucketWebsiteInput{
		Bucket: &tree.bucketName, WebsiteConfiguration: &types.WebsiteConfiguration{
			IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
			ErrorDocument: &types.ErrorDocument{Key: aws.String("sorry.html")},
			RoutingRules:  rules,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ruleLines are the bucket's rules as text.
func ruleLines(t testing.TB, tree *Tree) []string {
	t.Helper()
	config, err := tree.site.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range config.RoutingRules {
		s := aws.ToString(r.Condition.KeyPrefixEquals) + ">" + aws.ToString(r.Redirect.ReplaceKeyPrefixWith) + aws.ToString(r.Redirect.ReplaceKeyWith)
		out = append(out, s+" "+aws.ToString(r.Redirect.HttpRedirectCode))
	}
	if config.ErrorDocument.Inner != "<Key>sorry.html</Key>" {
		t.Errorf("the error document is %q", config.ErrorDocument.Inner)
	}
	return out
}

func dirLinks(pairs ...string) []core.Entry {
	var links []core.Entry
	for i := 0; i < len(pairs); i += 2 {
		links = append(links, core.Entry{Key: pairs[i], Kind: core.Link, Target: core.Target{Key: pairs[i+1], Dir: core.IsDir}})
	}
	return links
}

func rule(from, to, code string) types.RoutingRule {
	r := types.RoutingRule{Condition: &types.Condition{KeyPrefixEquals: &from}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: &to}}
	if code != "" {
		r.Redirect.HttpRedirectCode = &code
	}
	return r
}

// route sets the rules and returns the announced change.
func route(t testing.TB, tree *Tree, want core.Routes) core.RouteChange {
	t.Helper()
	change, err := tree.CheckRoutes(t.Context(), want)
	if err == nil {
		err = tree.Route(t.Context(), want)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := tree.CheckRoutes(t.Context(), want)
	if err != nil || again.Any() {
		t.Errorf("once more: %+v, %v; want nothing to do", again, err)
	}
	return change
}

// foreign are rules that look like ours in part.
func foreign(prefix string) []types.RoutingRule {
	other := rule(prefix+"key/", "", "302")
	other.Redirect.ReplaceKeyPrefixWith, other.Redirect.ReplaceKeyWith = nil, aws.String("one")
	elsewhere := rule(prefix+"host/", prefix+"v2/", "302")
	elsewhere.Redirect.HostName = aws.String("example.com")
	missing := rule(prefix+"404/", prefix+"v2/", "302")
	missing.Condition.HttpErrorCodeReturnedEquals = aws.String("404")
	return []types.RoutingRule{
		other, rule(prefix+"code/", prefix+"v2/", "301"), elsewhere, missing, rule(prefix+"half", prefix+"v2/", "302"),
		rule(prefix+"slash/", prefix+"v2", "302"), rule("out/", "v2/", ""), rule(prefix+"sp ace/", prefix+"v2/", "302"),
	}
}

// TestRulesOfOthersStay, in their order, while ours come, change and go.
func TestRulesOfOthersStay(t *testing.T) {
	for _, prefix := range []string{"", "my/site/"} {
		tree, _ := serve(t, Options{Prefix: prefix})
		host(t, tree, foreign(prefix)...)
		theirs := ruleLines(t, tree)
		change := route(t, tree, core.Routes{Links: dirLinks("latest", "v1", "old/x", "v1/y")})
		if change.Set != 2 || change.Removed != 0 || len(change.Notes) != 0 {
			t.Errorf("change = %+v; want two new", change)
		}
		ours := func(pairs ...string) []string { // as the rules say it
			out := slices.Clone(theirs)
			for i := 0; i < len(pairs); i += 2 {
				out = append(out, prefix+pairs[i]+"/>"+prefix+pairs[i+1]+"/ 302")
			}
			return out
		}
		if got, want := ruleLines(t, tree), ours("latest", "v1", "old/x", "v1/y"); !slices.Equal(got, want) {
			t.Errorf("rules %q; want %q", got, want)
		}
		route(t, tree, core.Routes{Links: dirLinks("latest", "v2", "new", "v2", "old/x", "v1/y")})
		if got, want := ruleLines(t, tree), ours("latest", "v2", "old/x", "v1/y", "new", "v2"); !slices.Equal(got, want) {
			t.Errorf("after a retarget: rules %q; want %q", got, want)
		}
		links, err := tree.Routes(t.Context())
		if want := dirLinks("latest", "v2", "new", "v2", "old/x", "v1/y"); err != nil || len(links) != 3 || links[0].Target != want[0].Target || links[2].Key != "old/x" {
			t.Errorf("Routes = %v, %v", links, err)
		}
		keep := func(key string) bool { return key == "new" }
		if change := route(t, tree, core.Routes{Keep: keep}); change.Removed != 2 {
			t.Errorf("change = %+v; want two removed", change)
		}
		if got, want := ruleLines(t, tree), ours("new", "v2"); !slices.Equal(got, want) {
			t.Errorf("with one kept: rules %q; want %q", got, want)
		}
		route(t, tree, core.Routes{})
		if got := ruleLines(t, tree); !slices.Equal(got, theirs) {
			t.Errorf("at the end: rules %q; want %q", got, theirs)
		}
	}
}

func TestARuleForTheRootNeedsAPrefix(t *testing.T) {
	tree, _ := serve(t, Options{})
	host(t, tree)
	change := route(t, tree, core.Routes{Links: dirLinks("all", ".", "sp ace", "v2", "to", "é")})
	if change.Any() || len(change.Notes) != 3 || !strings.Contains(change.Notes[1], "no routing rule for sp ace") {
		t.Errorf("change = %+v; want a remark on each", change)
	}
	tree, _ = serve(t, Options{Prefix: "p"})
	host(t, tree)
	route(t, tree, core.Routes{Links: dirLinks("all", ".")})
	links, err := tree.Routes(t.Context())
	if got := ruleLines(t, tree); err != nil || len(links) != 1 || links[0].Target.Key != "." || got[0] != "p/all/>p/ 302" {
		t.Errorf("Routes = %v, %v; rules %q", links, err, got)
	}
}

func manyLinks(n int) []core.Entry {
	var links []core.Entry
	for i := range n {
		links = append(links, dirLinks(fmt.Sprintf("l%03d", i), "v2")...)
	}
	return links
}

// TestMoreRulesThanS3TakesIsAnErrorBeforeAnyWrite, with the figures.
func TestMoreRulesThanS3TakesIsAnErrorBeforeAnyWrite(t *testing.T) {
	tree, s := serve(t, Options{})
	host(t, tree, foreign("")...) // eight
	route(t, tree, core.Routes{Links: manyLinks(42)})
	s.ResetLog()
	want := core.Routes{Links: manyLinks(43)}
	_, err := tree.CheckRoutes(t.Context(), want)
	if routeErr := tree.Route(t.Context(), want); !errors.Is(routeErr, core.ErrTooManyRoutes) {
		t.Errorf("Route = %v", routeErr)
	}
	if !errors.Is(err, core.ErrTooManyRoutes) || !strings.Contains(err.Error(), "would have 51 (43 of them for links to directories), and S3 takes 50 at most") {
		t.Errorf("CheckRoutes = %v", err)
	}
	if n := s.Requests()[core.ClassPut]; n != 0 {
		t.Errorf("%d writes", n)
	}
}

// TestRulesNeedHosting checks the messages of buckets that can have no rules.
func TestRulesNeedHosting(t *testing.T) {
	check := func(tree *Tree, want string) {
		t.Helper()
		_, err := tree.CheckRoutes(t.Context(), core.Routes{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckRoutes = %v; want %q", err, want)
		}
	}
	tree, _ := serve(t, Options{})
	check(tree, "turn it on with `s3fc website --on s3://test`")
	if links, err := tree.Routes(t.Context()); err != nil || len(links) != 0 {
		t.Errorf("Routes = %v, %v; want none", links, err)
	}
	_, err := tree.client.PutBucketWebsite(t.Context(), &awss3.PutBucketWebsiteInput{Bucket: &tree.bucketName, WebsiteConfiguration: &types.WebsiteConfiguration{
		RedirectAllRequestsTo: &types.RedirectAllRequestsTo{HostName: aws.String("example.com")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	check(tree, "redirects everything to example.com")
	denied, _ := serve(t, Options{}, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("website") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	check(denied, "the routing rules of bucket test cannot be read")
	if _, err := denied.Routes(t.Context()); err == nil {
		t.Error("rules that cannot be read are not none")
	}
}

// TestStaleRulesAreReportedOnce: they shadow links that were
// retargeted without them.
func TestStaleRulesAreReportedOnce(t *testing.T) {
	tree, s := serve(t, Options{})
	host(t, tree, rule("latest/", "v1/", "302"))
	other := openAt(t, s.URL, Options{})
	route(t, tree, core.Routes{Links: dirLinks("latest", "v2")})
	if got := notes(t, tree, core.Done{LinksPut: 1}); got != "" {
		t.Errorf("notes of a run that looks after rules = %q", got)
	}
	if got := notes(t, other, core.Done{LinksPut: 1}); !strings.Contains(got, "routing rules for links to directories (1)") {
		t.Errorf("notes = %q", got)
	}
}

// TestVersitygwFollowsRules checks that a second server understands our rules, and
// that a visitor below a link gets the content.
func TestVersitygwFollowsRules(t *testing.T) {
	g := versitygw.Start(t)
	tree := onGateway(t, g, "site")
	putFile(t, tree, "v2/index.html", "index of v2")
	putFile(t, tree, "v2/a b/é+%.html", "page")
	put(t, tree, dirLinks("latest", "v2")[0], nil, nil)
	host(t, tree, rule("elsewhere/", "nowhere/", "301"))
	route(t, tree, core.Routes{Links: dirLinks("latest", "v2")})
	for path, want := range map[string]string{
		"/site/latest": "index of v2", "/site/latest/": "index of v2", "/site/latest/a%20b/%C3%A9%2B%25.html": "page",
	} {
		body, hops := follow(t, g, tree.bucketName, path)
		if body != want || hops != 1 {
			t.Errorf("%s ends after %d redirects at %q; want %q", path, hops, body, want)
		}
	}
}
