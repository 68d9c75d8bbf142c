package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

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

// writeWhole writes a file beside its place and then puts it there.
func writeWhole(file string, write func(io.Writer) error) error {
	tmp := file + ".part"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666) //nolint:gosec // As the umask has it.
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	err = errors.Join(write(w), w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		_ = os.Remove(tmp) // it is no plan
	}
	return err
}
