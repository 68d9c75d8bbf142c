package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

var _ core.Diagnoser = (*Tree)(nil)

// Diagnose implements [core.Diagnoser]. It tries names and times in a directory of its
// own inside the tree, which no listing shows.
func (t *Tree) Diagnose(_ context.Context, readOnly bool, report func(core.Diagnosis)) {
	d := &diagnosis{report: report}
	d.space(t.given)
	if readOnly {
		for _, check := range []string{"case", "normalisation", "symbolic links", "times"} {
			d.say(check, core.VerdictUnknown, "not tried, because nothing is to be written", "")
		}
		return
	}
	if err := d.open(t.given); err != nil {
		d.say("names", core.VerdictFault, err.Error(), "this user has to be allowed to write there")
		return
	}
	defer d.close()
	d.folding("case", "a", "A", "names that differ only in case are one file here: where a bucket has both, both are reported as a conflict")
	d.folding("normalisation", "\u00e9", "e\u0301", "two Unicode spellings of a name are one file here: where a bucket has both, both are reported as a conflict")
	d.links()
	d.times()
}

// diagnosis is one diagnosis of a directory.
type diagnosis struct {
	report  func(core.Diagnosis)
	outer   *os.Root // of the tree
	name    string   // of the directory in it
	scratch *os.Root // that directory
}

func (d *diagnosis) say(check string, v core.Verdict, text, remedy string) {
	d.report(core.Diagnosis{Check: check, Verdict: v, Text: text, Remedy: remedy})
}

// open makes the directory in which things are tried.
func (d *diagnosis) open(dir string) (err error) {
	if d.outer, err = os.OpenRoot(dir); err != nil {
		return err
	}
	d.name = kit.TempName("")
	if err = d.outer.Mkdir(d.name, 0o700); err == nil {
		d.scratch, err = d.outer.OpenRoot(d.name)
	}
	if err != nil {
		_ = d.outer.Close() // nothing was done with it
	}
	return err
}

func (d *diagnosis) close() {
	err := errors.Join(d.scratch.Close(), d.outer.RemoveAll(d.name), d.outer.Close())
	if err != nil {
		d.say("names", core.VerdictNote, err.Error(), "delete "+d.name)
	}
}

// make writes an empty file.
func (d *diagnosis) make(name string) error {
	f, err := d.scratch.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// folding reports whether two names are one file.
func (d *diagnosis) folding(check, name, other, text string) {
	if err := d.make(name); err != nil {
		d.say(check, core.VerdictUnknown, err.Error(), "")
		return
	}
	switch _, err := d.scratch.Lstat(other); {
	case err == nil:
		d.say(check, core.VerdictNote, text, "keep one of two such names")
	case errors.Is(err, fs.ErrNotExist):
		d.say(check, core.VerdictOK, "names that differ so are two files", "")
	default:
		d.say(check, core.VerdictUnknown, err.Error(), "")
	}
}

func (d *diagnosis) links() {
	if err := d.scratch.Symlink("nowhere", "link"); err != nil {
		d.say("symbolic links", core.VerdictFault, err.Error(), "links can be left out with --links=skip; Windows needs developer mode for them")
		return
	}
	if got, err := d.scratch.Readlink("link"); err != nil || got != "nowhere" {
		d.say("symbolic links", core.VerdictFault, fmt.Sprintf("a link to nowhere comes back as %q (%v)", got, err), "")
		return
	}
	d.say("symbolic links", core.VerdictOK, "they can be made, also to nothing", "")
}

// times reports how exactly the time of a file is kept, and how far.
func (d *diagnosis) times() {
	if err := d.make("times"); err != nil {
		d.say("times", core.VerdictUnknown, err.Error(), "")
		return
	}
	kept := func(want time.Time) bool {
		if d.scratch.Chtimes("times", want, want) != nil {
			return false
		}
		info, err := d.scratch.Stat("times")
		return err == nil && info.ModTime().Equal(want)
	}
	fine := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC)
	for _, unit := range []time.Duration{time.Nanosecond, 100 * time.Nanosecond, time.Microsecond, time.Millisecond, time.Second, 2 * time.Second} {
		if !kept(fine.Truncate(unit)) {
			continue
		}
		text, v := fmt.Sprintf("times are kept to %v", unit), core.VerdictOK
		if unit >= time.Second {
			v = core.VerdictNote
			text += ": two changes within that time may look like one, so files are hashed more often"
		}
		if !kept(time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)) {
			v = core.VerdictNote
			text += "; a time in the year 2300 is not"
		}
		d.say("times", v, text, "")
		return
	}
	d.say("times", core.VerdictNote, "times of files are not kept", "")
}

// lowSpace is how much free space is remarked on, in bytes.
const lowSpace = 1 << 30

func (d *diagnosis) space(dir string) {
	free, err := freeSpace(dir)
	text := fmt.Sprintf("%.1f GB are free", float64(free)/1e9)
	switch {
	case err != nil:
		d.say("free space", core.VerdictUnknown, err.Error(), "")
	case free == 0:
		d.say("free space", core.VerdictFault, "none", "make room: a file is written beside the old one, so a copy needs room for the largest")
	case free < lowSpace:
		d.say("free space", core.VerdictNote, text+": a file is written beside the old one, so a copy needs room for the largest", "make room")
	default:
		d.say("free space", core.VerdictOK, text, "")
	}
}
