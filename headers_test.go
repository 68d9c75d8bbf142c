package s3fc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// headersLab is a site in a directory, and a bucket, with a cache that a run may use.
type headersLab struct {
	*testing.T
	dir, cache, url string
	srv             *s3server.Server
	notes           []string
	events          []string
	between         func() // runs between a plan and its execution
}

func newHeadersLab(t *testing.T, contents map[string]string, opts ...s3server.Option) *headersLab {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s3server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3server.SecretKey)
	srv := s3server.New(t, opts...)
	return &headersLab{T: t, dir: directory(t, contents), cache: t.TempDir(), srv: srv, url: "s3://test?region=us-east-1&endpoint=" + srv.URL}
}

func (l *headersLab) write(name, text string) {
	l.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o644); err != nil {
		l.Fatal(err)
	}
}

func (l *headersLab) mux() *core.Mux { return core.NewMux(localfs.Scheme, s3.Scheme) }

func (l *headersLab) options(change ...func(*s3fc.Options)) s3fc.Options {
	l.notes, l.events = nil, nil
	o := s3fc.Options{
		CacheDir: l.cache,
		Notice:   func(s string) { l.notes = append(l.notes, s) },
		Event:    func(a s3fc.Action) { l.events = append(l.events, a.Name()+" "+a.Key) },
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

// push copies the site to the bucket, and returns the requests.
func (l *headersLab) push(change ...func(*s3fc.Options)) (s3fc.Result, string) {
	l.Helper()
	res, err := s3fc.CopyURL(l.Context(), l.mux(), l.dir, l.url, l.options(change...))
	if err != nil {
		l.Fatalf("%v (%q)", err, l.events)
	}
	return res, res.Requests.String()
}

// set gives an object headers as another tool does: the object's ETag stays.
func (l *headersLab) set(key string, h *core.Headers) {
	l.Helper()
	t, err := l.mux().Open(l.Context(), l.parsed(), core.Env{})
	if err != nil {
		l.Fatal(err)
	}
	defer core.Close(t) //nolint:errcheck // Its one change was made.
	e, err := t.Stat(l.Context(), key)
	if err == nil {
		_, err = t.(core.HeaderKeeper).SetHeaders(l.Context(), e, h, nil)
	}
	if err != nil {
		l.Fatal(err)
	}
}

// applied applies a saved plan, after between.
func (l *headersLab) applied(saved io.Reader) (s3fc.Result, error) {
	l.Helper()
	if l.between != nil {
		l.between()
	}
	p, err := s3fc.ReadPlan(saved, "")
	if err != nil {
		l.Fatal(err)
	}
	c, err := p.Open(l.Context(), l.mux(), "", "", l.options())
	if err != nil {
		l.Fatal(err)
	}
	res, err := s3fc.Apply(l.Context(), c)
	return res, errors.Join(err, c.Close())
}

func (l *headersLab) parsed() *url.URL {
	l.Helper()
	u, err := l.mux().Parse(l.url)
	if err != nil {
		l.Fatal(err)
	}
	return u
}

// header returns a header of an object.
func (l *headersLab) header(key, name string) string {
	l.Helper()
	t, err := l.mux().Open(context.Background(), l.parsed(), core.Env{})
	if err != nil {
		l.Fatal(err)
	}
	defer core.Close(t) //nolint:errcheck // It was only read.
	e, err := t.Stat(l.Context(), key)
	if err != nil {
		l.Fatal(err)
	}
	return e.Headers.Lookup(name)
}

const cached = "[[rule]]\nmatch = \"*.html\"\ncache-control = \"max-age=60\"\n"

func TestHeadersFollowTheRules(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "b.txt": "text", "s3fc.toml": cached})
	if _, sent := l.push(); sent != "1 LIST, 2 PUT" {
		t.Errorf("first push: %s", sent)
	}
	if _, sent := l.push(); sent != "1 LIST" {
		t.Errorf("unchanged: %s", sent)
	}
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
	res, sent := l.push()
	if sent != "1 LIST, 2 HEAD, 1 COPY" || res.Headers != 1 || res.Files != 0 || res.Kept != 1 || strings.Join(l.events, ",") != "headers a.html" {
		t.Errorf("another rule: %s, %+v, %q", sent, res.Summary, l.events)
	}
	if got := l.header("a.html", "cache-control"); got != "max-age=90" {
		t.Errorf("cache-control is %q", got)
	}
	if got := l.header("a.html", "content-type"); got != "text/html; charset=utf-8" {
		t.Errorf("content-type is %q", got)
	}
	if _, sent := l.push(); sent != "1 LIST" {
		t.Errorf("after it: %s", sent)
	}
	l.write("s3fc.toml", "")
	if _, sent := l.push(); sent != "1 LIST, 2 HEAD, 1 COPY" || l.header("a.html", "cache-control") != "" {
		t.Errorf("no rule any more: %s, cache-control is %q", sent, l.header("a.html", "cache-control"))
	}
	l.write("s3fc.toml", "[[rule]]\nmatch = \"*\"\ncontent-type = \"text/x-a\"\n")
	if _, sent := l.push(); sent != "1 LIST, 4 HEAD, 2 COPY" || l.header("b.txt", "content-type") != "text/x-a" {
		t.Errorf("a type: %s, %q", sent, l.header("b.txt", "content-type"))
	}
	l.write("s3fc.toml", "")
	if _, sent := l.push(); sent != "1 LIST, 2 PUT" || l.header("b.txt", "content-type") != "text/plain; charset=utf-8" {
		t.Errorf("no type any more: %s, %q", sent, l.header("b.txt", "content-type"))
	}
}

// TestHeadersOfOtherTools checks that a change of the rules never takes a header that
// no rule names, that an overwrite does, and that keep does not.
func TestHeadersOfOtherTools(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "s3fc.toml": cached})
	l.push()
	foreign := func() {
		t.Helper()
		l.set("a.html", &core.Headers{ContentLanguage: "de", Metadata: map[string]string{"owner": "them"}})
	}
	foreign()
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
	if res, _ := l.push(); res.Headers != 1 || l.header("a.html", "content-language") != "de" || l.header("a.html", "metadata.owner") != "them" {
		t.Errorf("after a rule: %+v, content-language %q", res.Summary, l.header("a.html", "content-language"))
	}
	keep := func(o *s3fc.Options) { o.Headers = s3fc.HeadersKeep }
	l.write("a.html", "<p>b")
	if _, sent := l.push(keep); sent != "1 LIST, 1 HEAD, 1 PUT" || l.header("a.html", "content-language") != "de" || l.header("a.html", "cache-control") != "max-age=90" {
		t.Errorf("keep: %s, content-language %q", sent, l.header("a.html", "content-language"))
	}
	l.write("s3fc.toml", "[[rule]]\nmatch = \"*.html\"\ncontent-language = \"en\"\n")
	l.write("a.html", "<p>c")
	if l.push(keep); l.header("a.html", "content-language") != "en" || l.header("a.html", "cache-control") != "" || l.header("a.html", "metadata.owner") != "them" {
		t.Errorf("a rule wins over a header that is kept, and one that it gave before goes: %q, %q", l.header("a.html", "content-language"), l.header("a.html", "cache-control"))
	}
	if _, sent := l.push(keep); sent != "1 LIST" {
		t.Errorf("unchanged: %s", sent)
	}
	l.write("a.html", "<p>d")
	if l.push(); l.header("a.html", "metadata.owner") != "" {
		t.Error("an overwrite keeps headers of others by default")
	}
}

// TestHeadersAreCheckedOnDemand pushes without a cache, so that nothing is known.
func TestHeadersAreCheckedOnDemand(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "b.html": "<p>b"})
	check := func(o *s3fc.Options) { o.Headers = s3fc.HeadersCheck }
	cache := l.cache
	l.cache = ""
	l.push()
	l.write("s3fc.toml", cached)
	l.cache = cache
	if _, sent := l.push(); sent != "1 LIST" {
		t.Errorf("nothing is asked by default: %s", sent)
	}
	if res, sent := l.push(check); sent != "1 LIST, 6 HEAD, 2 COPY" || res.Headers != 2 || l.header("b.html", "cache-control") != "max-age=60" {
		t.Errorf("check: %s, %+v", sent, res.Summary)
	}
	if res, sent := l.push(check); sent != "1 LIST, 2 HEAD" || res.Kept != 2 {
		t.Errorf("check again: %s, %+v", sent, res.Summary)
	}
	l.set("a.html", &core.Headers{CacheControl: "none"})
	if _, sent := l.push(); sent != "1 LIST" {
		t.Errorf("a change by another tool is not seen by default: %s", sent)
	}
	if res, _ := l.push(check); res.Headers != 1 || l.header("a.html", "cache-control") != "max-age=60" {
		t.Errorf("check sees it: %+v", res.Summary)
	}
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
	if res, _ := l.push(); res.Headers != 2 {
		t.Errorf("check leaves the cache so that a later rule costs no more questions: %+v", res.Summary)
	}
}

func TestLostHeadersAreNamedOnceWhereTheyAreKnown(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": strings.Repeat("a", 1021), "b.html": strings.Repeat("a", 1021), "s3fc.toml": cached})
	l.push()
	for _, key := range []string{"a.html", "b.html"} {
		l.set(key, &core.Headers{ContentLanguage: "de"})
		l.write(key, strings.Repeat("b", 1021)) // a size that links have: it is asked for anyway
	}
	l.push()
	if len(l.notes) != 1 || !strings.Contains(l.notes[0], "a.html has headers that no rule names (content-language)") {
		t.Errorf("the notes are %q", l.notes)
	}
}

// TestASavedPlanOfHeaders is carried out under the rules that it was made with, or not
// at all.
func TestASavedPlanOfHeaders(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "b.html": "<p>b", "s3fc.toml": cached})
	l.push()
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
	apply := func() (s3fc.Result, error) {
		t.Helper()
		c, err := s3fc.PlanURL(t.Context(), l.mux(), l.dir, l.url, l.options(func(o *s3fc.Options) { o.Exact = true }))
		if err != nil {
			t.Fatal(err)
		}
		if need := c.Totals().Need.String(); need != "4 HEAD, 2 COPY" || c.Totals().Headers != 2 {
			t.Errorf("the plan needs %s, %+v", need, c.Totals())
		}
		var b bytes.Buffer
		if err := errors.Join(c.Save(&b, "test"), c.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.String(), `{"s3fc_plan":3,`) || !strings.Contains(b.String(), `{"event":"headers","key":"a.html","reason":"headers"`) {
			t.Errorf("the plan is %s", b.String())
		}
		return l.applied(&b)
	}
	if res, err := apply(); err != nil || res.Headers != 2 || l.header("b.html", "cache-control") != "max-age=90" {
		t.Errorf("%+v, %v", res.Summary, err)
	}
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "120"))
	l.between = func() { l.write("s3fc.toml", cached) }
	if res, err := apply(); err == nil || res.Errors != 2 || l.header("b.html", "cache-control") != "max-age=90" {
		t.Errorf("other rules than the plan's: %+v, %v", res.Summary, err)
	}
}

func TestABudgetCountsHeaders(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "s3fc.toml": cached})
	l.push()
	l.write("s3fc.toml", "")
	_, err := s3fc.CopyURL(t.Context(), l.mux(), l.dir, l.url, l.options(func(o *s3fc.Options) { o.MaxRequests = 3 }))
	if !errors.Is(err, core.ErrBudget) || l.header("a.html", "cache-control") != "max-age=60" {
		t.Errorf("%v", err)
	}
}

// TestStoresThatDoNotCopyGetTheContentAgain has stores whose copies of an object onto
// itself are refused, or make an empty object.
func TestStoresThatDoNotCopyGetTheContentAgain(t *testing.T) {
	for name, quirk := range map[string]s3server.Option{"refuses": s3server.NoCopy, "ignores the source": s3server.IgnoresCopySource} {
		l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "b.html": "<p>b", "s3fc.toml": cached}, quirk)
		l.push()
		l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
		res, sent := l.push()
		if res.Headers != 2 || l.header("a.html", "cache-control") != "max-age=90" || l.header("b.html", "cache-control") != "max-age=90" {
			t.Errorf("%s: %s, %+v, %q", name, sent, res.Summary, l.events)
		}
		if again, sent := l.push(); again.Changed() {
			t.Errorf("%s, again: %s, %q", name, sent, l.events)
		}
	}
}

// TestARulesFileInABucketIsLeftAlone has one in the bucket, on a push and on a pull.
func TestARulesFileInABucketIsLeftAlone(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "s3fc.toml": "[[rule]]\nmatch = \"*\"\ncache-control = \"no-store\"\n"})
	l.push(func(o *s3fc.Options) { o.SiteRules = s3fc.NoSiteRules })
	if got := l.header("s3fc.toml", "content-type"); got == "" {
		t.Fatal("a site's own file of that name is not sent")
	}
	said := func() int {
		return len(slices.DeleteFunc(slices.Clone(l.notes), func(s string) bool { return !strings.Contains(s, "has an object s3fc.toml, which is left alone") }))
	}
	l.write("s3fc.toml", cached)
	if _, sent := l.push(); said() != 1 || l.header("s3fc.toml", "content-type") == "" {
		t.Errorf("push: %s, notes %q", sent, l.notes)
	}
	back := t.TempDir()
	res, err := s3fc.CopyURL(t.Context(), l.mux(), l.url, back, l.options())
	if _, statErr := os.Stat(filepath.Join(back, "s3fc.toml")); err != nil || statErr == nil || res.Files != 1 || said() != 1 {
		t.Errorf("pull: %+v, %v, notes %q", res.Summary, err, l.notes)
	}
	res, err = s3fc.CopyURL(t.Context(), l.mux(), l.url, back, l.options(func(o *s3fc.Options) { o.Rules = []string{"!/s3fc.toml"} }))
	if err != nil || res.Files != 1 || said() != 0 {
		t.Errorf("a pull that includes it: %+v, %v, notes %q", res.Summary, err, l.notes)
	}
}

// TestRequestsOfAChangedRule compares the table of docs/rules.md with requests: over 1,000 objects, with
// a cache that knows their headers and without one.
func TestRequestsOfAChangedRule(t *testing.T) {
	long.Only(t)
	contents := map[string]string{"s3fc.toml": cached}
	for i := range 1000 {
		contents[fmt.Sprintf("p/%03d.html", i)] = fmt.Sprintf("<p>%d", i)
	}
	l := newHeadersLab(t, contents)
	check := func(o *s3fc.Options) { o.Headers = s3fc.HeadersCheck }
	none := func(o *s3fc.Options) { o.CacheDir = "" }
	var rows []string
	row := func(name string, change ...func(*s3fc.Options)) {
		t.Helper()
		_, sent := l.push(change...)
		rows = append(rows, "| "+name+" | "+sent+" |")
	}
	row("first push")
	row("nothing changed")
	l.write("s3fc.toml", strings.ReplaceAll(cached, "60", "90"))
	row("a changed rule, cached headers")
	l.write("s3fc.toml", cached)
	row("a changed rule, no cache", none)
	row("a changed rule, no cache, `--headers=check`", none, check)
	row("nothing changed, no cache, `--headers=check`", none, check)
	doc, err := os.ReadFile("docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), strings.Join(rows, "\n")+"\n") {
		t.Errorf("docs/rules.md has another table than:\n%s", strings.Join(rows, "\n"))
	}
}

// TestPrecompressedFiles are stored under the names that visitors ask for.
func TestPrecompressedFiles(t *testing.T) {
	const rule = "[[rule]]\nmatch = [\"*.gz\", \"*.br\"]\nprecompressed = true\n" + cached
	l := newHeadersLab(t, map[string]string{
		"a.html": "plain", "a.html.gz": "\x1f\x8bgz", "a.html-b": "between", "only.css.br": "br", "plain.txt": "text", "s3fc.toml": rule,
	})
	if err := os.Symlink("a.html", filepath.Join(l.dir, "latest")); err != nil {
		t.Skip(err)
	}
	res, _ := l.push()
	if want := "put a.html-b,put only.css,put plain.txt,put a.html,link latest"; sorted(l.events) != sorted(strings.Split(want, ",")) || res.Refused != 0 {
		t.Errorf("pushed %q, %+v", l.events, res.Summary)
	}
	for name, want := range map[string]string{"content-encoding": "gzip", "content-type": "text/html", "cache-control": "max-age=60"} {
		if got, _, _ := strings.Cut(l.header("a.html", name), ";"); got != want {
			t.Errorf("%s of a.html is %q; want %q", name, got, want)
		}
	}
	if got := l.header("only.css", "content-encoding"); got != "br" {
		t.Errorf("content-encoding of only.css is %q", got)
	}
	if res, sent := l.push(); sent != "1 LIST" || res.Changed() {
		t.Errorf("again: %s, %q", sent, l.events)
	}
	checked, err := s3fc.CheckURL(t.Context(), l.mux(), l.dir, l.url, s3fc.CheckOptions{Options: l.options()})
	if err != nil || checked.Differ != 0 || checked.Same == 0 {
		t.Errorf("check: %+v, %v", checked, err)
	}
	back := t.TempDir()
	if _, err := s3fc.CopyURL(t.Context(), l.mux(), l.url, back, l.options()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(back, "a.html")); err != nil || string(b) != "\x1f\x8bgz" {
		t.Errorf("a pull has %q, %v", b, err)
	}
	l.write("plain.txt.gz", "gz")
	l.write("plain.txt.br", "br")
	if res, _ := l.push(); res.Refused != 1 || res.Changed() || l.header("plain.txt", "content-encoding") != "" {
		t.Errorf("two of one name: %+v, %q", res.Summary, l.events)
	}
	l.write("s3fc.toml", cached)
	if res, _ := l.push(); res.Deletes != 1 || l.header("a.html", "content-encoding") != "" || l.header("a.html.gz", "content-type") == "" {
		t.Errorf("without the rule: %+v, %q", res.Summary, l.events)
	}
}

func sorted(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, ",")
}

// TestHeadersGoFromBucketToBucket copies between two servers, so that the file is read
// and sent.
func TestHeadersGoFromBucketToBucket(t *testing.T) {
	l := newHeadersLab(t, map[string]string{"a.html": "<p>a", "s3fc.toml": cached})
	l.push()
	l.set("a.html", &core.Headers{ContentLanguage: "de", Metadata: map[string]string{"owner": "them"}})
	from := l.url
	other := s3server.New(t)
	l.url = "s3://test?region=us-east-1&endpoint=" + other.URL
	res, err := s3fc.CopyURL(t.Context(), l.mux(), from, l.url, l.options())
	if err != nil || res.Requests[core.ClassGet] != 1 || res.Requests[core.ClassPut] != 1 {
		t.Errorf("%s, %v", res.Requests, err)
	}
	for name, want := range map[string]string{"cache-control": "max-age=60", "content-language": "de", "metadata.owner": "them", "content-type": "text/html; charset=utf-8"} {
		if got := l.header("a.html", name); got != want {
			t.Errorf("%s is %q; want %q", name, got, want)
		}
	}
	if res, err := s3fc.CopyURL(t.Context(), l.mux(), from, l.url, l.options()); err != nil || res.Changed() || res.Requests.String() != "2 LIST" {
		t.Errorf("again: %s, %v", res.Requests, err)
	}
}
