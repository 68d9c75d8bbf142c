package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// traits is what the first write finds out about the file system.
type traits struct {
	mode  fs.FileMode // that the umask leaves to a new file
	folds bool        // names that differ in case, or in Unicode form, are one
}

// writable makes the root, if it may be made, and returns its traits.
func (t *Tree) writable() (*traits, error) {
	if tr := t.trait.Load(); tr != nil {
		return tr, nil
	}
	d, err := t.top(true)
	if err != nil {
		return nil, err
	}
	tr, err := d.probe()
	if err == nil {
		t.trait.Store(tr)
	}
	return tr, err
}

// probe writes temporary files and looks for them under other spellings.
func (d *dir) probe() (*traits, error) {
	name := tempName("")
	info, err := d.probeFile(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.folder.unlink(name) }() // or else Finish, in time
	tr := &traits{mode: info.mode.Perm(), folds: d.t.hooks.fold != nil || d.has(strings.ToUpper(name))}
	composed := tempName("\u00e9")
	if _, err := d.probeFile(composed); err == nil { // not every file system can hold it
		tr.folds = tr.folds || d.has(strings.Replace(composed, "\u00e9", "e\u0301", 1))
		_ = d.folder.unlink(composed)
	}
	return tr, nil
}

func (d *dir) probeFile(name string) (meta, error) {
	f, err := d.folder.create(name, 0o666)
	if err != nil {
		return meta{}, err
	}
	info, err := f.stat()
	return info, errors.Join(err, f.Close())
}

func (d *dir) has(name string) bool {
	_, err := d.lstat(name)
	return err == nil
}

// checkSpelling holds that sub, which was opened as name in d, is spelled so
// on the disk: else keys would be stored under another name, and the next
// listing would not find them.
func (t *Tree) checkSpelling(d, sub *dir, name string) error {
	if tr := t.trait.Load(); tr == nil || !tr.folds || sub.spelled.Load() {
		return nil
	}
	if err := d.checkName(name, &sub.info); err != nil {
		return err
	}
	sub.spelled.Store(true)
	return nil
}

// checkName is ErrConflict, naming both keys, if what lstat finds as name, of
// which it said info, is called something else on the disk.
func (d *dir) checkName(name string, info *meta) error {
	exact, other := false, ""
	err := d.folder.names(func(n string, _ fs.FileMode) {
		if n == name {
			exact = true
		} else if strings.EqualFold(n, name) || other == "" && d.isCalled(n, info) {
			other = n
		}
	})
	if err != nil || exact || other == "" {
		return err
	}
	return fmt.Errorf("%w: %s and %s are one name here, for this file system does not tell them apart", core.ErrConflict,
		core.DisplayKey(join(d.key, name)), core.DisplayKey(join(d.key, other)))
}

// isCalled reports whether name leads to what info is of.
func (d *dir) isCalled(name string, info *meta) bool {
	own, err := d.folder.lstat(name)
	return err == nil && own.same(info)
}

// actual returns name as it stands on the disk. Without a hook that is the file
// system's own business.
func (d *dir) actual(name string) string {
	fold := d.t.hooks.fold
	if fold == nil {
		return name
	}
	found := name
	_ = d.folder.names(func(n string, _ fs.FileMode) { // what cannot be read is found by the operation itself
		if found != n && fold(n) == fold(name) {
			found = n
		}
	})
	return found
}
