package s3fc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/openfiles"
	"github.com/s3fc/s3fc/internal/state"
)

// DiagnoseOptions are the options of [DiagnoseURL].
type DiagnoseOptions struct {
	// Env is the environment of the tree that is opened.
	Env core.Env
	// ReadOnly writes nothing. Otherwise small entries are written, named .s3fc-doctor and
	// a random text, and removed.
	ReadOnly bool
	// Report receives each finding, serially.
	Report func(core.Diagnosis)
	// Prices are used for the cost, nil for those of the store.
	Prices *core.Prices
}

// DiagnoseURL finds out whether a copy to and from the tree arg works, and what the
// tree's store does not do. It returns the requests that it took. The error is an
// [OptionError], or the context's; everything else is a finding.
func DiagnoseURL(ctx context.Context, mux *core.Mux, arg string, o DiagnoseOptions) (core.Requests, error) {
	s, err := named(mux, "tree", arg)
	if err != nil {
		return core.Requests{}, err
	}
	d := &diagnosis{o: o, ctx: ctx}
	o.Env.Create = false
	if err := s.open(ctx, o.Env); err != nil {
		d.openFault(arg, err)
		d.local()
		return core.Requests{}, ctx.Err()
	}
	defer func() { _ = s.close() }() // every write was waited for
	d.tree = s.tree
	if d.list() {
		d.read()
		d.writes()
	}
	if own, ok := core.As[core.Diagnoser](d.tree); ok && ctx.Err() == nil {
		own.Diagnose(ctx, o.ReadOnly, o.Report)
	}
	d.local()
	requests, _ := Spent(d.tree, o.Prices)
	return requests, ctx.Err()
}

// diagnosis are the probes that every tree allows.
type diagnosis struct {
	o    DiagnoseOptions
	ctx  context.Context
	tree core.Backend
	file *core.Entry // one that was listed, nil for none
}

func (d *diagnosis) report(check string, v core.Verdict, text, remedy string) {
	d.o.Report(core.Diagnosis{Check: check, Verdict: v, Text: text, Remedy: remedy})
}

// fault reports an error of a probe.
func (d *diagnosis) fault(check string, err error, remedy string) {
	d.report(check, core.VerdictFault, err.Error(), remedy)
}

func (d *diagnosis) openFault(arg string, err error) {
	remedy := ""
	if absent(err) {
		remedy = "is " + arg + " the tree that you mean? A copy to it makes a directory that is missing; a bucket has to be made first"
	}
	d.fault("open", err, remedy)
}

// listed is how many entries the probe of listings looks at.
const listed = 2000

// list reports whether the tree can be listed.
func (d *diagnosis) list() bool {
	began, n, last, unordered := time.Now(), 0, "", ""
	var first time.Duration
	for e, err := range d.tree.List(d.ctx, "") {
		if n++; n == 1 {
			first = time.Since(began)
		}
		if _, one := core.ErrorKey(err); err != nil && !one {
			d.fault("list", err, deniedRemedy(err, "listing"))
			return false
		}
		if err != nil {
			d.report("list", core.VerdictFault, err.Error()+": a copy from here deletes nothing as long as this cannot be read", "")
			continue
		}
		if e.Key <= last && last != "" {
			unordered = e.Key
		}
		last = e.Key
		if d.file == nil && e.Kind == core.File && !e.MaybeLink && e.Size > 0 {
			found := e
			d.file = &found
		}
		if n >= listed {
			break
		}
	}
	text := fmt.Sprintf("%d entries listed, the first after %v", n, first.Round(time.Millisecond))
	switch {
	case n == 0:
		text = "nothing is there"
	case n >= listed:
		text = fmt.Sprintf("the first %d entries listed, the first of them after %v", n, first.Round(time.Millisecond))
	}
	d.report("list", core.VerdictOK, text, "")
	if unordered != "" || d.tree.Features().Unordered {
		d.report("order", core.VerdictNote, "entries are not listed in the order of their keys, as "+core.DisplayKey(unordered)+": each run sorts them first, which takes time, and disk space for many", "")
	} else {
		d.report("order", core.VerdictOK, "entries are listed in the order of their keys", "")
	}
	return true
}

// deniedRemedy is the remedy for a refusal.
func deniedRemedy(err error, what string) string {
	if errors.Is(err, fs.ErrPermission) {
		return "these credentials, or this user, may not do this: " + what + " has to be allowed"
	}
	return ""
}

// readLimit is how many bytes of a file the probe reads.
const readLimit = 1 << 20

func (d *diagnosis) read() {
	if d.file == nil {
		d.report("read", core.VerdictUnknown, "there is no file to read", "")
		return
	}
	body, _, err := d.tree.Open(d.ctx, d.file.Key)
	if err == nil && body != nil {
		_, err = io.Copy(io.Discard, io.LimitReader(body, readLimit))
		_ = body.Close() // perhaps it was not read to its end
	}
	if err != nil {
		d.fault("read", err, deniedRemedy(err, "reading"))
		return
	}
	d.report("read", core.VerdictOK, core.DisplayKey(d.file.Key)+" can be read", "")
}

// writes tries what a copy writes, and removes it.
func (d *diagnosis) writes() {
	if d.o.ReadOnly {
		for _, check := range []string{"write", "conditions", "links", "delete"} {
			d.report(check, core.VerdictUnknown, "not tried, because nothing is to be written", "")
		}
		return
	}
	p := &probe{diagnosis: d, name: ".s3fc-doctor-" + strings.ToLower(rand.Text()[:12])}
	if !p.create() {
		return
	}
	p.conditions()
	p.links()
	p.remove()
}

// probe is a set of entries that are written for a diagnosis.
type probe struct {
	*diagnosis
	name string
	have []core.Entry // to be deleted
}

func (p *probe) put(key, text string, old *core.Entry) (core.Entry, error) {
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5([]byte(text))}
	return p.tree.Put(p.ctx, e, strings.NewReader(text), old)
}

// create writes a file, and reads it back.
func (p *probe) create() bool {
	e, err := p.put(p.name, "1", nil)
	if err != nil {
		p.fault("write", err, deniedRemedy(err, "writing"))
		return false
	}
	p.have = []core.Entry{e}
	if full, err := p.tree.Stat(p.ctx, p.name); err != nil || full.Kind != core.File || full.Size != 1 {
		p.report("write", core.VerdictFault, fmt.Sprintf("a file was written, and is not there as it was written: %v", errors.Join(err, errors.New(full.Kind.String()))), "")
		return true
	}
	p.report("write", core.VerdictOK, "a file can be written", "")
	return true
}

// conditions tries to overwrite and delete a version that is not there any more.
func (p *probe) conditions() {
	const unseen = "what somebody else writes at the same moment can be overwritten unseen"
	stale := p.have[0]
	var kept []string
	if again, err := p.put(p.name, "22", nil); err == nil {
		p.have[0] = again
		kept = append(kept, "a new entry")
	} else if !errors.Is(err, core.ErrChanged) {
		p.fault("conditions", err, "")
		return
	}
	now, err := p.put(p.name, "333", &p.have[0])
	if err != nil {
		p.fault("replace", err, deniedRemedy(err, "replacing"))
		return
	}
	p.have[0] = now
	if again, err := p.put(p.name, "4444", &stale); err == nil {
		p.have[0] = again
		kept = append(kept, "a replacement")
	}
	if err := p.tree.Delete(p.ctx, stale); err == nil {
		if _, err := p.tree.Stat(p.ctx, p.name); err != nil {
			p.have = p.have[1:]
			kept = append(kept, "a delete")
		}
	}
	if batch, err := p.batchDeletesUnseen(); err != nil {
		p.fault("conditions", err, "")
		return
	} else if batch {
		kept = append(kept, "a delete of several at once")
	}
	if len(kept) > 0 {
		p.report("conditions", core.VerdictNote, "not kept for "+strings.Join(kept, ", ")+": "+unseen, "let one job at a time write here, or delete one at a time if the store's URL has a parameter for it")
		return
	}
	p.report("conditions", core.VerdictOK, "a change by somebody else is noticed before a write, a replacement and a delete", "")
}

// batchDeletesUnseen tries to delete versions that are not there any more as a run does
// that deletes many entries, and reports whether one went.
func (p *probe) batchDeletesUnseen() (unseen bool, err error) {
	batch, ok := core.As[core.BatchDeleter](p.tree)
	if !ok {
		return false, nil
	}
	var stale []core.Entry
	for i := range 2 {
		old, err := p.put(fmt.Sprint(p.name, "-", i), "1", nil)
		if err != nil {
			return false, err
		}
		p.have = append(p.have, old)
		now, err := p.put(old.Key, "22", &old)
		if err != nil {
			return false, err
		}
		p.have[len(p.have)-1] = now
		stale = append(stale, old)
	}
	for _, err := range batch.DeleteBatch(p.ctx, stale) {
		if err != nil && !errors.Is(err, core.ErrChanged) {
			return false, err
		}
	}
	p.have = slices.DeleteFunc(p.have, func(e core.Entry) bool {
		if e.Key != stale[0].Key && e.Key != stale[1].Key {
			return false
		}
		_, err := p.tree.Stat(p.ctx, e.Key)
		gone := errors.Is(err, fs.ErrNotExist)
		unseen = unseen || gone
		return gone
	})
	return unseen, nil
}

// links tries a link, and a file in its place.
func (p *probe) links() {
	if !p.tree.Features().Links {
		p.report("links", core.VerdictNote, "this tree holds no links: they are refused by name", "")
		return
	}
	target := core.Target{Key: p.name, Dir: core.NotDir}
	if len(p.have) == 0 {
		target.Key = "."
	}
	link, err := p.tree.Put(p.ctx, core.Entry{Key: p.name + "-link", Kind: core.Link, Target: target}, nil, nil)
	if err != nil {
		p.fault("links", err, "links can be left out with --links=skip, or copied as files with --links=follow")
		return
	}
	p.have = append(p.have, link)
	at := &p.have[len(p.have)-1]
	back, err := p.tree.Stat(p.ctx, link.Key)
	if err != nil || back.Kind != core.Link || !back.Target.Same(target) {
		p.report("links", core.VerdictFault, fmt.Sprintf("a link was written and comes back as %s → %s (%v)", back.Kind, back.Target, err), "")
		return
	}
	if file, err := p.put(link.Key, "4444", &back); err == nil {
		*at = file
		if over, err := p.tree.Stat(p.ctx, link.Key); err == nil && over.Kind != core.File {
			p.report("links", core.VerdictFault, "a file that is put over a link stays a link here: visitors are redirected still", "delete such a link before the run")
			return
		}
	}
	p.report("links", core.VerdictOK, "a link comes back as a link", "")
}

// remove deletes everything that was written.
func (p *probe) remove() {
	ctx := context.WithoutCancel(p.ctx) // also after an interruption
	errs := make([]error, len(p.have))
	if b, ok := core.As[core.BatchDeleter](p.tree); ok && len(p.have) > 1 {
		errs = b.DeleteBatch(ctx, p.have)
	} else {
		for i, e := range p.have {
			errs[i] = p.tree.Delete(ctx, e)
		}
	}
	if err := errors.Join(errs...); err != nil {
		p.fault("delete", err, strings.TrimSpace(deniedRemedy(err, "deleting")+" Entries whose names begin with "+p.name+" were left"))
		return
	}
	p.report("delete", core.VerdictOK, "entries can be deleted", "")
}

// local are the probes of this machine.
func (d *diagnosis) local() {
	if jobs := d.o.Env.Jobs; openfiles.Limit() > 0 && openfiles.Jobs(max(jobs, 128)) < max(jobs, 128) {
		d.report("descriptors", core.VerdictNote, fmt.Sprintf("this process may have %d files open, so %d operations run at once", openfiles.Limit(), openfiles.Jobs(max(jobs, 128))), "raise the limit with ulimit -n")
	} else {
		d.report("descriptors", core.VerdictOK, "enough files may be open at once", "")
	}
	dir, err := cache.Dir()
	d.directory("cache", dir, err, cache.DirVariable, "files are hashed, and objects asked about, in each run")
	d.directory("state", state.Dir(), nil, state.DirVariable, "uploads of a run that was killed are neither resumed nor removed")
}

// directory reports whether a directory of s3fc's own can be used.
func (d *diagnosis) directory(check, dir string, err error, variable, without string) {
	remedy := "name a directory that can be written in $" + variable
	if err == nil && dir == "" {
		err = errors.New("this user has no directory for it")
	}
	if err == nil && d.o.ReadOnly {
		_, err = os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it is made when it is needed
		}
	} else if err == nil {
		err = tryDir(dir)
	}
	if err != nil {
		d.report(check, core.VerdictNote, err.Error()+": "+without, remedy)
		return
	}
	text := dir
	if all, err := cache.Memories(dir); check == "cache" && err == nil {
		size := int64(0)
		for _, m := range all {
			size += m.Bytes
		}
		text = fmt.Sprintf("%s, %d trees, %d bytes", dir, len(all), size)
	}
	d.report(check, core.VerdictOK, text, "")
}

// tryDir makes dir, and a file in it that it removes.
func tryDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
