package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

const websiteHelp = `Show how the store of TREE shows it to visitors: the index document, the document for
errors, the routing rules, and the address; and whether / and a link are answered as
they should be to a visitor without credentials. It takes 1 GET, 1 LIST and 1 HEAD, and
2 requests as a visitor. Of stores other than AWS the address is not known: --address
names it.

--on turns hosting on, or changes it, and shows the changes first; --dry-run shows them
alone. Routing rules stay. --error names a key of the whole bucket.

--policy prints the policy that lets everybody read, and the least one for a user or
role that deploys, and changes nothing.

Exit code: 0 done; 1 hosting is off, visitors are not answered as they should be, or
something failed; 2 usage.`

// hosting is one run of website.
type hosting struct {
	oneTree
	on, policy, dryRun   bool
	index, errorKey, url string
	host                 core.WebsiteHost
}

func newWebsite(a *app) *cobra.Command {
	h := &hosting{oneTree: oneTree{app: a}}
	cmd := &cobra.Command{
		Use: "website [flags] TREE", Short: "show or set website hosting", Long: websiteHelp,
		Example: `  $0 website s3://bucket
  $0 website --on --error 404.html s3://bucket
  $0 website --policy s3://bucket/docs`,
		DisableFlagsInUseLine: true, Args: expectArgs("TREE"), ValidArgsFunction: a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := h.checkFlags(cmd); err != nil {
				return err
			}
			return explained(cmd, h.run(cmd, args[0]))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&h.on, "on", false, "turn hosting on, or change it")
	f.StringVar(&h.index, "index", "", "with --on, the `NAME` of index documents (default: as it is, or index.html)")
	f.StringVar(&h.errorKey, "error", "", "with --on, the `KEY` of the document for errors; - for none (default: as it is)")
	f.BoolVarP(&h.dryRun, "dry-run", "n", false, "with --on, show the changes, and do nothing")
	f.BoolVar(&h.policy, "policy", false, "print the policies for visitors and for a deployer")
	f.StringVar(&h.url, "address", "", "the `URL` at which visitors find the site, where that is not known")
	h.limits.bind(cmd)
	h.output.bind(cmd)
	return cmd
}

func (h *hosting) checkFlags(cmd *cobra.Command) error {
	switch u, err := url.Parse(h.url); {
	case !h.on && (h.index != "" || h.errorKey != "" || h.dryRun):
		return usageError(cmd, "expected --index, --error and --dry-run with --on")
	case h.on && h.policy:
		return usageError(cmd, "expected --on or --policy, not both")
	case strings.Contains(h.index, "/"):
		return usageError(cmd, "--index: %s has a slash: expected a name, as index.html", h.index)
	case h.errorKey != "" && h.errorKey != "-" && core.CheckKey(h.errorKey) != nil:
		return usageError(cmd, "--error: %v", core.CheckKey(h.errorKey))
	case h.url != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https"):
		return usageError(cmd, "--address: expected a URL, as http://bucket.s3-website.eu-west-1.amazonaws.com")
	}
	return nil
}

func (h *hosting) run(cmd *cobra.Command, name string) error {
	ctx := cmd.Context()
	asJSON := h.json
	h.json = false // one object, and no events
	err := h.begin(ctx, cmd, name, h.dryRun)
	if h.json = asJSON; err != nil {
		return err
	}
	defer func() { _ = core.Close(h.tree) }() // every write was waited for
	host, ok := core.As[core.WebsiteHost](h.tree)
	if !ok {
		return usageError(cmd, "%s is in a store that shows nothing to visitors by itself; serve shows a preview", name)
	}
	switch h.host = host; {
	case h.policy:
		h.printPolicies()
		return nil
	case h.on:
		return h.set(ctx)
	}
	return h.show(ctx)
}

func (h *hosting) printPolicies() {
	for _, p := range h.host.WebsitePolicies() {
		if h.json {
			h.con.print(encode(struct {
				Event string `json:"event"`
				core.Policy
			}{"policy", p}))
			continue
		}
		h.con.remark(p.Name + ": " + p.About)
		h.con.print(p.Text + "\n")
	}
}

// set turns hosting on, once it has shown the changes.
func (h *hosting) set(ctx context.Context) error {
	now, err := h.host.Website(ctx)
	if err != nil {
		return err
	}
	if now.RedirectAll != "" {
		return fmt.Errorf("the website sends all visitors to %s: turn that off first", now.RedirectAll)
	}
	index := cmp.Or(h.index, now.Index, "index.html")
	errorKey := cmp.Or(h.errorKey, now.Error)
	if errorKey == "-" {
		errorKey = ""
	}
	changes := changeText("index", now.Index, index) + changeText("error", now.Error, errorKey)
	j := websiteJSON{Event: "website", On: true, Index: index, Error: errorKey, Changed: changes != "", DryRun: h.dryRun}
	switch {
	case h.json:
	case changes == "":
		h.con.print("nothing to do\n")
	default:
		h.con.print(changes)
	}
	if changes != "" && !h.dryRun {
		if err := h.host.SetWebsite(ctx, index, errorKey); err != nil {
			return err
		}
	}
	if h.json {
		requests, _ := s3fc.Spent(h.tree, nil)
		j.Requests = requests.Map()
		h.con.print(encode(j))
	}
	return nil
}

// changeText is a line for a value that changes, "" for one that stays.
func changeText(name, from, to string) string {
	if from == to {
		return ""
	}
	return fmt.Sprintf("%s: %s → %s\n", name, cmp.Or(inert(from), "none"), cmp.Or(inert(to), "none"))
}

// websiteJSON is a website as --json prints it.
type websiteJSON struct {
	Event       string             `json:"event"`
	On          bool               `json:"on"`
	Index       string             `json:"index,omitempty"`
	Error       string             `json:"error,omitempty"`
	RedirectAll string             `json:"redirect_all,omitempty"`
	Rules       []core.WebsiteRule `json:"rules,omitempty"`
	Address     string             `json:"address,omitempty"`
	Visits      []visit            `json:"visits,omitempty"`
	Changed     bool               `json:"changed,omitempty"`
	DryRun      bool               `json:"dry_run,omitempty"`
	Requests    map[string]int64   `json:"requests"`
}

// show prints the website, and visits it.
func (h *hosting) show(ctx context.Context) error {
	site, err := h.host.Website(ctx)
	if err != nil {
		return err
	}
	j := websiteJSON{Event: "website", On: site.On(), Index: site.Index, Error: site.Error, RedirectAll: site.RedirectAll, Rules: site.Rules}
	j.Address = strings.TrimRight(cmp.Or(h.url, h.host.WebsiteAddress()), "/")
	if j.On && j.Address != "" {
		if j.Visits, err = h.visits(ctx, site, j.Address); err != nil {
			return err
		}
	}
	bad := !j.On
	for _, v := range j.Visits {
		bad = bad || v.Problem != ""
	}
	if h.json {
		requests, _ := s3fc.Spent(h.tree, nil)
		j.Requests = requests.Map()
		h.con.print(encode(j))
	} else {
		h.con.print(websiteText(&j))
	}
	if bad {
		return errReported
	}
	return nil
}

func websiteText(j *websiteJSON) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-9s%s\n", name, value) }
	if j.On {
		line("hosting", "on")
	} else {
		line("hosting", "off: links answer no 301; turn it on with --on")
	}
	if j.RedirectAll != "" {
		line("all to", inert(j.RedirectAll))
	}
	if j.Index != "" {
		line("index", inert(j.Index))
		line("error", cmp.Or(inert(j.Error), "none: visitors get the store's own text"))
	}
	for _, r := range j.Rules {
		line("rule", inert(ruleText(r)))
	}
	line("address", cmp.Or(inert(j.Address), "not known: name it with --address"))
	for _, v := range j.Visits {
		text := cmp.Or(v.Problem, "as it should be")
		said := fmt.Sprint(v.Status)
		if v.Location != "" {
			said += " to " + v.Location
		}
		line("visit", inert(v.Path+": "+said+": "+text))
	}
	return b.String()
}

func ruleText(r core.WebsiteRule) string {
	when := "keys that begin with " + core.DisplayKey(r.KeyPrefix)
	if r.KeyPrefix == "" {
		when = "all keys"
	}
	if r.Status != 0 {
		when += fmt.Sprintf(", where the answer would be %d", r.Status)
	}
	to := "the same key"
	switch {
	case r.NewKey != nil:
		to = core.DisplayKey(*r.NewKey)
	case r.NewPrefix != nil:
		to = core.DisplayKey(*r.NewPrefix) + "…"
	}
	if r.Host != "" {
		to += " at " + cmp.Or(r.Scheme, "http") + "://" + r.Host
	}
	return fmt.Sprintf("%s: %d to %s", when, cmp.Or(r.Code, http.StatusMovedPermanently), to)
}

// A visit is a request of a visitor without credentials, and its answer.
type visit struct {
	Path     string `json:"path"`
	Want     int    `json:"want"`
	Status   int    `json:"status"`
	Location string `json:"location,omitempty"`
	Problem  string `json:"problem,omitempty"` // "" for none
}

// visits asks for the root of the tree and for a link of it.
func (h *hosting) visits(ctx context.Context, site *core.Website, address string) ([]visit, error) {
	root := visit{Path: "/" + kit.EscapePath(site.Prefix), Want: http.StatusOK}
	if site.RedirectAll != "" {
		root.Want = http.StatusMovedPermanently
	}
	all := []visit{root}
	link, err := firstLink(ctx, h.tree)
	if err != nil {
		return nil, err
	}
	if link != nil && site.RedirectAll == "" {
		all = append(all, visit{Path: "/" + kit.EscapePath(site.Prefix+link.Key), Want: http.StatusMovedPermanently})
	}
	for i := range all {
		if err := h.visit(ctx, address, &all[i]); err != nil {
			return nil, err
		}
		if v := &all[i]; i == 1 && v.Problem == "" && v.Location != kit.Location(site.Prefix, link.Target) && !strings.HasSuffix(v.Location, kit.Location(site.Prefix, link.Target)) {
			v.Problem = "the link leads to " + kit.Location(site.Prefix, link.Target)
		}
	}
	return all, nil
}

// firstLink returns a link of t, or nil if the first entries have none.
func firstLink(ctx context.Context, t core.Tree) (*core.Entry, error) {
	n := 0
	for e, err := range t.List(ctx, "") {
		if _, one := core.ErrorKey(err); err != nil && !one {
			return nil, err
		}
		if n++; n > 1000 {
			break // a second page
		}
		if err != nil || e.Kind != core.Link && !e.MaybeLink {
			continue
		}
		if e.Partial {
			if e, err = t.Stat(ctx, e.Key); err != nil {
				return nil, err
			}
		}
		if e.Kind == core.Link {
			return &e, nil
		}
	}
	return nil, nil
}

// visitTimeout is how long a visitor waits.
const visitTimeout = 30 * time.Second

// visit sends the request, and judges the answer. It counts towards the limit.
func (h *hosting) visit(ctx context.Context, address string, v *visit) error {
	if b := h.budget; b != nil {
		if err := b.Spend(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, visitTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+v.Path, nil)
	if err != nil {
		return err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		var away *url.Error
		if errors.As(err, &away) {
			err = away.Err
		}
		v.Problem = "no answer: " + err.Error()
		return nil
	}
	_ = resp.Body.Close() // the status is enough
	v.Status, v.Location = resp.StatusCode, resp.Header.Get("Location")
	v.Problem = v.judge()
	return nil
}

// judge says what is wrong with an answer.
func (v *visit) judge() string {
	link := v.Want == http.StatusMovedPermanently
	switch {
	case v.Status == v.Want:
		return ""
	case v.Status == http.StatusForbidden:
		return "visitors may not read it: --policy prints the policy that lets them"
	case v.Status == http.StatusNotFound && !link:
		return "there is no index document"
	case v.Status == http.StatusOK && link:
		return "a page, and no 301: this is no website endpoint, or something before it follows redirects"
	}
	return fmt.Sprintf("expected %d", v.Want)
}
