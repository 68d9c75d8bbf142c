package cmd

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"copy", "diff", "ls", "backends", "dry-run", "delete"}
	for name, want := range map[string]string{
		"cpy": "copy", "cop": "copy", "dif": "diff", "l": "ls", "backend": "backends", "dryrun": "dry-run", "delte": "delete", "frobnicate": "", "xx": "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2}} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestVersionText(t *testing.T) {
	info := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}},
	}
	if got, want := versionText("s3fc", info), "s3fc v1.2.3, commit 0123456789ab with changes, go"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want it to begin with %q", got, want)
	}
	if got := versionText("mine", nil); !strings.HasPrefix(got, "mine (unknown), go") {
		t.Errorf("%q", got)
	}
}
