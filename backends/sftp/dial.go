package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/s3fc/s3fc/core"
)

const (
	connectTimeout = 20 * time.Second
	aliveInterval  = 15 * time.Second
	aliveTimeout   = 45 * time.Second // without an answer, the connection is lost
)

// A route is a host and the hosts on the way to it.
type route struct {
	jumps []*host
	host  *host
}

// route returns how to reach the host, each jump by its own configuration.
func (c *sshConfig) route(h *host) (*route, error) {
	r := &route{host: h}
	for _, jump := range h.jumps {
		name, port, userName := splitJump(strings.TrimSpace(jump))
		j, err := c.host(name, userName, port)
		if err != nil {
			return nil, err
		}
		r.jumps = append(r.jumps, j)
	}
	return r, nil
}

// splitJump splits [user@]host[:port], also in the form of a URL.
func splitJump(s string) (name, port, userName string) {
	s = strings.TrimPrefix(s, "ssh://")
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		userName, s = s[:i], s[i+1:]
	}
	if h, p, err := net.SplitHostPort(s); err == nil {
		return h, p, userName
	}
	return strings.Trim(s, "[]"), "", userName
}

func hostPort(name, port string) string { return net.JoinHostPort(name, port) }

// dial connects to the route's host.
func (r *route) dial(ctx context.Context) (*ssh.Client, error) {
	var via *ssh.Client
	var opened []io.Closer
	for _, h := range append(append([]*host(nil), r.jumps...), r.host) {
		client, err := h.dial(ctx, via)
		if err != nil {
			closeAll(opened)
			return nil, err
		}
		opened = append(opened, client)
		via = client
	}
	go func() { // a jump's connection ends with that of the host behind it
		_ = via.Wait() // why it ended is told by those who used it
		closeAll(opened)
	}()
	go keepAlive(via)
	return via, nil
}

func closeAll(all []io.Closer) {
	for i := len(all) - 1; i >= 0; i-- {
		_ = all[i].Close() // it is given up
	}
}

// dial connects to h, through via if that is not nil.
func (h *host) dial(ctx context.Context, via *ssh.Client) (*ssh.Client, error) {
	check, algorithms, err := h.hostKeys()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	conn, err := h.connect(ctx, via)
	if err != nil {
		return nil, core.Transient(fmt.Errorf("host %s cannot be reached at %s: %w", h.alias, h.address(), err))
	}
	keys, tried, done := h.signers()
	defer done()
	config := &ssh.ClientConfig{
		User: h.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)},
		HostKeyCallback: check, HostKeyAlgorithms: algorithms,
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // it ends the handshake
	c, channels, requests, err := ssh.NewClientConn(conn, h.address(), config)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, h.refused(ctx, err, tried)
	}
	return ssh.NewClient(c, channels, requests), nil
}

func (h *host) connect(ctx context.Context, via *ssh.Client) (net.Conn, error) {
	if via != nil {
		return via.DialContext(ctx, "tcp", h.address())
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", h.address())
}

// refused returns the error of a handshake that failed. Only one that broke off is
// transient.
func (h *host) refused(ctx context.Context, err error, tried []string) error {
	var key *HostKeyError
	switch {
	case errors.As(err, &key):
		return key
	case strings.Contains(err.Error(), "unable to authenticate"):
		if len(tried) == 0 {
			tried = []string{"no key was found"}
		}
		return fmt.Errorf("host %s does not accept user %s (tried: %s): add a key to the agent with ssh-add, or name its file with identity=FILE", h.alias, h.user, strings.Join(tried, ", "))
	case ctx.Err() != nil:
		err = fmt.Errorf("no answer within %v", h.timeout)
	case strings.Contains(err.Error(), "no common algorithm"):
		return fmt.Errorf("host %s: %w", h.alias, err)
	}
	return core.Transient(fmt.Errorf("host %s at %s: %w", h.alias, h.address(), err))
}

// keepAlive asks the host for a sign of life until the connection ends, and closes
// it if there is none for long.
func keepAlive(client *ssh.Client) {
	ended := make(chan struct{})
	go func() {
		_ = client.Wait() // why it ended is told by those who used it
		close(ended)
	}()
	for {
		answered := make(chan error, 1)
		select {
		case <-ended:
			return
		case <-time.After(aliveInterval):
		}
		go func() {
			_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case <-ended:
			return
		case <-answered: //nolint:errcheck // Any answer shows that the session lives.
		case <-time.After(aliveTimeout):
			_ = client.Close()
			return
		}
	}
}
