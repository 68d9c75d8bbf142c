//go:build unix

package torture

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mapped maps a file into memory; write changes its beginning there.
func (l *lab) mapped(path string) (write func(string), done func()) {
	l.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		l.Fatal(err)
	}
	defer f.Close()
	m, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		l.Fatal(err)
	}
	return func(s string) { copy(m, s) }, func() { _ = syscall.Munmap(m) }
}

// Neither check nor --no-cache believes a cache, or a file's metadata: a program
// that writes through a memory map leaves its times as they are for a while.
func TestCheckAndNoCacheSeeChangesThatKeepTheTimes(t *testing.T) {
	l := newLab(t)
	l.remember(true)
	dir := l.dir(map[string]string{"mapped": strings.Repeat("old ", 1024), "same": "s"})
	write, done := l.mapped(filepath.Join(dir, "mapped"))
	defer done()
	write("new ")
	l.want(0, "2 new", "copy", dir, "s3://test")
	write("late")
	l.want(1, "mapped", "check", dir, "s3://test")
	l.want(0, "1 changed", "copy", "--no-cache", dir, "s3://test")
	l.same("bucket", l.inBucket(), l.inDir(dir))
}
