package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DirVariable names the environment variable that says where data are kept.
const DirVariable = "S3FC_EMBEDDED_DIR"

// Dir returns the directory where data are kept, as an absolute path. It need
// not exist.
func Dir() (string, error) {
	if dir := os.Getenv(DirVariable); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := dataDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
	if err != nil {
		return "", fmt.Errorf("no directory for embedded data: %w: set %s to one", err, DirVariable)
	}
	return filepath.Join(base, "s3fc", "embedded"), nil
}

// dataDir returns the user's data directory on the system goos.
func dataDir(goos string, getenv func(string) string, home func() (string, error)) (string, error) {
	if goos == "windows" {
		if dir := getenv("LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("%LocalAppData% is not set")
	}
	if dir := getenv("XDG_DATA_HOME"); dir != "" && filepath.IsAbs(dir) && goos != "darwin" {
		return dir, nil
	}
	dir, err := home()
	if err != nil {
		return "", err
	}
	if goos == "darwin" {
		return filepath.Join(dir, "Library", "Application Support"), nil
	}
	return filepath.Join(dir, ".local", "share"), nil
}
