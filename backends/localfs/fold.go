package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// traits are the properties of a file system that the first write finds out.
type traits struct {
	mode  fs.FileMode // that the umask leaves to a new file
	folds bool        // names that differ in case, or in Unicode form, are one
}

// probe returns the traits of the file system. The first call makes the root, if
// it may be made, and writes temporary files to it.
func (t *dirs) probe() (*traits, error) {
	if tr := t.traits.Load(); tr != nil {
		return tr, nil
	}
	d, err := t.root.openOrMake()
	if err != nil {
		return nil, err
	}
	tr, err := d.probe()
	if err == nil {
		t.traits.Store(tr)
	}
	return tr, err
}

// probe writes temporary files and looks them up under other spellings.
func (d *dir) probe() (*traits, error) {
	name := kit.TempName("")
	info, err := d.probeFile(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.handle.unlink(name) }() // or else Finish, in time
	tr := &traits{mode: info.mode.Perm(), folds: d.dirs.hooks.fold != nil || d.has(strings.ToUpper(name))}
	composed := kit.TempName("\u00e9")
	if _, err := d.probeFile(composed); err == nil { // some file systems refuse the name
		tr.folds = tr.folds || d.has(strings.Replace(composed, "\u00e9", "e\u0301", 1))
		_ = d.handle.unlink(composed)
	}
	return tr, nil
}

func (d *dir) probeFile(name string) (fileInfo, error) {
	f, err := d.create(name, 0o666)
	if err != nil {
		return fileInfo{}, err
	}
	info, err := f.stat()
	return info, errors.Join(err, f.Close())
}

func (d *dir) has(name string) bool {
	_, err := d.lstat(name)
	return err == nil
}

// checkSpelling returns an error if sub, which was opened as name in d, has
// another name on the disk: keys below it would be stored under that one, and
// the next listing would not find them.
func (t *dirs) checkSpelling(d, sub *dir, name string) error {
	if tr := t.traits.Load(); tr == nil || !tr.folds || sub.sameName.Load() {
		return nil
	}
	if err := d.checkName(name, &sub.info); err != nil {
		return err
	}
	sub.sameName.Store(true)
	return nil
}

// checkName returns ErrConflict, with both keys, if the thing that lstat finds
// as name, with this info, has another name on the disk.
func (d *dir) checkName(name string, info *fileInfo) error {
	exact, other := false, ""
	err := d.names(func(n string, _ fs.FileMode) {
		if n == name {
			exact = true
		} else if strings.EqualFold(n, name) || other == "" && d.isCalled(n, info) {
			other = n
		}
	})
	if err != nil || exact || other == "" {
		return err
	}
	return fmt.Errorf("%w: %s and %s are one name here, because this file system ignores case or Unicode form", core.ErrConflict,
		core.DisplayKey(join(d.key, name)), core.DisplayKey(join(d.key, other)))
}

// isCalled reports whether name is a name of the file of info.
func (d *dir) isCalled(name string, info *fileInfo) bool {
	own, err := d.handle.lstat(name)
	return err == nil && own.same(info)
}

// actual returns name as it stands on the disk. Without the hook, that is left
// to the file system.
func (d *dir) actual(name string) string {
	fold := d.dirs.hooks.fold
	if fold == nil {
		return name
	}
	found := name
	_ = d.names(func(n string, _ fs.FileMode) { // the operation itself reports the error
		if found != n && fold(n) == fold(name) {
			found = n
		}
	})
	return found
}
