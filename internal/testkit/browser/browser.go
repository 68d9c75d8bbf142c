// Package browser runs a headless Chromium for tests of pages.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// Start starts a headless Chromium that ends with the test, which is one of the longer
// ones. Without Chromium it is skipped, or fails where it must run. The context is for chromedp; it ends
// after two minutes.
func Start(t testing.TB) context.Context {
	t.Helper()
	long.Only(t)
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	must := os.Getenv("CI") == "true" || slices.Contains(strings.Split(os.Getenv("S3FC_MUST_RUN"), ","), "chromium")
	switch {
	case path == "" && must:
		t.Fatal("there is no Chromium, and it must run here")
	case path == "":
		t.Skip("NOT RUN: there is no Chromium here (Debian's package is chromium)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("headless", true), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // and waits until it has ended
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}
