package embedded

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
)

// Scheme is the scheme of embedded buckets, for a [core.Mux]. Their data are in
// the directory that [Dir] returns.
var Scheme = core.Scheme{
	Name: "embedded", Open: Open, Features: s3.DefaultFeatures(), Options: urlOptions, Check: checkURL,
	About:   "a bucket of an S3 store inside this program, kept on disk, to try everything without an account",
	Example: "embedded://demo/prefix",

	Completer: completer{},
	Variables: []core.Variable{{Name: DirVariable, About: "the directory of the buckets; else s3fc/embedded in $XDG_DATA_HOME or ~/.local/share"}},
}

const linkBody = "link_body"

var urlOptions = []core.Option{
	{Name: linkBody, About: "the body of a link's object: a small HTML page, or nothing", Values: []string{string(s3.LinkPage), string(s3.LinkEmpty)}},
}

// checkURL reports a URL that cannot name an embedded bucket.
func checkURL(u *url.URL) error {
	o, err := parseURL(u, core.Env{})
	if err != nil {
		return err
	}
	if err := checkBucket(o.Bucket); err != nil {
		return err
	}
	prefix := strings.TrimSuffix(o.Prefix, "/")
	if prefix == "" {
		return nil
	}
	if err := core.CheckKey(prefix); err != nil {
		return fmt.Errorf("the prefix %s cannot be used: %w", core.DisplayKey(prefix), err)
	}
	return nil
}

// Endpoint implements [core.Endpointer]: the server's address is another one in
// each run, and tells nothing.
func (t *Tree) Endpoint() string { return "" }

// Location implements [core.Locator]: the directory that has the data.
func (t *Tree) Location() string { return t.server.dir }

// Prices implements [core.Pricer]: nothing costs anything.
func (t *Tree) Prices() (p *core.Prices, known bool) { return nil, true }
