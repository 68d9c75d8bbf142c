package cmd

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/internal/cache"
)

const cacheHelp = `Show the cache of runs: the md5s of local files, and a store's answers about
objects that its listing does not describe fully.

It saves reading and requests, and nothing else: it may be deleted at any time,
and --no-cache does without. An entry is remembered for one version of a file
(inode, size, modification and change time) or an object (ETag, size, last
modified), so that a changed one is read again. "$0 check" never uses it.

It lies in $S3FC_CACHE_DIR, or s3fc in the user's cache directory.`

func newCache(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cache [flags] [clear]",
		Short: "show or clear the cache of md5s and links",
		Long:  cacheHelp,
		Example: `  $0 cache
  $0 cache --json | jq .bytes
  $0 cache clear`,
		DisableFlagsInUseLine: true,
		ValidArgs:             []string{"clear"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && args[0] != "clear" {
				return usageError(cmd, "expected nothing, or clear")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := cache.Dir()
			switch {
			case err != nil:
				return fmt.Errorf("there is no directory for the cache; name one in %s: %w", cache.DirVariable, err)
			case len(args) == 1:
				return cache.Clear(dir)
			}
			return a.showCache(dir, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line on stdout")
	return cmd
}

// cacheJSON is a tree's memory as cache --json prints it.
type cacheJSON struct {
	Event   string    `json:"event"`
	Tree    string    `json:"tree,omitempty"`
	Entries int64     `json:"entries"`
	Bytes   int64     `json:"bytes"`
	Used    time.Time `json:"used"`
	Error   string    `json:"error,omitempty"`
}

func (a *app) showCache(dir string, asJSON bool) error {
	all, err := cache.Memories(dir)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(x, y cache.Memory) int { return strings.Compare(x.Tree, y.Tree) })
	if !asJSON {
		a.con.print(cacheTable(dir, all))
		return nil
	}
	for _, m := range all {
		j := cacheJSON{Event: "cache", Tree: m.Tree, Entries: m.Entries, Bytes: m.Bytes, Used: m.Used.UTC().Truncate(time.Second)}
		if m.Err != nil {
			j.Error = m.Err.Error()
		}
		a.con.print(encode(j))
	}
	return nil
}

func cacheTable(dir string, all []cache.Memory) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var entries, bytes int64
	for _, m := range all {
		tree := inert(m.Tree)
		if m.Err != nil {
			tree = "(not used: " + inert(m.Err.Error()) + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", plural(m.Entries, "entry"), size(m.Bytes), m.Used.Format(time.DateOnly), tree)
		entries, bytes = entries+m.Entries, bytes+m.Bytes
	}
	_ = w.Flush() // to memory
	fmt.Fprintf(&b, "%s, %s in %s, in %s\n", plural(entries, "entry"), size(bytes), plural(int64(len(all)), "file"), dir)
	return b.String()
}
