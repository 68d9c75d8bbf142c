package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/openfiles"
	"github.com/s3fc/s3fc/internal/prices"
)

// output are the flags that choose the output's form.
type output struct {
	json, quiet, verbose bool
	progress             string
	log                  string
	logFile              io.Writer // of log; nil for none
}

func (o *output) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print one JSON object a line on stdout")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print errors only")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also list unchanged entries and request details")
	f.StringVar(&o.log, "log", "", "append debug messages, retries and waits to this `FILE`, as lines of JSON")
}

func (o *output) check(cmd *cobra.Command) error {
	if o.quiet && o.verbose {
		return usageError(cmd, "expected --quiet or --verbose, not both")
	}
	return nil
}

func (o *output) bindProgress(cmd *cobra.Command) {
	addEnum(cmd, &o.progress, "progress", "show the progress: a bar on a terminal, else a line every 10 s (auto: not with --json or --quiet)", "auto", "always", "never")
}

// limits are the flags that limit a run.
type limits struct {
	jobs        int
	maxRequests int64
	giveUp      time.Duration
	bandwidth   bandwidth
	prices      priceFile
}

func (l *limits) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.VarP(&number[int]{&l.jobs, 1, 10_000}, "jobs", "j", "how many operations run at once, at most")
	l.jobs = reconcile.DefaultJobs
	f.Var(&number[int64]{&l.maxRequests, 1, math.MaxInt64}, "max-requests", "stop before the first write if more requests are needed, and never send more")
	l.maxRequests = s3fc.DefaultMaxRequests
	f.DurationVar(&l.giveUp, "give-up", time.Minute, "end the run when a store that has answered sends nothing for this long")
	f.Var(&l.prices, "prices", "a JSON file with the prices of the stores' requests")
	for _, name := range []string{"jobs", "max-requests"} {
		f.Lookup(name).DefValue = f.Lookup(name).Value.String()
	}
}

// set copies the limits into the options of a run.
func (l *limits) set(o *s3fc.Options) {
	o.Jobs, o.MaxRequests, o.Bandwidth, o.Prices = l.jobs, l.maxRequests, l.bandwidth.perSecond, l.prices.table
	o.GiveUp = l.giveUp
}

// env is the environment of a command that opens one tree.
func (l *limits) env(log *slog.Logger) core.Env {
	return core.Env{
		Budget: core.NewBudget(l.maxRequests), Buffers: core.NewBuffers(core.DefaultBuffers), Jobs: openfiles.Jobs(l.jobs), GiveUp: l.giveUp, Log: log,
	}
}

// number is a flag that takes a whole number of a range.
type number[T int | int64] struct {
	value    *T
	min, max T
}

func (n *number[T]) Set(s string) error {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < int64(n.min) || v > int64(n.max) {
		if int64(n.max) == math.MaxInt64 {
			return fmt.Errorf("expected a whole number of at least %d", n.min)
		}
		return fmt.Errorf("expected a whole number from %d to %d", n.min, n.max)
	}
	*n.value = T(v)
	return nil
}

func (n *number[T]) String() string {
	if n.value == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n.value), 10)
}

func (n *number[T]) Type() string { return "N" }

// bandwidth is a flag that takes bytes a second; 0 is no limit.
type bandwidth struct {
	perSecond int64
	text      string
}

func (b *bandwidth) bind(cmd *cobra.Command) {
	cmd.Flags().Var(b, "bwlimit", "send and receive at most so many bytes a second, such as 500k or 10M")
}

func (b *bandwidth) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return fmt.Errorf("expected bytes a second, such as 500k, 10M or 2MiB")
	}
	*b = bandwidth{int64(n), s}
	return nil
}

func (b *bandwidth) String() string { return b.text }
func (b *bandwidth) Type() string   { return "BYTES" }

// priceFile is a flag that names a file of prices.
type priceFile struct {
	table *core.Prices
	name  string
}

func (p *priceFile) Set(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	p.table, err = prices.Parse(text)
	p.name = name
	return err
}

func (p *priceFile) String() string { return p.name }
func (p *priceFile) Type() string   { return "FILE" }

// envNoCache is the variable that stands for --no-cache.
const envNoCache = "S3FC_NO_CACHE"

// remembering are the flags for caches.
type remembering struct{ noCache bool }

func (m *remembering) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&m.noCache, "no-cache", false, "neither read nor write the cache of md5s and links (also $"+envNoCache+"=1)")
}

// off reports whether caches are not used. A value of the variable that is no
// boolean counts as true.
func (m *remembering) off() bool {
	text := os.Getenv(envNoCache)
	no, err := strconv.ParseBool(text)
	return m.noCache || text != "" && (no || err != nil)
}

// set sets the cache's directory in the options of a run.
func (m *remembering) set(o *s3fc.Options) {
	if m.off() {
		return
	}
	dir, err := cache.Dir()
	if err != nil {
		o.Log.Debug("cache: there is no directory for it", "error", err)
		return
	}
	o.CacheDir = dir
}
