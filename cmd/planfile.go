package cmd

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/s3fc/s3fc"
)

// save writes the plan to a file, whole or not at all.
func (r *run) save(c *s3fc.Changes, file string) error {
	program := r.versionText()
	if file == stdio {
		return c.Save(r.cmd.OutOrStdout(), program)
	}
	err := writeWhole(file, func(w io.Writer) error { return c.Save(w, program) })
	if err != nil {
		return fmt.Errorf("the plan cannot be saved: %w", err)
	}
	r.rep.notice("the plan is in " + file + ": carry it out with \"" + r.name + " apply " + file + "\"")
	return nil
}

// writeWhole writes a file beside its place and then renames it, so that it is
// there whole or not at all. Only a regular file is replaced: a link is followed,
// and a device or a pipe is written to.
func writeWhole(file string, write func(io.Writer) error) error {
	place, replace, err := placeFor(file)
	if err != nil {
		return err
	}
	if !replace {
		f, err := os.OpenFile(place, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return writeAndClose(f, write)
	}
	f, err := createBeside(place)
	if err != nil {
		return err
	}
	if err = writeAndClose(f, write); err == nil {
		err = os.Rename(f.Name(), place)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is no plan
	}
	return err
}

// placeFor returns the path at which file is to be, behind links, and whether it
// is to be replaced.
func placeFor(file string) (place string, replace bool, err error) {
	place, err = filepath.EvalSymlinks(file)
	switch info, statErr := os.Lstat(file); {
	case errors.Is(statErr, fs.ErrNotExist):
		return file, true, nil
	case statErr != nil:
		return "", false, statErr
	case err != nil && info.Mode().Type() == fs.ModeSymlink:
		return "", false, fmt.Errorf("%s is a link to no file: %w", file, err)
	case err != nil:
		return "", false, err
	}
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return "", false, err
	case info.IsDir():
		return "", false, fmt.Errorf("%s is a directory; name a file", file)
	}
	return place, info.Mode().IsRegular(), nil
}

// createBeside creates a file of a name that nobody else has, in the directory of
// place. Its mode is that of the file at place, or as the umask has it.
func createBeside(place string) (*os.File, error) {
	mode := fs.FileMode(0o666)
	info, statErr := os.Stat(place)
	if statErr == nil {
		mode = info.Mode().Perm()
	}
	for {
		name := filepath.Join(filepath.Dir(place), "."+filepath.Base(place)+"."+rand.Text()+".tmp")
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // As the umask has it.
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil && statErr == nil {
			_ = f.Chmod(mode) // the umask may have taken bits that the old file had
		}
		return f, err
	}
}

func writeAndClose(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 64<<10)
	return errors.Join(write(w), w.Flush(), f.Close())
}
