package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// readWhole is the entry at key as a check reads it: with its content's md5.
func readWhole(t *testing.T, tree *Tree, key string) core.Entry {
	t.Helper()
	content, e := readAll(t, tree, key)
	if e.Kind == core.File {
		e.MD5 = core.SumMD5([]byte(content))
	}
	return e
}

// flaws returns the findings of an audit at key.
func flaws(t *testing.T, tree *Tree, key string) (found []core.Finding) {
	t.Helper()
	all, err := tree.Audit(t.Context(), readWhole(t, tree, key))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		found = append(found, f.What)
	}
	return found
}

func wantFlaws(t *testing.T, tree *Tree, key string, want ...core.Finding) {
	t.Helper()
	if got := flaws(t, tree, key); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", key, got, want)
	}
}

// odd gives an object unusual headers and metadata, all of which a repair has to
// keep.
func odd(in *awss3.PutObjectInput) {
	in.Metadata = map[string]string{"md5": strings.Repeat("0", 32), "mtime": "1.5", "colour": "blue", "md5chksum": "AAAAAAAAAAAAAAAAAAAAAA==", "s3cmd-attrs": "uid:7/md5:ffffffffffffffffffffffffffffffff/mode:33188"}
	in.ContentType, in.CacheControl = aws.String("text/x-odd"), aws.String("max-age=7")
	in.ContentLanguage, in.ContentDisposition = aws.String("fr"), aws.String(`attachment; filename="é.txt"`)
}

// TestRepairPutsMD5RightAndKeepsTheRest runs on two independent servers.
func TestRepairPutsMD5RightAndKeepsTheRest(t *testing.T) {
	onBoth(t, func(t *testing.T, tree *Tree) {
		full := tree.full("dir/a b+é%.txt")
		rawPut(t, tree, full, "content", odd)
		wantFlaws(t, tree, "dir/a b+é%.txt", core.FindingMD5, core.FindingMD5, core.FindingMD5)
		e := readWhole(t, tree, "dir/a b+é%.txt")
		fixed, err := tree.Repair(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		wantFlaws(t, tree, "dir/a b+é%.txt")
		if now := readWhole(t, tree, e.Key); now.Token != fixed.Token || now.MD5 != e.MD5 || !now.ModTime.Equal(time.Unix(1, 5e8)) {
			t.Errorf("%+v, want %+v", now, e)
		}
		out := rawHead(t, tree, full)
		header(t, out.ContentType, "text/x-odd", "Content-Type")
		header(t, out.CacheControl, "max-age=7", "Cache-Control")
		header(t, out.ContentLanguage, "fr", "Content-Language")
		for name, want := range map[string]string{
			"md5": e.MD5.String(), "md5chksum": e.MD5.Base64(), "colour": "blue", "mtime": "1.5", "s3cmd-attrs": "uid:7/md5:" + e.MD5.String() + "/mode:33188",
		} {
			if got := out.Metadata[name]; got != want {
				t.Errorf("metadata %s = %q, want %q", name, got, want)
			}
		}
	})
}

// TestRepairBringsALostRedirectBack: a copy by another tool leaves page and
// metadata, and takes the redirect away.
func TestRepairBringsALostRedirectBack(t *testing.T) {
	onBoth(t, func(t *testing.T, tree *Tree) {
		putLink(t, tree, "l", "some/target é")
		wantFlaws(t, tree, "l")
		want := rawHead(t, tree, tree.full("l"))
		lose(t, tree, tree.full("l"))
		wantFlaws(t, tree, "l", core.FindingRedirect)
		if _, err := tree.Repair(t.Context(), readWhole(t, tree, "l")); err != nil {
			t.Fatal(err)
		}
		wantFlaws(t, tree, "l")
		got := rawHead(t, tree, tree.full("l"))
		header(t, got.WebsiteRedirectLocation, *want.WebsiteRedirectLocation, "redirect")
		header(t, got.CacheControl, *want.CacheControl, "Cache-Control")
		header(t, got.ContentType, *want.ContentType, "Content-Type")
		if e := stat(t, tree, "l"); e.Kind != core.Link || e.Target.Key != "some/target é" {
			t.Errorf("%+v", e)
		}
	})
}

// lose makes an object lose its redirect, as any copy does that does not send
// it again.
func lose(t *testing.T, tree *Tree, full string) {
	t.Helper()
	out := rawHead(t, tree, full)
	_, err := tree.client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: &tree.bucketName, Key: &full, CopySource: aws.String(tree.bucketName + "/" + format.EscapePath(full)),
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: out.Metadata, ContentType: out.ContentType, CacheControl: out.CacheControl,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func onBoth(t *testing.T, f func(*testing.T, *Tree)) {
	t.Run("s3server", func(t *testing.T) {
		tree, _ := serve(t, Options{Prefix: "p q"})
		f(t, tree)
	})
	t.Run("versitygw", func(t *testing.T) {
		f(t, onGateway(t, versitygw.Start(t), "p q"))
	})
}

func TestAuditWithoutATrustworthyETag(t *testing.T) {
	tree, _ := serve(t, Options{}, s3server.KMS)
	rawPut(t, tree, "none", "content")
	putFile(t, tree, "ours", "content")
	wantFlaws(t, tree, "none", core.FindingNoMD5)
	wantFlaws(t, tree, "ours")
	if _, err := tree.Repair(t.Context(), readWhole(t, tree, "none")); err != nil {
		t.Fatal(err)
	}
	wantFlaws(t, tree, "none")
	if e := stat(t, tree, "none"); e.MD5 != core.SumMD5([]byte("content")) {
		t.Errorf("%+v", e)
	}
}

func TestAuditFindsContentThatIsNotItsETags(t *testing.T) {
	tree, _ := serve(t, Options{})
	e := putFile(t, tree, "a", "content")
	e.MD5 = core.SumMD5([]byte("what a broken disk gave"))
	all, err := tree.Audit(t.Context(), e)
	if err != nil || len(all) != 2 || all[0].What != core.FindingCorrupt || all[0].Repairable {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestRepairTouchesNothingThatChanged: neither before its first look nor between
// its look and its copy.
func TestRepairTouchesNothingThatChanged(t *testing.T) {
	var tree *Tree
	var replace atomic.Bool
	tree, _ = serve(t, Options{}, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Copy-Source") != "" && replace.CompareAndSwap(true, false) {
				rawPut(t, tree, "a", "again", odd)
			}
			next.ServeHTTP(w, r)
		})
	}))
	rawPut(t, tree, "a", "content", odd)
	e := readWhole(t, tree, "a")
	rawPut(t, tree, "a", "theirs", odd)
	if _, err := tree.Repair(t.Context(), e); !errors.Is(err, core.ErrChanged) {
		t.Errorf("Repair = %v, want ErrChanged", err)
	}
	if _, err := tree.Audit(t.Context(), e); !errors.Is(err, core.ErrChanged) {
		t.Errorf("Audit = %v, want ErrChanged", err)
	}
	replace.Store(true)
	if _, err := tree.Repair(t.Context(), readWhole(t, tree, "a")); !errors.Is(err, core.ErrChanged) {
		t.Errorf("Repair while it is replaced = %v, want ErrChanged", err)
	}
	if body, _ := readAll(t, tree, "a"); body != "again" {
		t.Errorf("content %q", body)
	}
	if _, err := tree.Repair(t.Context(), core.Entry{Key: "big", Kind: core.File, Size: 5<<30 + 1}); err == nil || !strings.Contains(err.Error(), "5 GiB") {
		t.Errorf("Repair of a large object: %v", err)
	}
}

func TestRepairOnStoresThatLie(t *testing.T) {
	t.Run("no conditions", func(t *testing.T) {
		tree, _ := serve(t, Options{}, s3server.NoConditions)
		rawPut(t, tree, "a", "content", odd)
		if _, err := tree.Repair(t.Context(), readWhole(t, tree, "a")); err != nil {
			t.Fatal(err)
		}
		wantFlaws(t, tree, "a")
	})
	t.Run("drops redirects", func(t *testing.T) {
		tree, _ := serve(t, Options{}, s3server.DropsRedirect)
		putLink(t, tree, "l", "a")
		wantFlaws(t, tree, "l")
		if _, err := tree.Repair(t.Context(), readWhole(t, tree, "l")); err == nil || !strings.Contains(err.Error(), "drops redirects") {
			t.Errorf("Repair = %v", err)
		}
	})
}

func TestRepairCosts(t *testing.T) {
	tree, server := serve(t, Options{})
	rawPut(t, tree, "a", "content", odd)
	e := readWhole(t, tree, "a")
	got := counts(t, tree, server, func() {
		if _, err := tree.Audit(t.Context(), e); err != nil {
			t.Error(err)
		}
	})
	if got != req(core.ClassHead, 1) {
		t.Errorf("an audit took %v", got)
	}
	got = counts(t, tree, server, func() {
		if _, err := tree.Repair(t.Context(), e); err != nil {
			t.Error(err)
		}
	})
	if got != req(core.ClassHead, 2).Add(req(core.ClassCopy, 1)) {
		t.Errorf("a repair took %v", got)
	}
}

func TestVersioning(t *testing.T) {
	status, answer := http.StatusOK, ""
	tree, _ := serve(t, Options{}, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || !r.URL.Query().Has("versioning") || answer == "" && status == http.StatusOK {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
		})
	}))
	const enabled = `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`
	for _, c := range []struct {
		status int
		answer string
		want   core.Versions
	}{
		{http.StatusOK, "", core.VersionsGone}, {http.StatusOK, enabled, core.VersionsKept},
		{http.StatusOK, strings.Replace(enabled, "Enabled", "Suspended", 1), core.VersionsGone},
		{http.StatusForbidden, "", core.VersionsUnknown}, {http.StatusNotImplemented, "", core.VersionsUnknown},
	} {
		status, answer = c.status, c.answer
		if got, err := tree.Versioning(t.Context()); err != nil || got != c.want {
			t.Errorf("%d %s: %v, %v; want %v", c.status, c.answer, got, err, c.want)
		}
	}
	if _, err := tree.Versioning(canceled(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}
