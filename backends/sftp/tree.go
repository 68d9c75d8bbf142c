package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

const (
	schemeName = "sftp"

	maxPath    = 4095 // bytes
	maxSegment = 255  // bytes

	// resolution is that of modification times in SFTP.
	resolution = time.Second
	// tempLength is that of the longest temporary name.
	tempLength = 48
)

// Options are the options of New.
type Options struct {
	// Create makes a missing directory on the first write; until then it lists as
	// empty.
	Create bool
	// Links says how symbolic links are treated; the zero value keeps them.
	Links kit.LinkPolicy
	// Hidden is [core.Env].Hidden: directories that are not walked.
	Hidden func(key string) bool
	// Name names the server in the tree's identity and for people, as user@host.
	Name string
}

// A Tree is a directory of a server as a [core.Backend]. It is safe for concurrent
// use.
type Tree struct {
	session *session
	name    string
	root    string // absolute, without links on the way
	create  bool
	found   atomic.Bool // the directory has been there, so that it is never made again
	links   kit.LinkPolicy
	hidden  func(key string) bool
	guard   core.Guard // for a new file

	temps kit.Temps
	clock clock
	names names
	times kit.LostTimes
}

// New returns the tree in the directory dir of a server: an absolute path, or one
// that begins with ~ for the user's home. connect opens a connection to the server;
// it is called again when a connection is lost. A directory that is missing is an
// error that is [fs.ErrNotExist], unless o.Create is set.
func New(ctx context.Context, dir string, connect func(ctx context.Context) (*Conn, error), o Options) (*Tree, error) {
	t := &Tree{name: o.Name, create: o.Create, links: o.Links, hidden: o.Hidden}
	t.session = &session{connect: func(ctx context.Context) (*client, error) {
		c, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		return newClient(c)
	}}
	t.names.tree = t
	if err := t.open(ctx, dir); err != nil {
		_ = t.session.Close() // the error is told
		return nil, err
	}
	return t, nil
}

// open finds the root and the abilities of the server.
func (t *Tree) open(ctx context.Context, dir string) error {
	return t.session.do(ctx, func(c *client) error {
		if _, ok := c.HasExtension("hardlink@openssh.com"); ok {
			t.guard = core.GuardAtomic
		} else {
			t.guard = core.GuardCheck
		}
		if rest, ok := strings.CutPrefix(dir, "~"); ok {
			home, err := c.RealPath(".")
			if err != nil {
				return err
			}
			dir = path.Join(home, rest)
		}
		info, err := c.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && t.create:
			t.root = path.Clean(dir)
			return nil
		case err != nil:
			return fmt.Errorf("the directory %s cannot be opened: %w", dir, err)
		case !info.IsDir():
			return fmt.Errorf("%w: %s is one file, and whole trees are made equal: to copy it alone, give its directory, %s, and exclude everything else there", core.ErrConflict, dir, path.Dir(dir))
		}
		t.found.Store(true)
		t.root, err = c.RealPath(dir)
		return err
	})
}

// Close ends the connection.
func (t *Tree) Close() error { return t.session.Close() }

// Identity implements [core.Identifier].
func (t *Tree) Identity() string { return schemeName + " " + t.name + " " + t.root }

// String returns the tree as a URL.
func (t *Tree) String() string { return schemeName + "://" + t.name + t.root }

// Features implements [core.Tree].
func (t *Tree) Features() core.Features { return features(t.root, t.guard, t.links) }

func features(root string, create core.Guard, links kit.LinkPolicy) core.Features {
	return core.Features{
		Links: links == kit.KeepLinks, ModTimes: true, Create: create, Replace: core.GuardCheck, Resolution: resolution,
		MaxKey: maxPath - len(root) - 1 - tempLength, MaxSegment: maxSegment, MaxTarget: maxPath,
	}
}

// CheckPut implements [core.Checker].
func (t *Tree) CheckPut(e core.Entry) error { return kit.CheckPut(t.Features(), e) }

// path returns the path of key on the server.
func (t *Tree) path(key string) string {
	if key == "." {
		return t.root
	}
	return strings.TrimSuffix(t.root, "/") + "/" + key
}

func fail(op, key string, err error) error { return kit.Fail(op, schemeName, key, err) }

// connect opens a connection to the SFTP server of the route's host.
func (r *route) connect(ctx context.Context) (*Conn, error) {
	client, err := r.dial(ctx)
	if err != nil {
		return nil, err
	}
	c, err := subsystem(client)
	if err != nil {
		_ = client.Close()
		return nil, core.Transient(fmt.Errorf("host %s offers no SFTP: %w", r.host.alias, err))
	}
	return c, nil
}

// subsystem opens the SFTP channel of a connection.
func subsystem(client *ssh.Client) (*Conn, error) {
	s, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	w, err := s.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.RequestSubsystem("sftp"); err != nil {
		return nil, err
	}
	return &Conn{Read: r, Write: w, Close: client.Close}, nil
}
