//go:build unix

package localfs

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock keeps the opening of a fifo from waiting for a writer.
const nonblock = syscall.O_NONBLOCK

// rmdir removes the empty directory called name in d, and never anything that
// is not one: os.Root.Remove would remove a file that was swapped in.
func (d *dir) rmdir(name string) error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return unlinkDir(f, name)
}

func unlinkDir(f *os.File, name string) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = unix.Unlinkat(int(fd), name, unix.AT_REMOVEDIR) }); err != nil {
		return err
	}
	if failed != nil {
		return &fs.PathError{Op: "rmdir", Path: name, Err: failed}
	}
	return nil
}
