package versitygw

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Module is the version that is installed where there is none.
const Module = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// installTimeout bounds an installation: it takes two minutes on two cores.
const installTimeout = 10 * time.Minute

// binary finds the program, or installs it, once in a process.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("S3FC_VERSITYGW"); path != "" {
		_, err := os.Stat(path)
		return path, err
	}
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path, nil
	}
	if path := filepath.Join(goBin(), exe("versitygw")); isFile(path) {
		return path, nil
	}
	return install()
})

func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// goBin is where go install puts programs.
func goBin() string {
	out, err := exec.Command("go", "env", "GOBIN", "GOPATH").Output()
	if err != nil {
		return ""
	}
	bin, path, _ := strings.Cut(strings.TrimRight(string(out), "\r\n"), "\n")
	if bin = strings.TrimSpace(bin); bin != "" {
		return bin
	}
	return filepath.Join(filepath.SplitList(strings.TrimSpace(path) + string(filepath.ListSeparator))[0], "bin")
}

// install installs the program into the user's cache. Test binaries that run
// at the same time wait for the first of them.
func install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "s3fc", "tools", filepath.Base(Module))
	path := filepath.Join(dir, exe("versitygw"))
	if isFile(path) {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Programs are no secret.
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(path) {
		return path, nil
	}
	return path, goInstall(dir, path)
}

func goInstall(dir, path string) error {
	tmp, err := os.MkdirTemp(dir, "install-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // Leftovers do no harm.
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "install", Module)
	cmd.Dir = tmp // outside of every module
	cmd.Env = append(os.Environ(), "GOBIN="+tmp, "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s: %w\n%s", Module, err, out)
	}
	return os.Rename(filepath.Join(tmp, exe("versitygw")), path)
}

// lock makes a file that nobody else has, and takes over one that was left by
// an installation that must have died.
func lock(path string) (unlock func(), err error) {
	for deadline := time.Now().Add(installTimeout + time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return func() { _ = os.Remove(path) }, f.Close()
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, err
		}
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > installTimeout {
			_ = os.Remove(path)
		}
	}
	return nil, fmt.Errorf("%s is held by another installation", path)
}
