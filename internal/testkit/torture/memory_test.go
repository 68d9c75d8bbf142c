package torture

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// withMemory, in the environment, makes labs use a cache.
const withMemory = "S3FC_TORTURE_WITH_MEMORY"

// TestAllAgainWithMemory runs every other test of this package once more, with
// the caches on.
func TestAllAgainWithMemory(t *testing.T) {
	long.Only(t)
	if os.Getenv(withMemory) != "" {
		return // this is it
	}
	c := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This test.
	c.Env = append(os.Environ(), withMemory+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("with memory: %v\n%s", err, out)
	}
}

// settleTime is longer than the clocks of the disks tick that tests run on.
const settleTime = 20 * time.Millisecond

// settled waits until all files that are there may be remembered.
func settled() { time.Sleep(settleTime + 10*time.Millisecond) }

// remember makes runs use the cache, or not.
func (l *lab) remember(on bool) {
	l.Helper()
	l.remembers = on
	l.Setenv("S3FC_NO_CACHE", strconv.FormatBool(!on))
	l.Setenv("S3FC_CACHE_DIR", l.TempDir())
}

// openDir is [localfs.Open]; files are soon settled where anything is remembered.
func (l *lab) openDir(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	if !l.remembers || u.RawQuery != "" {
		return localfs.Open(ctx, u, env)
	}
	policy, err := kit.ParseLinkPolicy(env.Option(u, "links"))
	if err != nil {
		return nil, err
	}
	t, err := localfs.New(filepath.FromSlash(u.Path), localfs.Options{Links: policy, Create: env.Create, SettleTime: settleTime})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// ahead makes a server's clock run ahead, so that its objects all look old.
func ahead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}
