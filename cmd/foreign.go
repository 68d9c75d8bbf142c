package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/internal/near"
)

// foreignCommands are commands of other tools, with the one here that does the
// same, and a remark where it does more or less.
var foreignCommands = []struct {
	names  []string
	here   string
	remark string
}{
	{
		names:  []string{"cp", "mv", "rsync", "mirror", "push", "pull", "put", "get", "upload", "download", "deploy", "clone", "publish"},
		here:   "copy SRC DST",
		remark: "it is always recursive, and deletes from DST whatever SRC does not have, unless --delete=never",
	},
	{names: []string{"list", "dir", "lsl", "lsd", "lsf", "la", "ll", "tree", "find"}, here: "ls TREE"},
	{names: []string{"status", "compare"}, here: "diff SRC DST"},
	{names: []string{"verify", "md5sum", "hashsum", "cmp", "cryptcheck", "fsck"}, here: "check SRC DST"},
	{names: []string{"preview"}, here: "diff SRC DST"},
	{names: []string{"rm", "del", "delete", "purge", "rmdir", "remove"}, here: "copy SRC DST", remark: "there is no command that only deletes; entries that SRC does not have are deleted by a copy"},
	{names: []string{"config", "configure", "login"}, here: "help urls", remark: "there is nothing to configure: URLs, and the environment and files of AWS"},
}

// foreignFlags are flags of other tools, with the way to do the same here.
var foreignFlags = map[string]string{
	"recursive": "copy is always recursive", "r": "copy is always recursive", "a": "copy is always recursive, and carries links and times", "archive": "copy is always recursive, and carries links and times",
	"dryrun":             "use --dry-run",
	"follow-symlinks":    "use --links=follow",
	"no-follow-symlinks": "use --links=skip",
	"copy-links":         "use --links=follow",
	"L":                  "use --links=follow",
	"skip-links":         "use --links=skip",
	"size-only":          "sizes and md5s are compared, which costs no request more",
	"checksum":           "md5s are compared always; check reads all content again",
	"c":                  "md5s are compared always; check reads all content again",
	"exact-timestamps":   "times are never compared, but md5s",
	"update":             "times are never compared, but md5s",
	"u":                  "times are never compared, but md5s",
	"transfers":          "use --jobs",
	"checkers":           "use --jobs",
	"numworkers":         "use --jobs",
	"concurrency":        "use --jobs",
	"no-progress":        "use --progress=never",
	"only-show-errors":   "use --quiet",
	"delete-after":       "deletes come last always; use --delete=after, which is the default",
	"delete-removed":     "it is the default; --delete=never turns it off",
	"delete-excluded":    "excluded entries are never deleted",
	"max-delete-percent": "use --max-delete N%",
	"profile":            "write it into the URL: s3://bucket?profile=NAME, or set AWS_PROFILE",
	"region":             "write it into the URL: s3://bucket?region=NAME, or set AWS_REGION",
	"endpoint-url":       "write it into the URL: s3://bucket?endpoint=URL, or set AWS_ENDPOINT_URL",
	"endpoint":           "write it into the URL: s3://bucket?endpoint=URL, or set AWS_ENDPOINT_URL",
	"no-sign-request":    "write it into the URL: s3://bucket?anonymous=true",
	"sse":                "write it into the URL: s3://bucket?ssetype=aws:kms",
	"exclude-from":       "put the patterns into a file .s3fcignore",
	"filter":             "use --exclude and --include, or a file .s3fcignore",
	"no-delete":          "use --delete=never",
	"guess-mime-type":    "content types are always set",
	"backup":             "use --backup-dir TREE",
	"force":              "use --max-delete or --allow-empty-source, for a guard that stops a run",
	"yes":                "nothing is asked; a guard stops a run that would delete too much",
	"interactive":        "use plan and apply, to look before something is written",
}

// foreignCommand returns the answer to a command of another tool.
func foreignCommand(program, name string) (answer string, ok bool) {
	for _, f := range foreignCommands {
		if !slices.Contains(f.names, strings.ToLower(name)) {
			continue
		}
		answer = "here it is: " + program + " " + f.here
		if f.remark != "" {
			answer += " (" + f.remark + ")"
		}
		return answer, true
	}
	return "", false
}

// checkCommand reports a first argument that is no command, before flags of another
// tool hide it.
func checkCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	if found, _, err := root.Find(args[:1]); err == nil && found != root {
		return nil
	}
	return unknownCommand(root, args[0])
}

// unknownCommand returns the error for a command that cmd does not have, with the
// one that was probably meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	if cmd == cmd.Root() {
		if answer, ok := foreignCommand(cmd.Name(), name); ok {
			return usageError(cmd, "there is no command %q; %s", name, answer)
		}
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, append(c.Aliases, c.Name())...)
	}
	if meant := meantName(name, names); meant != "" {
		return usageError(cmd, "unknown command %q; did you mean %q?", name, meant)
	}
	slices.Sort(names)
	return usageError(cmd, "unknown command %q; expected one of %s", name, strings.Join(names, ", "))
}

// meantName returns the one of names that was probably meant: the nearest one, or the
// only one that begins with name; "" for none.
func meantName(name string, names []string) string {
	if meant := near.Name(name, names); meant != "" {
		return meant
	}
	longer := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, name) })
	if len(longer) == 1 && name != "" {
		return longer[0]
	}
	return ""
}
