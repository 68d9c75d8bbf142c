package s3fc

import (
	"context"
	"net/url"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// maxCompleted is how many requests the completion of one word sends at most.
const maxCompleted = 10

// CompleteURL returns the URLs that begun can be the beginning of, for a shell: of
// buckets, of directories below one, of the parameters behind a question mark and of
// their values. A directory ends in a slash. It sends requests only where the
// scheme's [core.Completer] is ready, and returns nothing where anything fails.
func CompleteURL(ctx context.Context, mux *core.Mux, begun string) []string {
	scheme, rest, ok := strings.Cut(begun, "://")
	s, known := mux.Scheme(scheme)
	if !ok || !known {
		return nil
	}
	if tree, query, asked := strings.Cut(rest, "?"); asked {
		return completeQuery(&s, scheme+"://"+tree+"?", query)
	}
	u, err := url.Parse(begun)
	if err != nil || s.Completer == nil || !s.Completer.Ready(u) {
		return nil
	}
	if !strings.Contains(rest, "/") {
		var out []string
		for _, host := range s.Completer.Hosts(ctx, u) {
			if strings.HasPrefix(host, rest) {
				out = append(out, scheme+"://"+host+"/")
			}
		}
		return out
	}
	return completeDirs(ctx, mux, u)
}

// completeDirs lists the directory in which the path of u ends.
func completeDirs(ctx context.Context, mux *core.Mux, u *url.URL) (out []string) {
	parent := *u
	at := strings.LastIndexByte(u.Path, '/')
	parent.Path, parent.RawPath = u.Path[:at], ""
	if at == 0 {
		parent.Path = "/"
	}
	tree, err := mux.Open(ctx, &parent, core.Env{Budget: core.NewBudget(maxCompleted), Jobs: 1})
	if err != nil {
		return nil
	}
	defer func() { _ = core.Close(tree) }() // only read
	for _, name := range topNames(ctx, tree) {
		if strings.HasSuffix(name, "/") && strings.HasPrefix(name, u.Path[at+1:]) {
			dir := *u
			dir.Path, dir.RawPath = u.Path[:at+1]+name, ""
			out = append(out, dir.String())
		}
	}
	return out
}

// completeQuery completes the last parameter of a URL.
func completeQuery(s *core.Scheme, tree, query string) (out []string) {
	at := strings.LastIndexByte(query, '&') + 1
	done, last := query[:at], query[at:]
	name, value, named := strings.Cut(last, "=")
	for _, o := range s.Options {
		switch {
		case !named && strings.HasPrefix(o.Name, last):
			out = append(out, tree+done+o.Name+"=")
		case named && o.Name == name:
			values := o.Values
			if s.Completer != nil {
				values = append(values[:len(values):len(values)], s.Completer.Values(name)...)
			}
			for _, v := range values {
				if v = url.QueryEscape(v); strings.HasPrefix(v, value) {
					out = append(out, tree+done+name+"="+v)
				}
			}
		}
	}
	return out
}
