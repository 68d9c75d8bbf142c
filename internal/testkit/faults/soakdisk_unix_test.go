//go:build unix

package faults

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/s3fc/s3fc/internal/testkit/model"
)

// onDisk makes or removes a file, a link or a fifo, as another program does.
func onDisk(dir, key, value string) error {
	name := filepath.Join(dir, filepath.FromSlash(key))
	if value == "" {
		if err := os.Remove(name); err != nil {
			return err
		}
		for up := filepath.Dir(name); up != dir && os.Remove(up) == nil; up = filepath.Dir(up) {
		}
		return nil
	}
	if value != model.Other {
		return writeInto(dir, model.State{key: value})
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // Nothing secret.
		return err
	}
	return syscall.Mkfifo(name, 0o644)
}
