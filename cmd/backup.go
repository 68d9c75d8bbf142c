package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// backupTime is the form of a run's time in the name of its backup.
const backupTime = "2006-01-02T15-04-05Z"

// backup is where a run saves what it overwrites or deletes. The zero backup is
// none.
type backup struct {
	at    place // of this run
	tree  core.Backend
	asked bool
}

// useBackup reads --backup-dir.
func (r *run) useBackup(cmd *cobra.Command, arg string) error {
	if arg == "" {
		return nil
	}
	dir, err := r.parse(cmd, "--backup-dir", arg)
	if err != nil {
		return err
	}
	switch {
	case contains(dir, r.src), contains(r.src, dir):
		return usageError(cmd, "--backup-dir: %s and the source %s must share nothing", arg, r.src.arg)
	case contains(dir, r.dst):
		return usageError(cmd, "--backup-dir: %s must not be, or contain, the destination %s; it may lie inside", arg, r.dst.arg)
	case contains(r.dst, dir):
		if err := r.setApart(cmd, dir); err != nil {
			return err
		}
	}
	r.backup.at, r.backup.asked = dir.at(r.started), true
	return nil
}

// setApart keeps the run from what lies in the destination at the place p.
func (r *run) setApart(cmd *cobra.Command, p place) error {
	key := inside(r.dst, p)
	if key == "" {
		return usageError(cmd, "%s lies in the destination under another spelling; write it as %s has it", p.arg, r.dst.arg)
	}
	r.apart = append(r.apart, key)
	return nil
}

// inside returns the key of in, which lies inside out, or "" if it has none.
func inside(out, in place) string {
	if a, ok := out.local(); ok {
		b, _ := in.local()
		rel, err := filepath.Rel(resolved(a), resolved(b))
		if err != nil || !filepath.IsLocal(rel) {
			return ""
		}
		return filepath.ToSlash(rel)
	}
	return strings.Trim(strings.TrimPrefix(slashed(in.url.Path), strings.TrimPrefix(slashed(out.url.Path), "/")), "/")
}

// at is the tree inside p that is named by a time.
func (p place) at(t time.Time) place {
	name := t.UTC().Format(backupTime)
	u := p.url.JoinPath(name)
	if _, ok := p.local(); ok && !strings.Contains(p.arg, "://") {
		return place{filepath.Join(p.arg, name), u}
	}
	return place{u.String(), u}
}

// openBackup opens the backup, of which nothing is made before something is
// saved in it.
func (r *run) openBackup(ctx context.Context) (err error) {
	if !r.backup.asked {
		return nil
	}
	env := r.env
	env.Options = r.options()
	env.Options.Del("links") // they are saved, whatever the run does with them
	r.backup.tree, err = r.openDestination(ctx, r.backup.at, env, r.dryRun)
	if err != nil {
		return fmt.Errorf("the backup %s cannot be opened: %w", r.backup.at.arg, err)
	}
	return nil
}

// saving is the backup as the reconciler is to see it, or nil.
func (r *run) saving() core.Backend {
	switch n := r.bandwidth.perSecond; {
	case r.backup.tree == nil:
		return nil
	case n > 0:
		return wrap.Limit(r.backup.tree, 0, n)
	}
	return r.backup.tree
}

// hidden reports whether key is none of the run's business: by the rules, or
// because the backup or the source lies there.
func (r *run) hidden(key string) bool {
	for _, a := range r.apart {
		if key == a || core.Below(key, a) {
			return true
		}
	}
	return r.rules.Hidden(key)
}

// closeBackup closes the backup.
func (r *run) closeBackup() error {
	if r.backup.tree == nil {
		return nil
	}
	return closeTree(r.backup.tree)
}

// noteBackup says where things were saved, and how they come back.
func (r *run) noteBackup(out outcome) outcome {
	switch {
	case r.dryRun && r.backup.asked && out.any():
		out.Notes = append(out.Notes, "what is overwritten or deleted would be saved in "+r.backup.at.arg)
	case out.Saved > 0:
		out.Notes = append(out.Notes, fmt.Sprintf("what was overwritten or deleted is saved in %s; to put it back: s3fc copy --delete=never %s %s",
			r.backup.at.arg, shellWord(r.backup.at.arg), shellWord(r.dst.arg)))
	}
	return out
}

// shellWord returns s as a shell takes it for one word.
func shellWord(s string) string {
	plain := func(c rune) bool {
		return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.ContainsRune("-./:@%+=,", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
