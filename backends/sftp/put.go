package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	pkgsftp "github.com/pkg/sftp"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Put implements [core.Backend]. It makes missing directories, and removes them
// again if it fails. A replaced file keeps its permissions.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.CheckPut(e); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	if e.Kind == core.File && body == nil {
		return core.Entry{}, fail("put", e.Key, errors.New("a file needs a body"))
	}
	p := &put{tree: t, ctx: ctx, e: e, old: old}
	got, err := p.run(body)
	if err != nil {
		p.discard()
		t.removeMade(ctx, p.made)
		return core.Entry{}, fail("put", e.Key, asUnsupported(err))
	}
	return got, nil
}

// asUnsupported turns the server's refusal of a name as too long into the error of
// core.
func asUnsupported(err error) error {
	if badArgument(err) {
		return fmt.Errorf("%w: the server does not allow a name of this length", core.ErrUnsupportedKey)
	}
	return err
}

// A put is one Put.
type put struct {
	tree *Tree
	ctx  context.Context //nolint:containedctx // It lives as long as one call.
	e    core.Entry
	old  *core.Entry

	made []string // directories
	temp string   // path of the temporary file or link, "" for none
	c    *client  // that has f
	f    *pkgsftp.File
	info os.FileInfo // of the temporary file
	mode fs.FileMode // of the file that is replaced, 0 for none
	sum  core.MD5
}

func (p *put) run(body io.Reader) (core.Entry, error) {
	if err := p.begin(); err != nil {
		return core.Entry{}, err
	}
	if err := p.fill(body); err != nil {
		return core.Entry{}, err
	}
	if err := p.ctx.Err(); err != nil {
		return core.Entry{}, err
	}
	if err := p.publish(); err != nil {
		return core.Entry{}, err
	}
	return p.stored()
}

// begin makes the directories, checks old, and makes the temporary file or link. It
// begins anew if another operation removed a directory meanwhile.
func (p *put) begin() error {
	for try := 1; ; try++ {
		err := p.beginOnce()
		if try == tries || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

func (p *put) beginOnce() error {
	if err := p.tree.makeDirs(p.ctx, p.e.Key, &p.made); err != nil {
		return err
	}
	if p.old != nil || p.e.Size > kit.LargeFile { // before a large body is fetched in vain, and for the mode
		if err := p.makeRoom(); err != nil {
			return err
		}
	}
	temp := p.tree.path(path.Join(path.Dir(p.e.Key), kit.TempName("")))
	return p.tree.session.do(p.ctx, func(c *client) (err error) {
		switch {
		case p.e.Kind == core.File:
			p.c = c
			if p.f, err = c.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL); err == nil {
				err = p.tree.clock.read(p.f)
			}
		case p.old != nil:
			err = c.Symlink(p.text(), temp)
		default: // it is made under its own name
			return nil
		}
		if err == nil {
			p.temp = temp
		}
		return err
	})
}

// text is that of a link.
func (p *put) text() string { return core.Rel(p.e.Key, p.e.Target.Key) }

// fill writes the body to the temporary file, verifies it, and sets its mode and
// time.
func (p *put) fill(body io.Reader) error {
	if p.e.Kind == core.Link {
		return nil
	}
	b := kit.NewBody(p.ctx, body, p.e)
	from := &noting{r: b}
	_, err := p.f.ReadFrom(&io.LimitedReader{R: from, N: p.e.Size + 1})
	if from.err == nil && err == nil {
		err = p.finishFile()
	}
	if closeErr := p.f.Close(); err == nil {
		err = closeErr
	}
	p.sum = b.MD5()
	if from.err != nil {
		return from.err
	}
	return p.tree.session.answer(p.c, err)
}

// noting notes the error of a body, which is none of the connection.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return k, err
}

// finishFile sets mode and time of the temporary file, and reads its attributes.
func (p *put) finishFile() (err error) {
	if p.mode != 0 {
		if err := p.f.Chmod(p.mode.Perm()); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	if !p.e.ModTime.IsZero() && inRange(p.e.ModTime) {
		if err := p.c.Chtimes(p.temp, p.e.ModTime, p.e.ModTime); err != nil {
			return err
		}
	}
	p.info, err = p.f.Stat()
	return err
}

// inRange reports whether SFTP can tell a time, in 32 bits of seconds from 1970.
func inRange(t time.Time) bool { return t.Unix() >= 0 && t.Unix() < 1<<32 }

// discard removes the temporary file, if there is one. If that fails, a later run
// does it.
func (p *put) discard() {
	if p.temp == "" {
		return
	}
	temp := p.temp
	p.temp = ""
	_ = p.tree.session.do(context.WithoutCancel(p.ctx), func(c *client) error { return c.Remove(temp) })
}

// publish gives the temporary file or link its name.
func (p *put) publish() error {
	if err := p.makeRoom(); err != nil {
		return err
	}
	to := p.tree.path(p.e.Key)
	return p.tree.session.do(p.ctx, func(c *client) error {
		var err error
		if p.old == nil {
			err = p.create(c, to)
		} else {
			err = p.replace(c, to)
		}
		if err == nil {
			p.temp = ""
		}
		return err
	})
}

// create gives the entry its name; it is ErrChanged if that is taken.
func (p *put) create(c *client, to string) error {
	var err error
	switch {
	case p.e.Kind == core.Link:
		err = c.Symlink(p.text(), to)
	case p.tree.guard == core.GuardAtomic:
		if err = c.Link(p.temp, to); err == nil {
			_ = c.Remove(p.temp) // or else a later run does
		}
	default:
		err = errors.ErrUnsupported
	}
	if err == nil {
		return nil
	}
	if info, lerr := c.Lstat(to); lerr == nil {
		return fmt.Errorf("%w: %s was created meanwhile", core.ErrChanged, kit.DescribeType(info.Mode()))
	}
	if p.e.Kind == core.Link {
		return err
	}
	return c.Rename(p.temp, to) // there are no hard links
}

// replace takes the place of old.
func (p *put) replace(c *client, to string) error {
	if _, ok := c.HasExtension("posix-rename@openssh.com"); ok {
		return c.PosixRename(p.temp, to)
	}
	if err := c.Rename(p.temp, to); err != nil {
		return fmt.Errorf("this server cannot replace a file in one step (it lacks posix-rename@openssh.com): %w", err)
	}
	return nil
}

// stored returns the entry that was put.
func (p *put) stored() (core.Entry, error) {
	if p.e.Kind == core.Link {
		return p.tree.link(p.ctx, core.Entry{Key: p.e.Key}, p.text())
	}
	p.tree.times.Compare(p.e, p.info.ModTime())
	e, err := p.tree.entry(p.ctx, p.e.Key, p.info)
	e.MD5, e.Settled = p.sum, false
	return e, err
}

// makeRoom checks that old is at the key, or nothing but empty directories, which it
// removes.
func (p *put) makeRoom() error {
	info, err := p.tree.lstat(p.ctx, p.e.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return kit.CheckOld(p.old, nil)
	case err != nil:
		return err
	case info.IsDir() && kit.CheckName(path.Base(p.e.Key), true) == nil:
		if err := p.tree.removeDirs(p.ctx, p.e.Key); err != nil {
			return err
		}
		return kit.CheckOld(p.old, nil)
	}
	if info.Mode().IsRegular() {
		p.mode = info.Mode()
	}
	now, err := p.tree.entry(p.ctx, p.e.Key, info)
	if err != nil {
		return err
	}
	return kit.CheckOld(p.old, &now)
}
