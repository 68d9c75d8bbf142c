package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	fileSuffix  = ".s3fc-cache"
	tempPattern = "*.s3fc-cache-tmp"
	tempSuffix  = ".s3fc-cache-tmp"
	// unusedFor is how long a tree's file lies unused before it is removed.
	unusedFor = 90 * 24 * time.Hour
	// leftFor is how long a temporary file lies before it counts as left behind.
	leftFor = 24 * time.Hour
)

// DirVariable names the directory of memories, instead of the usual one.
const DirVariable = "S3FC_CACHE_DIR"

// Dir is where memories are kept: in the directory that $S3FC_CACHE_DIR names,
// else in s3fc in the user's cache directory.
func Dir() (string, error) {
	if dir := os.Getenv(DirVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "s3fc"), nil
}

// fileName is the name of the file of the tree called name.
func fileName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16]) + fileSuffix
}

// A Memory is the cache file of one tree.
type Memory struct {
	Tree    string    // the tree's name
	Entries int64     // how many entries are remembered
	Bytes   int64     // size of the file
	Used    time.Time // when it was last written or, to the day, used
	Err     error     // why it cannot be used, or nil
}

// Memories lists the cache files of dir, in the order of their names, which means
// nothing. A dir that does not exist has none.
func Memories(dir string) ([]Memory, error) {
	var all []Memory
	err := each(dir, func(path string, info fs.FileInfo) error {
		if !strings.HasSuffix(path, fileSuffix) {
			return nil
		}
		m := Memory{Bytes: info.Size(), Used: info.ModTime()}
		m.Tree, m.Entries, m.Err = inspect(path)
		all = append(all, m)
		return nil
	})
	return all, err
}

func inspect(path string) (tree string, entries int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // it is only read
	r, err := readFile(f)
	if err != nil {
		return "", 0, err
	}
	return r.name, r.count, nil
}

// Clear removes all memories from dir, and nothing else.
func Clear(dir string) error {
	var errs []error
	err := each(dir, func(path string, _ fs.FileInfo) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// each calls f for each file of this package in dir.
func each(dir string, f func(path string, info fs.FileInfo) error) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), fileSuffix) || strings.HasSuffix(e.Name(), tempSuffix)
		if !ours || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was faster
		}
		if err == nil {
			err = f(filepath.Join(dir, e.Name()), info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep removes cache files that were not used for long, and the temporary files of
// killed processes.
func sweep(dir string) {
	_ = each(dir, func(path string, info fs.FileInfo) error { // it is done again next time
		limit := unusedFor
		if strings.HasSuffix(path, tempSuffix) {
			limit = leftFor
		}
		if time.Since(info.ModTime()) > limit {
			_ = os.Remove(path) // as above
		}
		return nil
	})
}
