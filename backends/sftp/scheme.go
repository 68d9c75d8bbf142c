package sftp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/core/wrap"
)

// Scheme is the scheme of directories behind SSH, for a [core.Mux].
var Scheme = core.Scheme{
	Name: schemeName, Open: Open, Features: features("", core.GuardAtomic, kit.KeepLinks),
	About:   "a directory of a host that is reached by SSH; links are symbolic links",
	Example: "sftp://user@host/srv/site or sftp://host/~/site",
	Options: urlOptions, Check: checkURL,

	Variables: []core.Variable{{Name: "SSH_AUTH_SOCK", About: "the socket of the agent that has the keys"}},
}

var urlOptions = []core.Option{
	{Name: "links", About: "symbolic links are links, are followed, or are left out", Values: kit.LinkPolicies},
	{Name: "identity", About: "a file with a private key, beside those of the SSH configuration"},
	{Name: "known_hosts", About: "a file with the keys of known hosts"},
	{Name: "config", About: "an SSH configuration instead of ~/.ssh/config, or none"},
}

// checkURL returns the error of a URL that shows without connecting.
func checkURL(u *url.URL) error {
	_, err := parseURL(u)
	return err
}

// A location is the server and directory of a URL.
type location struct{ host, port, user, dir string }

func parseURL(u *url.URL) (*location, error) {
	l := &location{host: u.Hostname(), port: u.Port(), user: u.User.Username(), dir: u.Path}
	if _, has := u.User.Password(); has {
		return nil, errors.New("a password in a URL is seen by everybody who lists processes: add a key to the SSH agent with ssh-add, or name its file with identity=FILE")
	}
	if l.host == "" {
		return nil, fmt.Errorf("%s names no host: expected sftp://user@host/dir", u)
	}
	if rest, ok := strings.CutPrefix(l.dir, "/~"); ok && (rest == "" || rest[0] == '/') {
		l.dir = "~" + rest
	}
	switch {
	case l.dir == "":
		return nil, fmt.Errorf("%s names no directory: expected sftp://%s/srv/site, or sftp://%s/~/site for one below your home there", u, u.Host, u.Host)
	case strings.ContainsRune(l.dir, 0):
		return nil, fmt.Errorf("%q: a path cannot have a NUL", u.Path)
	}
	return l, nil
}

const (
	attempts   = 6 // of an operation, and of a listing after each key
	firstPause = 200 * time.Millisecond
	longPause  = 10 * time.Second
)

// Open opens the directory that u names. A directory that is missing is an error
// that is [fs.ErrNotExist], unless env.Create is set. Operations are tried again
// after a lost connection.
func Open(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	l, err := parseURL(u)
	if err != nil {
		return nil, err
	}
	if err := core.CheckOptions(u, urlOptions); err != nil {
		return nil, err
	}
	links, err := kit.ParseLinkPolicy(env.Option(u, "links"))
	if err != nil {
		return nil, err
	}
	config, err := readConfig(env.Option(u, "config"))
	if err != nil {
		return nil, err
	}
	h, err := config.host(l.host, l.user, l.port)
	if err != nil {
		return nil, err
	}
	if file := env.Option(u, "identity"); file != "" {
		h.identities = append([]string{file}, h.identities...)
	}
	if file := env.Option(u, "known_hosts"); file != "" {
		h.knownHosts = []string{file}
	}
	r, err := config.route(h)
	if err != nil {
		return nil, err
	}
	t, err := New(ctx, l.dir, r.connect, Options{Create: env.Create, Links: links, Hidden: env.Hidden, Name: h.user + "@" + h.address()})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	return retrying{wrap.Retry(t, attempts, wrap.Backoff(firstPause, longPause)), t}, nil
}

// retrying is a tree whose operations are tried again.
type retrying struct {
	core.Backend
	tree *Tree
}

// Unwrap lets [core.As] find the abilities of the decorator.
func (r retrying) Unwrap() core.Tree { return r.Backend }

// Close implements [io.Closer].
func (r retrying) Close() error { return r.tree.Close() }

// String returns the tree as a URL.
func (r retrying) String() string { return r.tree.String() }

// HasName is [Tree.HasName].
func (r retrying) HasName(ctx context.Context, dir, name string) (has, known bool) {
	return r.tree.HasName(ctx, dir, name)
}
