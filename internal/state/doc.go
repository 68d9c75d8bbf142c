// Package state stores facts that a run of s3fc has for the next one: which
// multipart uploads it began and has not ended, so that those of a run that was
// killed can be resumed or aborted, and nobody else's are ever touched.
//
// It lies in the directory that $S3FC_STATE_DIR names, else in
// $XDG_STATE_HOME/s3fc, else in ~/.local/state/s3fc. Losing it loses nothing
// but that knowledge.
package state

import (
	"os"
	"path/filepath"
)

// DirVariable names the environment variable that names the directory.
const DirVariable = "S3FC_STATE_DIR"

// Dir returns the directory for state, which need not exist, or "" if the user
// has none.
func Dir() string {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "s3fc")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "s3fc")
}
