package s3fc

import (
	"log/slog"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/openfiles"
)

// DefaultMaxRequests is the limit on the requests of a run unless Options say
// otherwise.
const DefaultMaxRequests = 1_000_000

// The types of package core/reconcile that Options and results are made of.
type (
	// An Action is one step of a plan, or its outcome.
	Action = reconcile.Action
	// Progress says how far a run is.
	Progress = reconcile.Progress
	// A DeleteMode says which entries that only the destination has are deleted.
	DeleteMode = reconcile.DeleteMode
	// Detect says how a run finds out that a file is unchanged.
	Detect = reconcile.Detect
	// Headers says how a run treats headers that no rule names.
	Headers = reconcile.Headers
	// A DeleteLimit is the greatest number of deletes that a run may do.
	DeleteLimit = reconcile.DeleteLimit
	// A GuardError says why a guard stopped a run before its first write.
	GuardError = reconcile.GuardError
	// Found is a finding of [Check].
	Found = reconcile.Found
)

// The delete modes.
const (
	DeleteAfter = reconcile.DeleteAfter
	DeleteNever = reconcile.DeleteNever
	DeleteAll   = reconcile.DeleteAll
)

// The ways to find out that a file is unchanged.
const (
	DetectAuto     = reconcile.DetectAuto
	DetectHead     = reconcile.DetectHead
	DetectSizeTime = reconcile.DetectSizeTime
)

// The ways to treat headers that no rule names.
const (
	HeadersAuto  = reconcile.HeadersAuto
	HeadersKeep  = reconcile.HeadersKeep
	HeadersCheck = reconcile.HeadersCheck
)

// DirLinks says how a link to a directory is written to a bucket.
type DirLinks string

// The ways to write a link to a directory.
const (
	// DirLinksRedirect writes one link, and nothing below it. It is the default.
	DirLinksRedirect DirLinks = "redirect"
	// DirLinksExpand also writes a link for each entry below the directory.
	DirLinksExpand DirLinks = "expand"
	// DirLinksRules also writes a routing rule of the website for everything below
	// it.
	DirLinksRules DirLinks = "rules"
)

// Options of a run. The zero value is safe, and right for most runs.
//
// The first group changes a plan's actions; it is saved with a plan, each option
// under the name that [Options.Set] takes. The other groups are of one run.
type Options struct {
	// Rules hide entries on both sides, in gitignore syntax: the last rule that
	// matches decides, and "!" begins an exception. They come before those of
	// ignore files, and before the built-in ones for .DS_Store and ._*.
	Rules []string
	// Pages are the files that refer to others, and so are put after them, in
	// gitignore syntax; nil is "*.html".
	Pages []string
	// SiteRules names a file with the rules that give files their headers; "" reads
	// s3fc.toml at the root of a source that is a directory, and [NoSiteRules] reads
	// none. A file whose content is the same gets other headers where those that it was
	// put with are known: see Headers.
	SiteRules string
	// Headers says how headers that no rule names are treated: [HeadersAuto],
	// HeadersKeep or HeadersCheck.
	Headers Headers
	// Links is the treatment of a directory's symbolic links: "keep" (also ""),
	// "follow" or "skip".
	Links string
	// LinkBody is the body of a link's object in a bucket: "page" (also "") or
	// "empty".
	LinkBody string
	// DirLinks says how a link to a directory is written; "" is DirLinksRedirect.
	DirLinks DirLinks
	// Delete says which entries that only the destination has are deleted.
	Delete DeleteMode
	// Detect says how the run finds out that a file is unchanged: [DetectAuto] by
	// its md5, DetectHead by asking each entry too, DetectSizeTime by size and time
	// where the md5 is not known, which misses changes that keep both.
	Detect Detect
	// MaxDelete limits the deletes of the run: all or none.
	MaxDelete DeleteLimit
	// AllowEmptySource lets an empty source empty the destination.
	AllowEmptySource bool
	// DeleteReleases lets the run delete entries of releases that were marked.
	DeleteReleases bool
	// Strict makes a run with refused entries an [IncompleteError].
	Strict bool

	// Backup is the URL or path of a tree that gets every entry that is
	// overwritten or deleted, below a directory named by the time of the run. It
	// must share nothing with the source, and may lie inside the destination,
	// where it is hidden then. Runs on open trees set BackupTree.
	Backup string
	// BackupTree is like Backup, and is used as it is.
	BackupTree core.Backend
	// Reuse is the URL or path of a tree that is likely to hold files of the source under
	// the same keys, such as the last release of a site. The store copies those whose
	// content is the same from there to the destination, where it can; all others are
	// sent. It is for trees that are opened here.
	Reuse string
	// Exact makes [Apply] carry out each action as planned or not at all. Without
	// it, an action whose source has changed is decided about again, once. A plan
	// that is to be saved must be made with it.
	Exact bool

	// Range limits the run to a range of keys, for one of several runs over the same
	// trees; nil is no limit. A run over a range takes no last steps: see [FinishURL].
	Range *KeyRange

	// MaxRequests is a hard limit on the requests of the run: 0 is
	// [DefaultMaxRequests], and a negative number no limit. It holds for trees
	// that are opened here; open trees have their [core.Env].
	MaxRequests int64
	// Budget, if not nil, is the limit on requests in place of MaxRequests, for several
	// runs together.
	Budget *core.Budget
	// GiveUp is how long a store that answered before may give no answer at all until
	// the run ends with an error; 0 is a minute.
	GiveUp time.Duration
	// Jobs is how many operations run at once; 0 is [reconcile.DefaultJobs]. Fewer
	// run if the process may not have enough files open.
	Jobs int
	// Memory limits the buffers of the run in bytes; 0 is
	// [core.DefaultBuffers].
	Memory int64
	// Bandwidth limits the transfer in bytes a second; 0 is no limit.
	Bandwidth int64
	// CacheDir is the directory that has the caches of hashes and answers from run
	// to run, of trees that are opened here; "" is for none.
	CacheDir string
	// TempDir is the directory for plans and listings that do not fit into
	// memory; "" is [os.TempDir].
	TempDir string
	// Prices are used for the estimated cost of each request; nil for the prices
	// of each store.
	Prices *core.Prices
	// Log receives messages for debugging; nil discards them.
	Log *slog.Logger

	// Start receives the two trees of the run once they are open.
	Start func(Start)
	// Event receives each action: of [Diff] as planned, of [Copy] and [Apply] once
	// it was carried out. It is called serially. Entries that stay as they are
	// come only with Keeps.
	Event func(Action)
	Keeps bool
	// Notice receives remarks for the user, one sentence each.
	Notice func(string)
	// Progress is told often how far the run is, serially, from several
	// goroutines.
	Progress func(Progress)
}

func (o *Options) event(a Action) {
	if o.Event != nil {
		o.Event(a)
	}
}

// env is the part of the options that the backends get.
func (o *Options) env() core.Env {
	e := core.Env{
		Buffers: core.NewBuffers(core.DefaultBuffers),
		Jobs:    reconcile.DefaultJobs,
		GiveUp:  o.GiveUp,
		Log:     o.Log,
		Options: o.params(),
	}
	if o.Memory > 0 {
		e.Buffers = core.NewBuffers(o.Memory)
	}
	if o.Jobs > 0 {
		e.Jobs = o.Jobs
	}
	if fit := openfiles.Jobs(e.Jobs); fit < e.Jobs {
		e.Logger().Info("fewer jobs than asked for", "jobs", fit, "open files allowed", openfiles.Limit())
		e.Jobs = fit
	}
	switch {
	case o.Budget != nil:
		e.Budget = o.Budget
	case o.MaxRequests == 0:
		e.Budget = core.NewBudget(DefaultMaxRequests)
	case o.MaxRequests > 0:
		e.Budget = core.NewBudget(o.MaxRequests)
	}
	return e
}
