//go:build unix

package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// childVar makes the test binary run a task instead of tests: one that needs a
// process of its own, because it is killed, or has no privileges.
const childVar = "S3FC_LOCALFS_CHILD"

var children = map[string]func(dir string) error{
	"hang":         hang,
	"unprivileged": unprivileged,
	"full":         full,
}

// child returns the command that runs one of children in dir.
func child(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, name, dir)
	cmd.Env = append(os.Environ(), childVar+"=1")
	return cmd
}

func runChild() int {
	if err := children[os.Args[1]](os.Args[2]); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// hang puts a file whose body never ends.
func hang(dir string) error {
	tr, err := New(dir, Options{})
	if err != nil {
		return err
	}
	body := io.MultiReader(strings.NewReader("half"), meanwhile(func() { time.Sleep(time.Minute) }))
	_, err = tr.Put(context.Background(), file("sub/k", "half and half"), body, nil)
	return err
}

// runAsNobody runs a child without privileges, in a directory of its own.
func runAsNobody(t *testing.T, name, dir string) {
	t.Helper()
	cmd := child(t, name, dir)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		exe := publicCopy(t, cmd.Path)
		cmd.Path, cmd.Args[0] = exe, exe
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// publicCopy copies the test binary to where everybody may run it, and opens
// the way there and to the directories of this test.
func publicCopy(t *testing.T, exe string) string {
	t.Helper()
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := filepath.Join(dir, "test")
	if err := errors.Join(os.WriteFile(p, b, 0o755), os.Chmod(p, 0o755), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWithoutPermissions(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "secret/x", "unreadable", "z", "ro/f", "ro/g", "noexec/f", "l -> secret/x", "m -> noexec/f")
	for name, mode := range map[string]fs.FileMode{"secret": 0, "unreadable": 0, "ro": 0o555, "noexec": 0o444} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, name := range []string{"secret", "ro", "noexec"} {
			_ = os.Chmod(filepath.Join(dir, name), 0o777)
		}
	})
	if os.Getuid() == 0 {
		for _, name := range []string{".", "secret", "unreadable", "ro", "noexec", "ro/f"} {
			if err := os.Chown(filepath.Join(dir, name), 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
	}
	runAsNobody(t, "unprivileged", dir)
}

// unprivileged is TestWithoutPermissions, run by a user whom modes concern.
func unprivileged(dir string) error {
	tr, err := New(dir, Options{})
	if err != nil {
		return err
	}
	var got []string
	for e, err := range tr.List(context.Background(), "") {
		if err == nil {
			got = append(got, e.Key)
			continue
		}
		if key, one := core.ErrorKey(err); !one || key != e.Key || !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("listing: %w", err)
		}
		got = append(got, e.Key+"?")
	}
	if got, want := strings.Join(got, " "), "a l m noexec? ro/f ro/g secret? unreadable z"; got != want {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return unprivilegedWrites(tr, dir)
}

func unprivilegedWrites(tr *Tree, dir string) error {
	ctx := context.Background()
	put := func(key string, old *core.Entry) error {
		_, err := tr.Put(ctx, file(key, "new"), strings.NewReader("new"), old)
		return err
	}
	old, err := tr.Stat(ctx, "ro/f")
	if err != nil {
		return err
	}
	_, _, openErr := tr.Open(ctx, "unreadable")
	_, statErr := tr.Stat(ctx, "secret/x")
	for what, err := range map[string]error{
		"open": openErr, "stat": statErr, "create": put("ro/new", nil), "replace": put("ro/f", &old), "delete": tr.Delete(ctx, old), "below": put("secret/new", nil),
		"in a new directory": put("ro/d/new", nil),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%s: got %w, want a permission error", what, err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "ro/f")); err != nil || string(b) != "ro/f" {
		return fmt.Errorf("the old file is now %q, %w", b, err)
	}
	if err := put("own", nil); err != nil {
		return err
	}
	notes, err := tr.Finish(ctx, core.Done{Deletes: true})
	if err != nil || len(notes) != 0 {
		return fmt.Errorf("finish: %q, %w", notes, err)
	}
	return nil
}

// A limit on the size of a file stands in for a full disk: the write fails in
// the middle, as there.
func TestAFullDiskKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "k")
	if out, err := child(t, "full", dir).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	equal(t, "on disk", onDisk(t, dir), []string{"k"})
	if got := readFile(t, filepath.Join(dir, "k")); got != "k" {
		t.Errorf("the old file is now %q", got)
	}
}

func full(dir string) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
		return err
	}
	tr, err := New(dir, Options{})
	if err != nil {
		return err
	}
	old, err := tr.Stat(context.Background(), "k")
	if err != nil {
		return err
	}
	content := strings.Repeat("x", 300_000)
	for key, old := range map[string]*core.Entry{"k": &old, "new/k": nil} {
		_, err := tr.Put(context.Background(), file(key, content), strings.NewReader(content), old)
		var e *core.Error
		if !errors.Is(err, syscall.EFBIG) || !errors.As(err, &e) || e.Key != key || e.Op != "put" {
			return fmt.Errorf("%s: got %w, want EFBIG", key, err)
		}
	}
	return nil
}
