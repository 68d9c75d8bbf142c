package localfs

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash; see core.
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/fanout"
)

// tries is how often a Put begins anew because another operation removed the
// directory that it had just made.
const tries = 10

// Put implements [core.Backend]. Missing directories on the way are made, and
// removed again if the Put fails. A replaced file keeps its permissions.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.CheckPut(e); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	var made []string
	got, err := t.put(ctx, e, body, old, &made)
	if err != nil {
		t.unmake(made)
		return core.Entry{}, fail("put", e.Key, refused(e.Kind, err))
	}
	return got, nil
}

func (t *Tree) put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry, made *[]string) (core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	if e.Kind == core.File && body == nil {
		return core.Entry{}, errors.New("a file needs a body")
	}
	tr, err := t.writable()
	if err != nil {
		return core.Entry{}, err
	}
	s, err := t.stage(e, old, tr, made)
	if err != nil {
		return core.Entry{}, err
	}
	defer t.release(s.d)
	defer s.discard()
	if e.Kind == core.File {
		if err := s.fill(ctx, body); err != nil {
			return core.Entry{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	if err := s.publish(); err != nil {
		return core.Entry{}, err
	}
	return s.stored()
}

// stage opens the directory of e, looks at what is there, and makes the
// temporary file or link that is to become e.
func (t *Tree) stage(e core.Entry, old *core.Entry, tr *traits, made *[]string) (*staged, error) {
	for try := 1; ; try++ {
		s, err := t.stageOnce(e, old, tr, made)
		if try == tries || !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
}

func (t *Tree) stageOnce(e core.Entry, old *core.Entry, tr *traits, made *[]string) (*staged, error) {
	parent, name := split(e.Key)
	d, err := t.openDir(parent, passage{made: made})
	if err != nil {
		return nil, err
	}
	s := &staged{slot: slot{d: d, name: name, old: old}, e: e, temp: tempName(""), mode: tr.mode}
	if err = s.begin(); err != nil {
		t.release(d)
		return nil, err
	}
	return s, nil
}

// unmake removes the directories that a failed Put had made, if they are
// empty.
func (t *Tree) unmake(made []string) {
	for i := len(made) - 1; i >= 0; i-- {
		if t.rmdirKey(made[i]) != nil {
			return
		}
	}
}

// A staged is an entry on its way: under a temporary name, beside its place.
type staged struct {
	slot
	e    core.Entry // as it is to be
	temp string
	mode fs.FileMode
	f    *handle // of a File, until it is filled
	info meta    // of temp
	sum  core.MD5
}

// begin makes the temporary file or link. Of what is there already it looks
// only where that says more than publish will in a moment: before a large body
// is fetched in vain, and at what is replaced, whose mode is kept.
func (s *staged) begin() (err error) {
	if s.old != nil || s.e.Size > largeFile {
		was, err := s.check()
		if err != nil {
			return err
		}
		if was.mode.IsRegular() && s.old != nil {
			s.mode = was.mode.Perm()
		}
	}
	if s.e.Kind == core.Link {
		return s.d.folder.symlink(core.Rel(s.e.Key, s.e.Target.Key), s.temp)
	}
	s.f, err = s.d.folder.create(s.temp, s.mode)
	return err
}

// discard removes the temporary file, if there still is one; if it cannot be
// removed now, Finish does it in time.
func (s *staged) discard() {
	if s.f != nil {
		_ = s.f.Close()
		s.f = nil
	}
	if s.temp != "" {
		_ = s.d.folder.unlink(s.temp)
		s.temp = ""
	}
}

// fill writes the body, holds it against what was promised, and gives the file
// its mode and time.
func (s *staged) fill(ctx context.Context, body io.Reader) error {
	if err := s.copy(ctx, body); err != nil {
		return err
	}
	err := s.setMode()
	if err != nil {
		return err
	}
	err = s.f.Close()
	s.f = nil
	if err != nil || s.e.ModTime.IsZero() || !inRange(s.e.ModTime) {
		return err
	}
	return s.d.folder.setTime(s.temp, s.e.ModTime)
}

// inRange reports whether m can be told in nanoseconds from 1970; other times
// come from damaged metadata, and are not kept.
func inRange(m time.Time) bool { return time.Unix(0, m.UnixNano()).Equal(m) }

// setMode gives the file its mode, unless it was made with it; a file system
// without modes may refuse.
func (s *staged) setMode() (err error) {
	if s.info, err = s.f.stat(); err != nil || s.info.mode.Perm() == s.mode {
		return err
	}
	err = s.f.chmod(s.mode)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// works are what a copy needs, for reuse.
var works = sync.Pool{New: func() any { return &work{sum: md5.New(), buf: make([]byte, 64<<10)} }} //nolint:gosec // See the import.

type work struct {
	sum hash.Hash
	buf []byte
}

// largeFile is the size in bytes above which a file is read, written and hashed
// side by side.
const largeFile = 1 << 20

// copy writes body, of likely size bytes, to f and to the sum.
func (w *work) copy(f io.Writer, body io.Reader, size int64) (int64, error) {
	if size > largeFile {
		return fanout.Copy(body, f, w.sum)
	}
	return io.CopyBuffer(io.MultiWriter(f, w.sum), body, w.buf)
}

func (s *staged) copy(ctx context.Context, body io.Reader) error {
	w, _ := works.Get().(*work)
	defer works.Put(w)
	w.sum.Reset()
	in := &bodyReader{ctx: ctx, r: body, left: s.e.Size}
	n, err := w.copy(s.f, in, s.e.Size)
	if err != nil {
		return err
	}
	if n != s.e.Size {
		return fmt.Errorf("%w: the body ends after %d of %d bytes", core.ErrCorrupt, n, s.e.Size)
	}
	s.sum = core.MD5Of([md5.Size]byte(w.sum.Sum(nil)))
	if s.e.MD5.Known() && s.sum != s.e.MD5 {
		return fmt.Errorf("%w: the md5 of the body is %v, not %v", core.ErrCorrupt, s.sum, s.e.MD5)
	}
	return nil
}

// bodyReader ends with the context, and when the body is longer than promised.
type bodyReader struct {
	ctx  context.Context //nolint:containedctx // It is one call's reader.
	r    io.Reader
	left int64
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: the body has more bytes than were promised", core.ErrCorrupt)
	}
	return n, err
}

// stored returns the entry that is now there, if it is the one that was put.
func (s *staged) stored() (core.Entry, error) {
	info, err := s.d.lstat(s.name)
	if err != nil {
		return core.Entry{}, err
	}
	if s.e.Kind == core.File && !info.same(&s.info) {
		return core.Entry{}, fmt.Errorf("%w: it was replaced as soon as it was written", core.ErrChanged)
	}
	e, err := s.d.t.look(s.d, s.name, &info)
	e.MD5, e.Settled = s.sum, s.d.t.settledAsWritten(&info, s.e.ModTime, time.Now())
	return e, err
}
