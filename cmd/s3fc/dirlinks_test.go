package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// hosted is a bucket with hosting on and the client that turned it on.
type hosted struct {
	*bounds
	site string // URL of the website
}

func newHosted(t *testing.T, rules ...types.RoutingRule) *hosted {
	t.Helper()
	b := newBounds(t)
	h := &hosted{b, b.server.WebsiteURL(b.server.Bucket)}
	h.host(rules...)
	return h
}

func (b *bounds) client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &b.server.URL, UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.AnonymousCredentials{},
	})
}

func (b *bounds) host(rules ...types.RoutingRule) {
	b.t.Helper()
	_, err := b.client().PutBucketWebsite(b.t.Context(), &s3.PutBucketWebsiteInput{
		Bucket: &b.server.Bucket,
		WebsiteConfiguration: &types.WebsiteConfiguration{
			IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}, RoutingRules: rules,
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// rules are the prefixes of the bucket's routing rules, as from>to.
func (b *bounds) rules() string {
	b.t.Helper()
	out, err := b.client().GetBucketWebsite(b.t.Context(), &s3.GetBucketWebsiteInput{Bucket: &b.server.Bucket})
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, r := range out.RoutingRules {
		all = append(all, aws.ToString(r.Condition.KeyPrefixEquals)+">"+aws.ToString(r.Redirect.ReplaceKeyPrefixWith))
	}
	return strings.Join(all, " ")
}

// visits follows a path of the website to its end and compares the content with
// want; an empty want is a 404.
func (h *hosted) visits(path, want string) {
	h.t.Helper()
	resp, err := http.Get(h.site + path) //nolint:noctx // It ends with the server.
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	status := http.StatusOK
	if want == "" {
		status = http.StatusNotFound
	}
	if err != nil || resp.StatusCode != status || want != "" && string(body) != want {
		h.t.Errorf("%s: %d %q, %v; want %q", path, resp.StatusCode, body, err, want)
	}
}

// docs makes a site with two versions and links to them.
func (h *hosted) docs() {
	h.write("v1/index.html", "index 1")
	h.write("v1/old.html", "old")
	h.write("v2/index.html", "index 2")
	h.write("v2/api/a b+é.html", "odd")
	h.link("v2/again.html", "index.html")
	h.link("latest", "v1")
	h.link("stable", "latest")
}

// retarget leads latest, and so stable, from v1 to v2.
func (h *hosted) retarget() { h.link("latest", "v2") }

func TestExpandedLinksRedirectAVisitor(t *testing.T) {
	h := newHosted(t)
	h.docs()
	push := []string{h.dir, h.bucket(), "--dir-links=expand"}
	h.sends("first push", map[string]int64{"LIST": 1, "PUT": 11, "HEAD": 1, "GET": 1}, push...)
	h.visits("/latest", "index 1")
	h.visits("/latest/old.html", "old")
	h.visits("/stable/old.html", "old")
	h.visits("/latest/api/a%20b%2B%C3%A9.html", "")
	h.sends("unchanged push", map[string]int64{"LIST": 1}, push...)

	h.retarget()
	wantRun(t, "retarget", run(t, append([]string{"copy"}, push...)...), 0, map[string]string{
		"latest": "link", "latest/index.html": "link", "latest/again.html": "link", "latest/api/a b+é.html": "link", "latest/old.html": "delete",
		"stable/index.html": "link", "stable/again.html": "link", "stable/api/a b+é.html": "link", "stable/old.html": "delete",
	})
	h.visits("/latest/api/a%20b%2B%C3%A9.html", "odd")
	h.visits("/stable/again.html", "index 2")
	h.visits("/latest/old.html", "")
	h.write("v2/new.html", "new")
	wantRun(t, "a file more", run(t, append([]string{"copy"}, push...)...), 0, map[string]string{
		"v2/new.html": "put", "latest/new.html": "link", "stable/new.html": "link",
	})

	back := filepath.Join(t.TempDir(), "back")
	s3fc(t, "copy", h.bucket(), back)
	wantSame(t, "pulled", back, h.dir)
	h.sends("unchanged pull: one HEAD for each hop of a link that is expanded", map[string]int64{"LIST": 1, "HEAD": 3}, h.bucket(), back)

	h.remove("stable")
	r := run(t, append([]string{"copy"}, push...)...)
	wantRun(t, "a link goes", r, 0, map[string]string{
		"stable": "delete", "stable/index.html": "delete", "stable/again.html": "delete", "stable/api/a b+é.html": "delete", "stable/new.html": "delete",
	})
	h.remove("latest")
	h.set("latest", "index.html/")
	s3fc(t, append([]string{"copy"}, push...)...)
	h.visits("/latest/", "latestindex.html")
	s3fc(t, "copy", h.bucket(), back)
	wantSame(t, "a link became a directory", back, h.dir)
}

// TestExpandedLinksGoWithoutTheFlag checks that a copy without the flag leaves one
// redirect.
func TestExpandedLinksGoWithoutTheFlag(t *testing.T) {
	h := newHosted(t)
	h.docs()
	s3fc(t, "copy", h.dir, h.bucket()+"/my site", "--dir-links=expand")
	h.visits("/my%20site/latest/old.html", "old")
	back := filepath.Join(t.TempDir(), "back")
	s3fc(t, "copy", h.bucket()+"/my site", back)
	wantSame(t, "pulled from a prefix", back, h.dir)
	wantRun(t, "diff", run(t, "diff", h.dir, h.bucket()+"/my site"), 1, map[string]string{
		"latest/index.html": "delete", "latest/old.html": "delete", "stable/index.html": "delete", "stable/old.html": "delete",
	})
	s3fc(t, "copy", h.dir, h.bucket()+"/my site")
	h.visits("/my%20site/latest/old.html", "")
	h.visits("/my%20site/latest", "index 1")
}

// TestExpandLeavesOutExcludedEntries checks exclusion at both ends of an expanded
// link.
func TestExpandLeavesOutExcludedEntries(t *testing.T) {
	h := newHosted(t)
	h.docs()
	h.write("v1/drafts/x", "x")
	s3fc(t, "copy", h.dir, h.bucket(), "--dir-links=expand", "--exclude=/v1/drafts/", "--exclude=/stable/old.html")
	h.visits("/latest/drafts/x", "")
	h.visits("/stable/old.html", "")
	h.visits("/latest/old.html", "old")
	wantRun(t, "once more", run(t, "copy", h.dir, h.bucket(), "--dir-links=expand", "--exclude=/v1/drafts/", "--exclude=/stable/old.html"), 0, map[string]string{})
}

func TestRulesRedirectAVisitor(t *testing.T) {
	foreign := types.RoutingRule{
		Condition: &types.Condition{KeyPrefixEquals: aws.String("docs/")}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: aws.String("v1/")},
	}
	h := newHosted(t, foreign)
	h.docs()
	push := []string{"copy", h.dir, h.bucket(), "--dir-links=rules"}
	if r := run(t, append(push, "--dry-run")...); r.said.RulesSet != 2 || h.rules() != "docs/>v1/" {
		t.Errorf("a dry run: %+v, rules %s", r.said, h.rules())
	}
	s3fc(t, push...)
	if got := h.rules(); got != "docs/>v1/ latest/>v1/ stable/>v1/" {
		t.Errorf("rules %s", got)
	}
	h.visits("/latest", "index 1")
	h.visits("/latest/", "index 1")
	h.visits("/stable/old.html", "old")
	h.visits("/docs/old.html", "old")
	h.sends("unchanged push", map[string]int64{"LIST": 1, "GET": 1}, push[1:]...)
	h.sends("in line: as a diff says", map[string]int64{"LIST": 1, "GET": 1}, push[1:]...)

	h.retarget()
	wantRun(t, "a diff of rules and links", run(t, "diff", h.dir, h.bucket(), "--dir-links=rules"), 1, map[string]string{"latest": "link"})
	wantRun(t, "retarget", run(t, push...), 0, map[string]string{"latest": "link"})
	h.visits("/stable/api/a%20b%2B%C3%A9.html", "odd")
	back := filepath.Join(t.TempDir(), "back")
	h.sends("pull", map[string]int64{"LIST": 1, "GET": 8}, h.bucket(), back, "--dir-links=rules")
	wantSame(t, "pulled", back, h.dir)

	h.remove("latest")
	h.remove("stable")
	wantRun(t, "links go, and deletes are off", run(t, append(push, "--delete=never")...), 0, map[string]string{})
	if got := h.rules(); got != "docs/>v1/ latest/>v2/ stable/>v2/" {
		t.Errorf("with --delete=never, rules %s", got)
	}
	s3fc(t, push...)
	if got := h.rules(); got != "docs/>v1/" {
		t.Errorf("at the end, rules %s", got)
	}
}

// TestARuleAloneIsALinkWhenPulled, if rules are asked for.
func TestARuleAloneIsALinkWhenPulled(t *testing.T) {
	h := newHosted(t)
	h.docs()
	s3fc(t, "copy", h.dir, h.bucket(), "--dir-links=rules")
	for _, key := range []string{"latest", "stable"} {
		if _, err := h.client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &h.server.Bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	without, with := filepath.Join(t.TempDir(), "without"), filepath.Join(t.TempDir(), "with")
	s3fc(t, "copy", h.bucket(), without)
	s3fc(t, "copy", h.bucket(), with, "--dir-links=rules")
	h.link("stable", "v1") // a rule knows where the chain ends
	wantSame(t, "with rules", with, h.dir)
	h.remove("latest")
	h.remove("stable")
	wantSame(t, "without", without, h.dir)
}

// TestRulesStayWhereSomethingFailsOrIsRefused: a rule that goes is a delete.
func TestRulesStayWhereSomethingFailsOrIsRefused(t *testing.T) {
	h := newHosted(t)
	h.docs()
	push := []string{"copy", h.dir, h.bucket(), "--dir-links=rules"}
	s3fc(t, push...)
	h.remove("stable")
	h.link("stable", t.TempDir()) // out of the tree
	wantRun(t, "a link that is refused", run(t, push...), 0, map[string]string{"stable": "refuse"})
	h.remove("stable")
	wantRun(t, "a link that is excluded", run(t, append(push, "--exclude=/stable")...), 0, map[string]string{})
	if got := h.rules(); got != "latest/>v1/ stable/>v1/" {
		t.Errorf("rules %s", got)
	}
}

// TestTooManyRulesStopARunBeforeItsFirstWrite, and so does hosting that is off.
func TestTooManyRulesStopARunBeforeItsFirstWrite(t *testing.T) {
	h := newHosted(t)
	h.write("v/index.html", "v")
	for i := range 51 {
		h.link(fmt.Sprintf("l%02d", i), "v")
	}
	r := run(t, "copy", h.dir, h.bucket(), "--dir-links=rules")
	if r.code != 3 || len(r.events) != 0 || !strings.Contains(r.stderr, "would have 51 (51 of them") {
		t.Errorf("51 rules: %+v", r)
	}
	if _, err := h.client().DeleteBucketWebsite(t.Context(), &s3.DeleteBucketWebsiteInput{Bucket: &h.server.Bucket}); err != nil {
		t.Fatal(err)
	}
	h.remove("l50")
	r = run(t, "copy", h.dir, h.bucket(), "--dir-links=rules")
	if r.code != 1 || len(r.events) != 0 || !strings.Contains(r.stderr, "s3fc website --on s3://test") {
		t.Errorf("hosting is off: %+v", r)
	}
	if n := h.server.Requests().Map()["PUT"]; n != 1 { // of the website itself
		t.Errorf("%d writes", n)
	}
}

// TestWaysOfDirLinksThatCannotBe checks that these are usage errors with the
// remedy.
func TestWaysOfDirLinksThatCannotBe(t *testing.T) {
	b := newBounds(t)
	b.write("f", "f")
	for _, args := range [][]string{
		{"copy", b.dir, t.TempDir(), "--dir-links=expand"},
		{"copy", b.bucket(), t.TempDir(), "--dir-links=expand"},
		{"copy", b.bucket() + "/a", b.bucket() + "/b", "--dir-links=expand"},
		{"copy", b.dir, b.bucket() + "?flat=false", "--dir-links=expand"},
		{"copy", b.dir, t.TempDir(), "--dir-links=rules"},
		{"copy", b.dir, "mem://x", "--dir-links=rules"},
		{"copy", b.bucket() + "/a", b.bucket() + "/b", "--dir-links=rules"},
		{"plan", b.dir, b.bucket(), "--dir-links=rules"},
		{"copy", b.dir, b.bucket(), "--dir-links=other"},
	} {
		if r := run(t, args...); r.code != 2 || len(r.events) != 0 {
			t.Errorf("%v: %+v; want exit code 2", args, r)
		}
	}
}

// TestASavedPlanHoldsExpandedLinks, which are applied like all others.
func TestASavedPlanHoldsExpandedLinks(t *testing.T) {
	h := newHosted(t)
	h.docs()
	file := filepath.Join(t.TempDir(), "plan")
	run(t, "plan", h.dir, h.bucket(), "--dir-links=expand", "-o", file)
	if r := run(t, "apply", file); r.code != 0 || r.said.Links != 7 {
		t.Errorf("apply: %+v", r)
	}
	h.visits("/stable/old.html", "old")
}

// TestVersitygwFollowsRulesOfACopy checks the whole way on another server, which
// has no room for expanded links.
func TestVersitygwFollowsRulesOfACopy(t *testing.T) {
	g := versitygw.Start(t)
	bucket := g.Bucket(t)
	b := newBounds(t)
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	h := &hosted{bounds: b}
	h.docs()
	url := fmt.Sprintf("s3://%s/site?endpoint=%s&flat=false", bucket, g.Endpoint)
	s3fc(t, "copy", h.dir, url, "--dir-links=rules")
	follow(t, g, bucket, "/site/stable/old.html", "old")
	h.retarget()
	s3fc(t, "copy", h.dir, url, "--dir-links=rules")
	follow(t, g, bucket, "/site/stable/api/a%20b%2B%C3%A9.html", "odd")
	follow(t, g, bucket, "/site/stable/", "index 2")
	back := filepath.Join(t.TempDir(), "back")
	s3fc(t, "copy", url, back, "--dir-links=rules")
	wantSame(t, "pulled", back, h.dir)
	if r := run(t, "copy", h.dir, url, "--dir-links=expand"); r.code != 2 {
		t.Errorf("expand: %+v; want exit code 2", r)
	}
	if _, err := os.Lstat(filepath.Join(back, "latest")); err != nil {
		t.Error(err)
	}
}

// follow goes where a visitor of a gateway's website is sent, and compares the
// content with want.
func follow(t *testing.T, g *versitygw.Gateway, bucket, path, want string) {
	t.Helper()
	for range 10 {
		resp := g.Visit(t, http.MethodGet, bucket, path)
		body, err := io.ReadAll(resp.Body)
		if cerr := resp.Body.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		if to, err := resp.Location(); err == nil {
			path = to.EscapedPath()
			continue
		}
		if resp.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %s %q; want %q", path, resp.Status, body, want)
		}
		return
	}
	t.Errorf("%s: no end", path)
}
