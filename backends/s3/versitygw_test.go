package s3

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// onGateway opens a tree in a new bucket of a real S3 server, which keeps keys
// as paths.
func onGateway(t testing.TB, g *versitygw.Gateway, prefix string) *Tree {
	t.Helper()
	return openAt(t, g.Endpoint, Options{
		Bucket: g.Bucket(t), Prefix: prefix, NotFlat: true,
		Credentials: credentials.NewStaticCredentialsProvider(g.AccessKey, g.SecretKey, ""),
	})
}

func TestVersitygwConformance(t *testing.T) {
	g := versitygw.Start(t)
	conformance.Test(t, func(t testing.TB) core.Backend { return onGateway(t, g, "p") })
}

// TestVersitygwRedirects checks that links are 301s to a visitor, and that each
// ends at the target's bytes: chains, directories, odd names, under a prefix.
func TestVersitygwRedirects(t *testing.T) {
	g := versitygw.Start(t)
	tree := onGateway(t, g, "my site")
	putFile(t, tree, "v2/index.html", "index of v2")
	putFile(t, tree, "a b+é%?#&.txt", "odd")
	put(t, tree, core.Entry{Key: "latest", Kind: core.Link, Target: core.Target{Key: "v2", Dir: core.IsDir}}, nil, nil)
	putLink(t, tree, "odd", "a b+é%?#&.txt")
	putLink(t, tree, "deep/chain", "odd")
	for from, want := range map[string]string{
		"latest": "index of v2", "odd": "odd", "deep/chain": "odd",
	} {
		body, hops := follow(t, g, tree.bucketName, "/my%20site/"+from)
		if body != want || hops == 0 {
			t.Errorf("%s ends after %d redirects at %q; want %q", from, hops, body, want)
		}
	}
	if got := notes(t, tree, core.Done{LinksPut: 3}); got != "" {
		t.Errorf("notes = %q; want none", got)
	}
}

// follow goes where a visitor is sent.
func follow(t *testing.T, g *versitygw.Gateway, bucket, path string) (body string, hops int) {
	t.Helper()
	for hops = range 10 {
		resp := g.Visit(t, http.MethodGet, bucket, path)
		b, err := io.ReadAll(resp.Body)
		if cerr := resp.Body.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		if resp.StatusCode == http.StatusOK {
			return string(b), hops
		}
		if resp.StatusCode != http.StatusMovedPermanently && resp.StatusCode != http.StatusFound {
			t.Fatalf("%s: status %d: %s", path, resp.StatusCode, b)
		}
		to, err := url.Parse(resp.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		path = to.EscapedPath()
	}
	t.Fatalf("%s: no end", path)
	return "", 0
}

// TestVersitygwConflicts checks the conflicts when the URL does not say that the
// store has keys as paths.
func TestVersitygwConflicts(t *testing.T) {
	tree := onGateway(t, versitygw.Start(t), "")
	putFile(t, tree, "a", "x")
	err := putErr(tree, fileEntry("a/b", "x"), "x", nil)
	if err == nil || !strings.Contains(err.Error(), "add flat=false to the URL") {
		t.Errorf("Put = %v; want a hint", err)
	}
	if got := keys(list(t, tree, "")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("listing = %v; want a alone", got)
	}
}
