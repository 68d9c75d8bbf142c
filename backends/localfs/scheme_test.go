package localfs

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestDirectoriesInsideOneAnotherAreToldByIdentity(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"into": "a/b", "c/up": "..", "gone": "none"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skipf("NOT RUN: no symbolic links here: %v", err)
		}
	}
	mux := core.NewMux(Scheme)
	at := func(name string) *url.URL {
		u, err := mux.Parse(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, tt := range []struct {
		out, in, key string
		want         bool
	}{
		{"a", "a", ".", true},
		{"a", "a/b", "b", true},
		{"a", "a/b/new/newer", "b/new/newer", true},
		{"a/b", "a", "", false},
		{"a", "into", "b", true},
		{"a/b", "into/new", "new", true},
		{"into", "a/b", ".", true},
		{"a", "c", "", false},
		{"a", "ab", "", false},
		{"a/new", "a/new/x", "x", true},
		{"a/new", "a/newer", "", false},
		{"a", "c/up/a/b", "b", true},
		{"gone", "gone/x", "x", true},
		{".", "a/b", "a/b", true},
	} {
		if key, ok := mux.Within(at(tt.out), at(tt.in)); key != tt.key || ok != tt.want {
			t.Errorf("%s inside %s: %q, %v; want %q, %v", tt.in, tt.out, key, ok, tt.key, tt.want)
		}
	}
}

func TestAPathThatIsAFileIsRefusedBeforeItIsOpened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	mux := core.NewMux(Scheme)
	u, err := mux.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := mux.Check(u); err == nil || !strings.Contains(err.Error(), "give its directory, "+filepath.Dir(file)+", and exclude everything else") {
		t.Errorf("Check = %v, want an error that names the directory", err)
	}
	for _, missing := range []string{file + "2", file + "/below"} {
		if u, err := mux.Parse(missing); err != nil || mux.Check(u) != nil {
			t.Errorf("%s: %v, %v; want no error before it is opened", missing, err, mux.Check(u))
		}
	}
}
