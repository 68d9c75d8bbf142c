package cmd

import (
	"runtime/debug"
	"strings"
	"testing"
)

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
