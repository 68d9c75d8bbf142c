package s3

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

func notes(t *testing.T, tree *Tree, done core.Done) string {
	t.Helper()
	all, err := tree.Finish(t.Context(), done)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// TestStoresWithoutRedirects checks that links survive in stores that forget or
// refuse the redirect, and that this is said once.
func TestStoresWithoutRedirects(t *testing.T) {
	badRequest := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && r.Header.Get("X-Amz-Website-Redirect-Location") != "" {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`<Error><Code>InvalidArgument</Code><Message>unsupported header x-amz-website-redirect-location</Message></Error>`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	for _, c := range []struct {
		name, note string
		opt        s3server.Option
		first      core.Requests
	}{
		{"drop", "drops redirects", s3server.DropsRedirect, req(core.ClassPut, 1).Add(req(core.ClassHead, 1))},
		{"501", "refuses redirects", s3server.RefusesRedirect, req(core.ClassPut, 2)},
		{"501 for both", "refuses redirects", s3server.With(s3server.RefusesRedirect, s3server.NoConditions), req(core.ClassPut, 5).Add(req(core.ClassHead, 1))}, // one HEAD proves that nothing is there
		{"400", "refuses redirects", s3server.Wrap(badRequest), req(core.ClassPut, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, body := range []LinkBody{LinkPage, LinkEmpty} {
				tree, s := serve(t, Options{LinkBody: body}, c.opt)
				if got := counts(t, tree, s, func() { putLink(t, tree, "l", "a b") }); got != c.first {
					t.Errorf("the first link: %v; want %v", got, c.first)
				}
				if got := counts(t, tree, s, func() { putLink(t, tree, "m", "é") }); got != req(core.ClassPut, 1) {
					t.Errorf("the next link: %v; want 1 PUT", got)
				}
				if e := stat(t, tree, "m"); e.Kind != core.Link || e.Target.Key != "é" {
					t.Errorf("Stat = %+v; want a link to é", e)
				}
				if got := notes(t, tree, core.Done{LinksPut: 2}); strings.Count(got, c.note) != 1 {
					t.Errorf("notes = %q; want %q once", got, c.note)
				}
			}
		})
	}
}

func TestStoreWithoutConditions(t *testing.T) {
	tree, s := serve(t, Options{}, s3server.NoConditions)
	if got := counts(t, tree, s, func() { putFile(t, tree, "a", "x") }); got != req(core.ClassPut, 2).Add(req(core.ClassHead, 1)) {
		t.Errorf("the first file: %v; want 2 PUT and the HEAD that proves that nothing is there", got)
	}
	var e core.Entry
	if got := counts(t, tree, s, func() { e = putFile(t, tree, "b", "x") }); got != req(core.ClassPut, 1) {
		t.Errorf("the next file: %v; want 1 PUT", got)
	}
	if err := tree.Delete(t.Context(), e); err != nil {
		t.Errorf("Delete = %v", err)
	}
	got := notes(t, tree, core.Done{})
	if strings.Count(got, "conditional writes") != 1 || strings.Count(got, "conditional deletes") != 1 {
		t.Errorf("notes = %q; want writes and deletes, once each", got)
	}
	if got := notes(t, tree, core.Done{}); got != "" {
		t.Errorf("notes of the next run = %q; want none", got)
	}
}

func TestStoreWithoutBatchETags(t *testing.T) {
	tree, s := serve(t, Options{}, s3server.NoBatchETags)
	for i, want := range []core.Requests{req(core.ClassDelete, 2).Add(req(core.ClassHead, 1)), req(core.ClassDelete, 1)} {
		e := putFile(t, tree, "a", "x")
		var errs []error
		if got := counts(t, tree, s, func() { errs = tree.DeleteBatch(t.Context(), []core.Entry{e}) }); got != want || errs[0] != nil {
			t.Errorf("batch %d: %v, %v; want %v", i, got, errs, want)
		}
	}
	if got := notes(t, tree, core.Done{}); strings.Count(got, "conditions in a batch") != 1 {
		t.Errorf("notes = %q", got)
	}
}

func TestDeleteBatch(t *testing.T) {
	tree, s := serve(t, Options{Prefix: "p"})
	var olds []core.Entry
	for _, k := range []string{"a b", "é+%", "<x>&", "changed", "l"} {
		olds = append(olds, putFile(t, tree, k, k))
	}
	olds = append(olds, fileEntry("missing", ""))
	olds[len(olds)-1].Token = core.SumMD5(nil).String()
	rawPut(t, tree, "p/changed", "other")
	var errs []error
	sent := counts(t, tree, s, func() { errs = tree.DeleteBatch(t.Context(), olds) })
	for i, old := range olds {
		if want := old.Key == "changed"; errors.Is(errs[i], core.ErrChanged) != want || (errs[i] != nil) != want {
			t.Errorf("%s: %v; want ErrChanged %v", old.Key, errs[i], want)
		}
	}
	if got := keys(list(t, tree, "")); len(got) != 1 || got[0] != "changed" {
		t.Errorf("left: %v; want what had changed", got)
	}
	if sent[core.ClassDelete] != 1 {
		t.Errorf("sent %v; want one DELETE", sent)
	}
	if errs := tree.DeleteBatch(t.Context(), nil); len(errs) != 0 {
		t.Errorf("nothing to delete: %v", errs)
	}
}

// TestDeleteBatchAnswers checks that each key's answer inside a good answer
// counts, and that no answer is a failure.
func TestDeleteBatchAnswers(t *testing.T) {
	fault := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("delete") {
				next.ServeHTTP(w, r)
				return
			}
			if r.Header.Get("Content-Md5") == "" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = w.Write([]byte(`<?xml version="1.0"?><DeleteResult><Deleted><Key>ok</Key></Deleted>
<Error><Key>denied</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>
<Error><Key>nokey</Key><Code>NoSuchKey</Code><Message>no</Message></Error>
<Error><Key>broken</Key><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error></DeleteResult>`))
		})
	}
	tree, _ := serve(t, Options{}, s3server.Wrap(fault))
	var olds []core.Entry
	for _, k := range []string{"ok", "denied", "nokey", "broken", "silent"} {
		olds = append(olds, fileEntry(k, "x"))
	}
	errs := tree.DeleteBatch(t.Context(), olds)
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("ok: %v, nokey: %v; want no error", errs[0], errs[2])
	}
	if !errors.Is(errs[1], fs.ErrPermission) || errs[1].Error() != "s3: delete denied: AccessDenied: Access Denied" {
		t.Errorf("denied: %v", errs[1])
	}
	if errs[3] == nil || errs[4] != nil {
		t.Errorf("broken: %v, silent: %v; want an error, and that the other one is deleted alone", errs[3], errs[4])
	}
}

func TestHostingNote(t *testing.T) {
	tree, _ := serve(t, Options{})
	if got := notes(t, tree, core.Done{LinksPut: 1}); !strings.Contains(got, "website hosting is off for bucket test") {
		t.Errorf("notes = %q", got)
	}
	_, err := tree.client.PutBucketWebsite(t.Context(), &awss3.PutBucketWebsiteInput{
		Bucket:               &tree.bucketName,
		WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(t, tree, core.Done{LinksPut: 1}); got != "" {
		t.Errorf("notes with hosting on = %q", got)
	}
	tree.aws, tree.prefix = true, "docs and more/"
	if got, want := notes(t, tree, core.Done{LinksPut: 1}), "the site is at http://test.s3-website-us-east-1.amazonaws.com/docs%20and%20more/"; got != want {
		t.Errorf("notes at AWS with hosting on = %q, want %q", got, want)
	}
}

// TestHostingSilence checks that no answer, and no sensible one, is no remark.
func TestHostingSilence(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"403":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"501":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotImplemented) },
		"garbage": func(w http.ResponseWriter) { _, _ = w.Write([]byte(`<ListBucketResult></ListBucketResult>`)) },
		"404":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
	} {
		fault := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("website") {
					answer(w)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		tree, _ := serve(t, Options{}, s3server.Wrap(fault))
		if got := notes(t, tree, core.Done{LinksPut: 1}); got != "" {
			t.Errorf("%s: notes = %q; want none", name, got)
		}
	}
}

// TestLongLinkWithoutRedirect checks that a target that metadata has no room for
// is refused where the redirect is not kept.
func TestLongLinkWithoutRedirect(t *testing.T) {
	for name, quirk := range map[string]s3server.Quirk{"drop": s3server.DropsRedirect, "501": s3server.RefusesRedirect} {
		tree, s := serve(t, Options{}, quirk)
		long := linkEntry("l", strings.Repeat("k", format.MaxMetaTarget))
		if err := putErr(tree, long, "", nil); !errors.Is(err, core.ErrUnsupportedLink) {
			t.Errorf("%s: the first link: %v; want ErrUnsupportedLink", name, err)
		}
		putLink(t, tree, "short", "a")
		sent := counts(t, tree, s, func() {
			if err := putErr(tree, long, "", nil); !errors.Is(err, core.ErrUnsupportedLink) {
				t.Errorf("%s: the next link: %v; want ErrUnsupportedLink", name, err)
			}
		})
		if sent.Total() != 0 {
			t.Errorf("%s: the next link took %v; want nothing sent", name, sent)
		}
		if got := keys(list(t, tree, "")); len(got) != 1 {
			t.Errorf("%s: stored %v; want the short link alone", name, got)
		}
	}
}

// TestTheSDKHasNoLinesOfItsOwn checks that what the SDK logs goes to the run's log, and
// is no warning there.
func TestTheSDKHasNoLinesOfItsOwn(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tree, _ := serve(t, Options{Env: core.Env{Log: log}})
	tree.client.Options().Logger.Logf(logging.Warn, "no checksum in %s", "an answer")
	if got := text.String(); !strings.Contains(got, `level=DEBUG msg="AWS SDK: no checksum in an answer" class=WARN`) {
		t.Errorf("the log has %q", got)
	}
}
