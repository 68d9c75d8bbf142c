package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// manyFiles returns a directory with n small files, three in each of its directories.
func manyFiles(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("d%03d", i/3), fmt.Sprintf("f%03d", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, fmt.Appendf(nil, "content %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pushes runs the program with a push, and returns its exit code and its output.
func pushes(t *testing.T, endpoint, dir string, flags ...string) (code int, said string) {
	t.Helper()
	cmd, stdout, stderr := program(t, endpoint, append([]string{"copy", dir, "s3://test"}, flags...)...)
	code = exitCode(cmd.Run())
	return code, stdout.String() + stderr.String()
}

// TestAServerThatNeverAnswersIsOneError checks that there is one error with one remedy,
// whatever is the matter, also for a tree of many files.
func TestAServerThatNeverAnswersIsOneError(t *testing.T) {
	dir := manyFiles(t, 150)
	for name, c := range map[string]struct {
		quirk s3server.Quirk
		says  string
	}{
		"nobody listens":        {s3server.Stopped, "connection refused: check the endpoint"},
		"HTTP, asked for HTTPS": {s3server.PlainPort, "does not speak TLS"},
		"an unknown authority":  {s3server.BadCertificate, "authority that is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := pushes(t, s3server.New(t, c.quirk).URL, dir)
			if code != 1 || strings.Count(said, c.says) != 1 || strings.Count(strings.TrimSpace(said), "\n") > 2 {
				t.Errorf("exit code %d, %s; want 1, and a few lines with %q once", code, said, c.says)
			}
		})
	}
}

// TestAServerThatIsAwayForAWhileLosesNoRun checks that a run goes on after a restart of
// the server, and after a spell in which everything is answered with SlowDown or with
// the 502 of a proxy; and that nothing is left to do after it.
func TestAServerThatIsAwayForAWhileLosesNoRun(t *testing.T) {
	long.Only(t)
	dir := manyFiles(t, 150)
	for name, away := range map[string]s3server.Option{
		"restarted":   s3server.Stops(40, 3*time.Second),
		"SlowDown":    spell(http.StatusServiceUnavailable, "SlowDown", 3*time.Second),
		"Bad Gateway": spell(http.StatusBadGateway, "", 3*time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := s3server.New(t, away)
			// A file that was stored, though its answer was lost, counts as unchanged.
			if code, said := pushes(t, server.URL, dir); code != 0 || !strings.Contains(said, " new (") {
				t.Errorf("exit code %d, %s; want 0", code, said)
			}
			if code, said := pushes(t, server.URL, dir); code != 0 || !strings.Contains(said, "150 unchanged") {
				t.Errorf("the run after: exit code %d, %s; want nothing to do", code, said)
			}
		})
	}
}

// spell answers every request from the 40th on with this status, for this time.
func spell(status int, code string, d time.Duration) s3server.Option {
	var seen, began atomic.Int64
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			now := time.Now().UnixNano()
			if seen.Add(1) < 40 || !began.CompareAndSwap(0, now) && now > began.Load()+int64(d) {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			if code != "" {
				_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>Please reduce your request rate.</Message></Error>", code)
			}
		})
	})
}

// TestAServerThatStaysAwayIsOneError checks that a run whose server is gone for good
// ends with one error, and sends nothing for each of the files that are left.
func TestAServerThatStaysAwayIsOneError(t *testing.T) {
	long.Only(t)
	code, said := pushes(t, s3server.New(t, s3server.Stops(40, 0)).URL, manyFiles(t, 300), "--give-up", "2s", "--jobs", "8")
	if code != 1 || strings.Count(said, "has given no answer for") != 1 || strings.Count(said, "connection refused") != 1 {
		t.Errorf("exit code %d, %s; want 1, and one error with one cause", code, said)
	}
}

// TestEqualRefusalsAreOneError checks that a store which denies every write is asked a
// few times, not once a file, and that the refusal is said once.
func TestEqualRefusalsAreOneError(t *testing.T) {
	server := s3server.New(t, s3server.DeniesWrites)
	code, said := pushes(t, server.URL, manyFiles(t, 300), "--jobs", "8")
	puts := server.Requests().Map()["PUT"]
	if code != 1 || puts > 100 || strings.Count(said, "AccessDenied") != 1 {
		t.Errorf("exit code %d after %d PUT of 300, %s; want 1 after a few, and the refusal once", code, puts, said)
	}
}
