//go:build unix

package state_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/state"
)

// asHolder, in the environment, makes the test binary a process that records an
// upload in the directory named there, and waits to be killed.
const asHolder = "S3FC_STATE_TEST_HOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asHolder); dir != "" {
		if _, err := state.OpenUploads(dir, "store").Add(state.Upload{Key: "k", ID: "of the killed"}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("recorded")
		time.Sleep(time.Minute)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func add(t *testing.T, u *state.Uploads, id string) *state.Record {
	t.Helper()
	r, err := u.Add(state.Upload{Key: "a/key", ID: id, Object: "o", Sealed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Release() })
	return r
}

// abandoned returns the IDs of abandoned uploads, and lets go of them again.
func abandoned(t *testing.T, u *state.Uploads) (ids []string) {
	t.Helper()
	records, err := u.Abandoned()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		ids = append(ids, r.ID)
		if err := r.Release(); err != nil {
			t.Error(err)
		}
	}
	return ids
}

func wantIDs(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: abandoned are %v, want %v", what, got, want)
	}
}

func TestARecordIsAbandonedOnlyOnceItIsLetGoOf(t *testing.T) {
	dir := t.TempDir()
	u := state.OpenUploads(dir, "store")
	wantIDs(t, "with no directory", abandoned(t, u))
	r := add(t, u, "id")
	wantIDs(t, "while it is held", abandoned(t, u))
	if err := r.Release(); err != nil {
		t.Error(err)
	}
	wantIDs(t, "for another store", abandoned(t, state.OpenUploads(dir, "other")))
	records, err := u.Abandoned()
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v; want 1", len(records), err)
	}
	got := records[0]
	if got.Key != "a/key" || got.ID != "id" || got.Object != "o" || !got.Sealed || got.PID != os.Getpid() || got.Begun.IsZero() {
		t.Errorf("read back as %+v", got.Upload)
	}
	wantIDs(t, "while it is held again", abandoned(t, u))
	if err := got.Remove(); err != nil {
		t.Error(err)
	}
	wantIDs(t, "after it was removed", abandoned(t, u))
}

func TestTheRecordOfAKilledProcessIsAbandoned(t *testing.T) {
	dir := t.TempDir()
	u := state.OpenUploads(dir, "store")
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This test.
	cmd.Env = append(os.Environ(), asHolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "recorded\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
	wantIDs(t, "while its process lives", abandoned(t, u))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out) // until it is gone
	_ = cmd.Wait()                  // killed
	wantIDs(t, "after it was killed", abandoned(t, u), "of the killed")
}

func TestOneAloneTakesARecordOver(t *testing.T) {
	u := state.OpenUploads(t.TempDir(), "store")
	for range 20 {
		if err := add(t, u, "id").Release(); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	var taken atomic.Int64
	for range 4 {
		wg.Go(func() {
			records, err := u.Abandoned()
			if err != nil {
				t.Error(err)
			}
			for _, r := range records {
				taken.Add(1)
				if err := r.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() != 20 {
		t.Errorf("20 records were taken %d times", taken.Load())
	}
}

func TestAFileThatIsNoRecordIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	u := state.OpenUploads(dir, "store")
	r := add(t, u, "id")
	if err := r.Release(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "uploads", "*", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v; want one", files, err)
	}
	sub := filepath.Dir(files[0])
	for name, text := range map[string]string{
		"newer.json": `{"version":2,"key":"k","id":"x"}`, "damaged.json": `{"version":1,"key":"k"`, "empty.json": "", "fresh": "", "old": "",
	} {
		if err := os.WriteFile(filepath.Join(sub, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(sub, "old"), long, long); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "among others", abandoned(t, u), "id")
	for _, name := range []string{"newer.json", "damaged.json", "empty.json", "fresh"} {
		if _, err := os.Stat(filepath.Join(sub, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(sub, "old")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was never made a record is there after a day: %v", err)
	}
}

func TestWhereNothingCanBeWrittenThereIsNoRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := state.OpenUploads(file, "store").Add(state.Upload{Key: "k", ID: "id"}); err == nil {
		t.Errorf("got %+v, want an error", r)
	}
}

func TestDir(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, c := range []struct{ own, xdg, want string }{
		{"/own", "/xdg", "/own"},
		{"", "/xdg", "/xdg/s3fc"},
		{"", "not/absolute", filepath.Join(home, ".local/state/s3fc")},
		{"", "", filepath.Join(home, ".local/state/s3fc")},
	} {
		t.Setenv(state.DirVariable, c.own)
		t.Setenv("XDG_STATE_HOME", c.xdg)
		if got := state.Dir(); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
	t.Setenv("HOME", "")
	if got := state.Dir(); got != "" {
		t.Errorf("without a home: %q, want none", got)
	}
}
