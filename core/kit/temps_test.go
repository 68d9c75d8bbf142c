package kit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTemporaryNames(t *testing.T) {
	for range 100 {
		if a, b := TempName(""), TempName("\u00e9"); !IsTemp(a) || !IsTemp(b) || a == TempName("") {
			t.Fatalf("%q %q", a, b)
		}
	}
	for _, name := range []string{"", ".s3fc-.tmp", ".s3fc-x.tmp", tempPrefix + strings.Repeat("0", 31) + tempSuffix, tempPrefix + strings.Repeat("X", 32) + tempSuffix, "a" + TempName(""), TempName("") + "a", ".s3fcignore"} {
		if IsTemp(name) {
			t.Errorf("%q is no temporary name", name)
		}
	}
}

// nameVariable makes the test binary print a temporary name and end.
const nameVariable = "S3FC_KIT_NAME"

func TestMain(m *testing.M) {
	if os.Getenv(nameVariable) != "" {
		fmt.Println(TempName(""))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ended returns a temporary name of a process that has ended.
func ended(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), nameVariable+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestATemporaryFileIsAbandonedOnceItsProcessIsGone(t *testing.T) {
	now := time.Now()
	dead, own := ended(t), TempName("")
	if !IsTemp(dead) {
		t.Fatalf("%q", dead)
	}
	knows := runtime.GOOS == "linux" || runtime.GOOS == "darwin"
	if !knows || hostID() == "" {
		t.Logf("NOT RUN in full: whether a process runs is not known on %s", runtime.GOOS)
	}
	otherHost := own[:len(tempPrefix)] + strings.Repeat("1", 8) + dead[len(tempPrefix)+8:]
	otherStart := own[:len(tempPrefix)+14] + flip(own[len(tempPrefix)+14:])
	for _, tt := range []struct {
		name string
		temp string
		want bool // at once; after an hour every one is
	}{
		{"of this process", own, false},
		{"of a process that has ended", dead, knows && hostID() != ""},
		{"of another machine", otherHost, false},
		{"of an earlier process of this number", otherStart, runtime.GOOS == "linux" && hostID() != ""},
		{"of an earlier version", tempPrefix + strings.Repeat("0", 32) + tempSuffix, false},
	} {
		if got := TempAbandoned(tt.temp, now, now); got != tt.want {
			t.Errorf("%s: at once %v, want %v", tt.name, got, tt.want)
		}
		if TempAbandoned(tt.temp, now, now.Add(59*time.Minute)) != tt.want || !TempAbandoned(tt.temp, now, now.Add(61*time.Minute)) {
			t.Errorf("%s: it is not the hour that decides", tt.name)
		}
	}
	if TempAbandoned("file.tmp", time.Time{}, now) {
		t.Error("somebody's file is taken for a temporary one")
	}
}

// flip changes the first digit of s.
func flip(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

func TestSweep(t *testing.T) {
	now := time.Now()
	old, fresh, busy, gone, unreadable := "d/"+TempName(""), TempName(""), TempName(""), TempName(""), TempName("")
	var temps Temps
	for _, key := range []string{old, fresh, busy, gone, unreadable, old} {
		temps.Note(key)
	}
	lastChange := func(key string) (time.Time, error) {
		switch key {
		case fresh:
			return now, nil
		case unreadable:
			return time.Time{}, fs.ErrPermission
		}
		return now.Add(-2 * time.Hour), nil
	}
	var removed []string
	remove := func(key string) error {
		removed = append(removed, key)
		switch key {
		case busy:
			return errors.New("in use")
		case gone:
			return fs.ErrNotExist
		}
		return nil
	}
	notes, err := temps.Sweep(t.Context(), now, lastChange, remove)
	if want := "1 of the temporary files that ended runs left could not be removed, one of them " + busy + ": in use."; err != nil || len(notes) != 1 || notes[0] != want {
		t.Errorf("got %q, %v; want %q", notes, err, want)
	}
	slices.Sort(removed)
	want := []string{busy, gone, old}
	slices.Sort(want)
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	if notes, err := temps.Sweep(t.Context(), now, lastChange, remove); err != nil || len(notes) != 0 || len(removed) != 3 {
		t.Errorf("a second sweep: %q, %v, %q", notes, err, removed)
	}
}

func TestSweepEndsWithItsContext(t *testing.T) {
	var temps Temps
	temps.Note(path.Join("d", TempName("")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := temps.Sweep(ctx, time.Now().Add(2*time.Hour), func(string) (time.Time, error) { return time.Time{}, nil }, func(string) error {
		t.Error("removed")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
