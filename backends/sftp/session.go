package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	pkgsftp "github.com/pkg/sftp"

	"github.com/s3fc/s3fc/core"
)

// A Conn is a connection to an SFTP server: its answers, its requests, and the way
// to end it.
type Conn struct {
	Read  io.Reader
	Write io.WriteCloser
	Close func() error
}

// A session keeps a connection to a server, and opens it again when it is lost. It
// is safe for concurrent use.
type session struct {
	connect func(ctx context.Context) (*client, error)

	mu     sync.Mutex
	cur    *client
	closed bool
}

// A client is one connection.
type client struct {
	*pkgsftp.Client
	hangUp func() error // ends the connection below
}

// newClient speaks SFTP over a connection.
func newClient(c *Conn) (*client, error) {
	sc, err := pkgsftp.NewClientPipe(c.Read, c.Write, pkgsftp.UseConcurrentWrites(true))
	if err != nil {
		_ = c.Close()
		return nil, core.Transient(fmt.Errorf("the server does not speak SFTP: %w", err))
	}
	return &client{sc, c.Close}, nil
}

// get returns the connection, opened if there is none.
func (s *session) get(ctx context.Context) (*client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fs.ErrClosed
	}
	if s.cur == nil {
		c, err := s.connect(ctx)
		if err != nil {
			return nil, err
		}
		s.cur = c
	}
	return s.cur, nil
}

// lost gives up the connection c.
func (s *session) lost(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur == c {
		s.cur = nil
		go c.end()
	}
}

func (c *client) end() {
	_ = c.hangUp() // it is lost, or nothing is under way
	_ = c.Client.Close()
}

// Close ends the connection.
func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.cur != nil {
		s.cur.end()
		s.cur = nil
	}
	return nil
}

// do runs op, which ends with the answer of the server, whatever becomes of ctx.
func (s *session) do(ctx context.Context, op func(c *client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.get(ctx)
	if err != nil {
		return err
	}
	return s.answer(c, op(c))
}

// ask returns the answer to a question, and ends with ctx.
func ask[T any](ctx context.Context, s *session, op func(c *client) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = s.do(ctx, func(c *client) (err error) {
			r.value, err = op(c)
			return err
		})
		done <- r
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// answer returns the error of an operation on c as core has it. One that is no
// answer of the server means that the connection is lost.
func (s *session) answer(c *client, err error) error {
	var status *pkgsftp.StatusError
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), isCore(err):
		return err
	case errors.As(err, &status):
		return statusError(status)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	s.lost(c)
	return core.Transient(fmt.Errorf("the connection was lost: %w", err))
}

// isCore reports whether err is of the model, and not of the connection.
func isCore(err error) bool {
	for _, e := range []error{core.ErrChanged, core.ErrConflict, core.ErrCorrupt, core.ErrUnsupportedKey, core.ErrUnsupportedLink} {
		if errors.Is(err, e) {
			return true
		}
	}
	return core.IsTransient(err)
}

// A serverError is an answer of the server that says no more than that an
// operation failed.
type serverError struct{ status *pkgsftp.StatusError }

func (e *serverError) Error() string { return "the server answers: " + e.status.Error() }
func (e *serverError) Unwrap() error { return e.status }

func statusError(status *pkgsftp.StatusError) error {
	switch status.FxCode() {
	case pkgsftp.ErrSSHFxNoSuchFile:
		return fs.ErrNotExist
	case pkgsftp.ErrSSHFxPermissionDenied:
		return fs.ErrPermission
	case pkgsftp.ErrSSHFxOpUnsupported:
		return errors.ErrUnsupported
	}
	return &serverError{status}
}

// failed reports whether the server answered that an operation failed, and no more.
func failed(err error) bool {
	var e *serverError
	return errors.As(err, &e)
}

// badArgument reports whether the server answered as OpenSSH does to a name that is
// too long, and to READLINK of something that is no link.
func badArgument(err error) bool {
	var e *serverError
	return errors.As(err, &e) && e.status.FxCode() == pkgsftp.ErrSSHFxBadMessage
}
