package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/s3server"
)

// children are the tasks of the test binary in a process with other rights than
// this one.
var children = map[string]func(dir string) error{"full": fullDisk, "readonly": readOnly, "nobody": nobody}

// confined runs a child in both ways.
func confined(t *testing.T, name string) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) { confinedIn(t, way, name) })
	}
}

// confinedIn runs a child in a mount namespace of its own, where it may mount.
func confinedIn(t *testing.T, w way, name string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], t.TempDir()) //nolint:gosec // This test.
	c.Env = append(os.Environ(), asChild+"="+name, "S3FC_CACHE_DIR="+t.TempDir())
	if !w.on {
		c.Env = append(c.Env, noCache)
	}
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := c.CombinedOutput()
	switch {
	case errors.Is(err, fs.ErrPermission) || strings.Contains(string(out), cannotMount):
		t.Skipf("NOT RUN: nothing can be mounted here: %v %s", err, out)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
}

const cannotMount = "cannot mount"

// mount makes dir a small file system, for this process alone.
func mount(dir string, flags uintptr, data string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("%s: %w", cannotMount, err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, data); err != nil {
		return fmt.Errorf("%s: %w", cannotMount, err)
	}
	return nil
}

// run runs the command line in this process.
func run(args ...string) (code int, out string) {
	settled()
	var b bytes.Buffer
	code = cmd.Program{Mux: schemes()}.Run(context.Background(), args, strings.NewReader(""), &b, &b)
	return code, b.String()
}

func TestAFullDiskKeepsTheOldEntries(t *testing.T) { confined(t, "full") }

// fullDisk copies to a file system that has no room for one of the files.
func fullDisk(dir string) error {
	src, small := filepath.Join(dir, "src"), filepath.Join(dir, "small")
	if err := errors.Join(writeInto(src, after), os.Mkdir(small, 0o755)); err != nil {
		return err
	}
	if err := mount(small, 0, "size=400k"); err != nil {
		return err
	}
	dst, filler := filepath.Join(small, "dst"), filepath.Join(small, "filler")
	if err := errors.Join(writeInto(dst, before), os.WriteFile(filler, make([]byte, 200_000), 0o600)); err != nil {
		return err
	}
	code, out := run("copy", "-j1", src, dst)
	now, err := lookDir(dst)
	if err = errors.Join(err, allowed(now, code == 0, false)); err != nil || code != 1 || !strings.Contains(out, "no space left on device") {
		return fmt.Errorf("exit code %d, %w\n%s", code, err, out)
	}
	if now["d/grown"] != before["d/grown"] || now["d/changed"] != after["d/changed"] {
		return fmt.Errorf("there is %v; want the file that there is no room for as it was, and the others\n%s", keysOf(now), out)
	}
	return recovers(os.Remove(filler), src, dst)
}

// recovers checks that another run puts all right once the cause is gone.
func recovers(err error, src, dst string) error {
	if err != nil {
		return err
	}
	code, out := run("copy", src, dst)
	now, err := lookDir(dst)
	if err != nil || code != 0 || !maps.Equal(now, after) {
		return fmt.Errorf("the run after that: exit code %d, %v, %w\n%s", code, keysOf(now), err, out)
	}
	return nil
}

func TestAReadOnlyDestinationIsAnErrorAndStaysAsItIs(t *testing.T) { confined(t, "readonly") }

func readOnly(dir string) error {
	src, ro := filepath.Join(dir, "src"), filepath.Join(dir, "ro")
	if err := errors.Join(writeInto(src, after), os.Mkdir(ro, 0o755)); err != nil {
		return err
	}
	if err := mount(ro, 0, "size=1m"); err != nil {
		return err
	}
	dst := filepath.Join(ro, "dst")
	if err := writeInto(dst, before); err != nil {
		return err
	}
	if err := syscall.Mount("", ro, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("%s: %w", cannotMount, err)
	}
	for _, to := range []string{dst, filepath.Join(ro, "new")} {
		if code, out := run("copy", src, to); code != 1 || !strings.Contains(out, "read-only file system") {
			return fmt.Errorf("exit code %d\n%s", code, out)
		}
	}
	now, err := lookDir(dst)
	if err != nil || !maps.Equal(now, before) {
		return fmt.Errorf("there is %v, %w; want what was there", keysOf(now), err)
	}
	return recovers(syscall.Mount("", ro, "", syscall.MS_REMOUNT, ""), src, dst)
}

// TestWithoutPermission copies as a user who may not read some of the source,
// nor write some of the destination.
func TestWithoutPermission(t *testing.T) {
	server := s3server.New(t)
	top := t.TempDir()
	for _, d := range []string{top, filepath.Dir(top)} {
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // Nothing secret.
			t.Fatal(err)
		}
	}
	exe := filepath.Join(top, "test")
	b, err := os.ReadFile(os.Args[0])
	if err := errors.Join(err, os.WriteFile(exe, b, 0o755)); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	dir := filepath.Join(top, "dir")
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // As above.
		t.Fatal(err)
	}
	u := newUser(t, server.URL, ways[1])
	c := u.s3fc(t)
	c.Path, c.Args = exe, []string{exe, dir}
	c.Env = append(c.Env, asProgram+"=", asChild+"=nobody", "TMPDIR="+dir, "S3FC_CACHE_DIR="+dir+"/cache", "S3FC_STATE_DIR="+dir+"/no-such")
	if os.Getuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if code := c.code(t, c.Run); code != 0 {
		t.Errorf("%s", &c.out)
	}
}

func nobody(dir string) error {
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	if err := errors.Join(writeInto(src, after), writeInto(dst, before)); err != nil {
		return err
	}
	if err := errors.Join(pushUnreadable(src), pullUnwritable(dst)); err != nil {
		return err
	}
	return recovers(os.Chmod(filepath.Join(dst, "d"), 0o755), src, dst) //nolint:gosec // Nothing secret.
}

// pushUnreadable pushes over an older version, with a file and a directory that
// cannot be read.
func pushUnreadable(src string) error {
	old := src + "-old"
	if err := writeInto(old, before); err != nil {
		return err
	}
	if code, out := run("copy", old, "s3://test"); code != 0 {
		return fmt.Errorf("the older version: exit code %d\n%s", code, out)
	}
	for _, name := range []string{"emptied", "d"} {
		file := filepath.Join(src, name)
		if err := os.Chmod(file, 0); err != nil {
			return err
		}
		code, out := run("copy", src, "s3://test")
		if code != 1 || !strings.Contains(out, "permission denied") || strings.Contains("\n"+out, "\nD  ") {
			return fmt.Errorf("with %s unreadable: exit code %d\n%s", name, code, out)
		}
		if err := os.Chmod(file, 0o755); err != nil { //nolint:gosec // Nothing secret.
			return err
		}
	}
	code, out := run("copy", src, "s3://test")
	if code != 0 || !strings.Contains(out, "4 deleted") {
		return fmt.Errorf("with all readable: exit code %d\n%s", code, out)
	}
	return nil
}

// pullUnwritable pulls into a directory of which a part cannot be written.
func pullUnwritable(dst string) error {
	sub := filepath.Join(dst, "d")
	if err := os.Chmod(sub, 0o555); err != nil { //nolint:gosec // Nothing secret.
		return err
	}
	code, out := run("copy", "s3://test", dst)
	now, err := lookDir(dst)
	if err = errors.Join(err, allowed(now, code == 0, false)); err != nil || code != 1 || !strings.Contains(out, "permission denied") {
		return fmt.Errorf("into what cannot be written: exit code %d, %w\n%s", code, err, out)
	}
	if now["became-file"] != after["became-file"] {
		return fmt.Errorf("what can be written was not:\n%s", out)
	}
	return nil
}
