package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/overview"
	"github.com/s3fc/s3fc/internal/preview"
	"github.com/s3fc/s3fc/internal/website"
)

const serveHelp = `Show TREE in a browser as the website endpoint of S3 would serve it: index and error
documents, a 301 for each link, a 302 for a directory without its slash, and a
bucket's routing rules. Nothing is written anywhere.

The preview is for this machine alone unless --listen says otherwise. Below /_s3fc/
is an overview of the tree and its links; with --against, also of the changes that
a copy from another tree to this one would make. A key that begins with _s3fc/ is
at /%5Fs3fc/.

A page of a bucket costs the requests that it takes to read it; no more are sent
than --max-requests. A file of a bucket has the headers that it is stored with; one of
a directory has the type that its name and content call for. Differences from S3: a policy keeps pages from services of this machine, and
browsers keep nothing: Cache-Control is shown as X-S3fc-Cache-Control.

--check serves nothing. It visits the pages of the site and its links, and lists
each path that is wrong:
  404         it is not there, or its redirects lead to nothing
  below-link  it is not there, and lies below a link to a directory: a redirect is
              for one path, and not for those below it
  403         visitors may not read it
  ring        its redirects lead back to themselves
  chain       it takes more than one redirect
  error       it could not be read

Exit code: 0 done; 1 --check found something, or something failed; 2 usage.`

// defaultListen is the address of a preview unless another is given; where it is
// taken, the system chooses a port.
const defaultListen = "127.0.0.1:8080"

// serving is one run of serve.
type serving struct {
	*app
	output
	limits
	cmd              *cobra.Command
	listen           string
	hosts, rules     []string
	index, errorPage string
	watch, check     bool
	against          string

	name string                        // of the tree, as it was written
	env  core.Env                      // of the tree
	tree core.Backend                  //
	view atomic.Pointer[core.Tree]     // the tree without excluded entries
	site *website.Site                 //
	sent atomic.Pointer[core.Requests] // by plans, beside those of the tree
}

func newServe(a *app) *cobra.Command {
	s := &serving{app: a}
	cmd := &cobra.Command{
		Use:   "serve [flags] TREE",
		Short: "show a tree as a website",
		Long:  serveHelp,
		Example: `  $0 serve ./site
  $0 serve --watch ./site
  $0 serve --check ./site
  $0 serve --against ./site s3://bucket`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("TREE"),
		ValidArgsFunction:     a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s.cmd, s.name = cmd, args[0]
			if err = s.checkFlags(); err != nil {
				return err
			}
			return explained(cmd, s.run(cmd.Context()))
		},
	}
	s.bind(cmd)
	return cmd
}

func (s *serving) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", defaultListen, "the `ADDRESS:PORT` of the preview; port 0 for any that is free")
	f.StringArrayVar(&s.hosts, "host", nil, "a further `NAME` that browsers may know the preview by (may be repeated)")
	f.StringVar(&s.index, "index", "", "the `NAME` of index documents (default: the bucket's, or index.html)")
	f.StringVar(&s.errorPage, "error", "", "the `KEY` of the document for errors (default: the bucket's, or none)")
	f.BoolVar(&s.watch, "watch", false, "reload pages in the browser when a file of a local directory changes")
	f.BoolVar(&s.check, "check", false, "visit all pages and links, list faulty paths, and exit")
	f.StringVar(&s.against, "against", "", "show the changes that a copy from this `TREE` would make")
	f.StringArrayVar(&s.rules, "exclude", nil, "leave out entries that match this `PATTERN` (gitignore syntax; may be repeated)")
	s.limits.bind(cmd)
	s.output.bind(cmd)
}

func (s *serving) checkFlags() error {
	switch {
	case s.check && (s.watch || s.against != ""):
		return usageError(s.cmd, "--check ends by itself: expected it without --watch and --against")
	case s.json && !s.check:
		return usageError(s.cmd, "--json is for --check")
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return usageError(s.cmd, "--listen: expected an address and a port, such as %s: %v", defaultListen, err)
	}
	return s.output.check(s.cmd)
}

func (s *serving) run(ctx context.Context) (err error) {
	s.env = s.limits.env(newLog(s.con, &s.output, nil))
	if s.tree, err = s3fc.OpenSource(ctx, s.mux, s.name, s.env); err != nil {
		return err
	}
	defer func() { _ = core.Close(s.tree) }() // only read
	defer s.bill()
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if err := s.configure(ctx); err != nil {
		return err
	}
	if s.check {
		return s.walk(ctx)
	}
	return s.serve(ctx)
}

// refresh reads the rules of excluded entries.
func (s *serving) refresh(ctx context.Context) error {
	view, err := s3fc.View(ctx, s.tree, s.name, s.rules)
	if err == nil {
		s.view.Store(&view)
	}
	return err
}

// configure finds out how the tree's store would show it.
func (s *serving) configure(ctx context.Context) error {
	config := &core.Website{}
	if store, ok := core.As[core.WebsiteReader](s.tree); ok {
		var err error
		config, err = store.Website(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, core.ErrBudget):
			return err
		case err != nil:
			s.con.remark("note: " + inert(err.Error()) + "; the preview does without it")
		case !config.On():
			s.con.remark("note: website hosting is off; the preview shows the tree as if it were on")
		}
	}
	if s.index != "" || !config.On() {
		config.Index, config.RedirectAll = orElse(s.index, "index.html"), ""
	}
	config.Error = orElse(s.errorPage, config.Error)
	_, metered := core.As[core.RequestCounter](s.tree)
	s.site = &website.Site{Config: *config, Pages: viewed{s, config.Prefix, !metered}}
	return nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// viewed are the pages of the tree, without the entries excluded at present.
type viewed struct {
	s      *serving
	prefix string
	free   bool
}

// Page implements [website.Pages].
func (v viewed) Page(ctx context.Context, key string, content bool) (*website.Page, error) {
	return website.TreePages{Tree: *v.s.view.Load(), Prefix: v.prefix, Free: v.free}.Page(ctx, key, content)
}

// serve answers until ctx ends.
func (s *serving) serve(ctx context.Context) error {
	l, err := net.Listen("tcp", s.listen)
	if err != nil && s.listen == defaultListen {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("the preview cannot be at %s: %w; name another address with --listen", s.listen, err)
	}
	p := &preview.Preview{Site: s.site, Hosts: s.hosts, Pages: overview.Handler(s.overview), Log: s.log}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if s.watch {
		if p.Live, err = s.reload(ctx); err != nil {
			_ = l.Close() // nobody has asked yet
			return err
		}
		s.site.Pages = p.Live.Over(s.site.Pages)
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	s.announce(l.Addr())
	s.endsBySignal.Store(true)
	context.AfterFunc(ctx, func() { _ = server.Close() }) // who is still reading has no preview any more
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// announce prints where the preview is.
func (s *serving) announce(at net.Addr) {
	url := "http://" + at.String() + "/" + kit.EscapePath(s.site.Config.Prefix)
	s.con.print(url + "\n")
	if ip, ok := at.(*net.TCPAddr); ok && !ip.IP.IsLoopback() {
		s.con.remark("note: the preview can be reached from other machines")
	}
	if !s.quiet {
		s.con.remark("the overview is at http://" + at.String() + preview.Inside + "; Ctrl-C ends the preview")
	}
}

// log prints a request, with -v.
func (s *serving) log(r *http.Request, status int) {
	if s.verbose {
		s.con.remark(fmt.Sprintf("%d %s %s", status, r.Method, inert(r.URL.RequestURI())))
	}
}

// bill prints the requests to a remote tree.
func (s *serving) bill() {
	requests, cost := s3fc.Spent(s.tree, s.prices.table)
	if more := s.sent.Load(); more != nil {
		requests = requests.Add(*more)
	}
	if requests.Total() == 0 || s.quiet {
		return
	}
	text := "requests: " + requests.String()
	if cost.Known {
		text += " (" + costText(cost) + "; " + costSource(cost) + ")"
	}
	s.con.remark(text)
}
