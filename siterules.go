package s3fc

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/ignore"
	"github.com/s3fc/s3fc/internal/precompressed"
	"github.com/s3fc/s3fc/internal/siterules"
)

// NoSiteRules is the value of Options.SiteRules for a site that has a file of its own
// under the name of the rules file.
const NoSiteRules = "none"

// SiteRulesError says that the rules of a site have mistakes. No request for an entry
// was sent.
type SiteRulesError struct{ Err error }

// Error returns each mistake with its place, its line and a mark.
func (e *SiteRulesError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *SiteRulesError) Unwrap() error { return e.Err }

// readSiteRules returns the rules of a run.
func readSiteRules(ctx context.Context, option string, src core.Tree) (*siterules.Rules, error) {
	if option == NoSiteRules {
		return nil, nil
	}
	rules, err := siterules.Read(ctx, option, src)
	if err != nil {
		return nil, &SiteRulesError{err}
	}
	return rules, nil
}

// withHeaders returns the source with the headers of the site's rules, where the
// destination stores them. A source that has headers of its own keeps them if there
// are no rules.
func (r *run) withHeaders(t core.Tree) core.Tree {
	t = r.withPrecompressed(t)
	if !r.dst.tree.Features().Headers || r.site.Len() == 0 && t.Features().Headers {
		return t
	}
	return wrap.Headers(t, r.site.Headers)
}

// withPrecompressed returns the source with its compressed files under the names that
// visitors ask for, where the destination stores headers.
func (r *run) withPrecompressed(t core.Tree) core.Tree {
	if !r.dst.tree.Features().Headers || !r.site.HasPrecompressed() {
		return t
	}
	return precompressed.Over(t, r.site.Precompressed, r.o.TempDir, r.noteOlder())
}

// noteOlder returns the function that is told of compressed files that are older than
// the file in whose place they are stored. It tells the user once.
func (r *run) noteOlder() func(compressed, plain string) {
	var once sync.Once
	return func(compressed, plain string) {
		if r.o.Notice == nil {
			return
		}
		once.Do(func() {
			r.o.Notice(fmt.Sprintf("%s is older than %s, in whose place it is stored: compress that again, and others perhaps",
				core.DisplayKey(compressed), core.DisplayKey(plain)))
		})
	}
}

// checkDestinationRules returns an error if the destination is the source of a site
// whose rules store compressed files under other names: a pull would overwrite plain
// files with compressed bytes, and delete the compressed files.
func (r *run) checkDestinationRules(ctx context.Context) error {
	if r.o.SiteRules == NoSiteRules || !r.src.tree.Features().Headers || r.dst.tree.Features().Headers {
		return nil
	}
	rules, err := readSiteRules(ctx, "", r.dst.tree) // a file that is named is for the source
	if err != nil {
		return err
	}
	if rules.HasPrecompressed() {
		return &SiteRulesError{fmt.Errorf("%s in %s has a rule for precompressed files, so this copy would put compressed bytes in place of their sources: copy into another directory, or set the rules to %s",
			siterules.FileName, r.dst.name, NoSiteRules)}
	}
	return nil
}

// noteSiteRules tells the user of rules that have no effect, once the source was
// listed whole.
func (r *run) noteSiteRules() {
	if r.o.Notice == nil {
		return
	}
	if r.rules.siteDir.Load() {
		r.o.Notice(fmt.Sprintf("a directory is called %s: it gives no rules, and is left out unless the rules are set to %s", siterules.FileName, NoSiteRules))
	}
	if r.site.Len() == 0 {
		return
	}
	if !r.dst.tree.Features().Headers {
		r.o.Notice(r.dst.name + " keeps no headers, so the rules of " + siterules.FileName + " have no effect there")
		return
	}
	if r.o.Range != nil {
		return // other shards list the other files
	}
	for _, u := range r.site.Unused() {
		r.o.Notice(fmt.Sprintf("%s:%d: the rule for %s matches no file", siterules.FileName, u.Line, strings.Join(u.Match, ", ")))
	}
}

// hiddenIn returns the function that hides keys of a side. It says once that a rules
// file in a store is left alone: rules are never read from there.
func (r *run) hiddenIn(s side) func(key string) bool {
	if !r.rules.siteFile || r.o.Notice == nil || ignore.ReadsFiles(s.tree) {
		return r.rules.hidden
	}
	var once sync.Once
	return func(key string) bool {
		hidden := r.rules.hidden(key)
		if hidden && key == siterules.FileName {
			once.Do(func() {
				r.o.Notice(fmt.Sprintf("%s has an object %s, which is left alone, and whose rules do not apply: rules are those of a local tree", s.name, siterules.FileName))
			})
		}
		return hidden
	}
}
