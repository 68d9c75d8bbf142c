//go:build unix

package sftp

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshd is an SSH server on loopback that serves SFTP, and leads on to others. It
// accepts the keys that it is given.
type sshd struct {
	addr   string
	server *server
	host   []ssh.Signer

	mu       sync.Mutex
	accepted map[string]bool // public keys, marshalled
	users    []string        // who came
	conns    []net.Conn
	jumped   int // connections that were led on
}

func newSSHD(t testing.TB, hostKeys ...ssh.Signer) *sshd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(hostKeys) == 0 {
		hostKeys = []ssh.Signer{newKey(t)}
	}
	d := &sshd{addr: l.Addr().String(), server: newServer(t), host: hostKeys, accepted: make(map[string]bool)}
	config := &ssh.ServerConfig{PublicKeyCallback: d.check}
	for _, key := range hostKeys {
		config.AddHostKey(key)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.conns = append(d.conns, conn)
			d.mu.Unlock()
			wg.Go(func() { d.serve(conn, config) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		d.drop()
		wg.Wait()
	})
	return d
}

// drop ends all connections.
func (d *sshd) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		_ = c.Close()
	}
	d.conns = nil
}

// accept makes the server accept a key.
func (d *sshd) accept(key ssh.PublicKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accepted[string(key.Marshal())] = true
}

func (d *sshd) check(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.accepted[string(key.Marshal())] {
		return nil, fmt.Errorf("no")
	}
	d.users = append(d.users, c.User())
	return nil, nil
}

func (d *sshd) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	var wg sync.WaitGroup
	defer wg.Wait()
	for ch := range channels {
		switch ch.ChannelType() {
		case "session":
			wg.Go(func() { d.session(ch) })
		case "direct-tcpip":
			wg.Go(func() { d.jump(ch) })
		default:
			_ = ch.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (d *sshd) session(nc ssh.NewChannel) {
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range requests {
		ok := r.Type == "subsystem" && string(r.Payload[4:]) == "sftp"
		_ = r.Reply(ok, nil)
		if !ok {
			continue
		}
		c, err := d.server.connect(nil) //nolint:staticcheck // It takes no context.
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(c.Write, ch)
			_ = c.Close()
		}()
		go ssh.DiscardRequests(requests)
		_, _ = io.Copy(ch, c.Read)
		_ = c.Close()
		return
	}
}

func (d *sshd) jump(nc ssh.NewChannel) {
	var to struct {
		Host     string
		Port     uint32
		FromHost string
		FromPort uint32
	}
	if ssh.Unmarshal(nc.ExtraData(), &to) != nil {
		_ = nc.Reject(ssh.ConnectionFailed, "")
		return
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer conn.Close()
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	d.mu.Lock()
	d.jumped++
	d.conns = append(d.conns, conn)
	d.mu.Unlock()
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(conn, ch)
		_ = conn.Close()
	}()
	_, _ = io.Copy(ch, conn)
}

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer(t, key)
}

func newRSAKey(t testing.TB) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signer(t, key)
}

func signer(t testing.TB, key any) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A user has a home with an SSH configuration.
type sshUser struct {
	t    testing.TB
	home string
}

func newUser(t *testing.T) *sshUser {
	t.Helper()
	u := &sshUser{t, t.TempDir()}
	t.Setenv("HOME", u.home)
	t.Setenv("SSH_AUTH_SOCK", "")
	if err := os.Mkdir(filepath.Join(u.home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	return u
}

// write writes a file of .ssh.
func (u *sshUser) write(name, text string) {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.home, ".ssh", name), []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

// key makes a private key in the file called name, with a passphrase if that is not
// empty.
func (u *sshUser) key(name, passphrase string) ssh.PublicKey {
	u.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		u.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		u.t.Fatal(err)
	}
	u.write(name, string(pem.EncodeToMemory(block)))
	public := signer(u.t, key).PublicKey()
	u.write(name+".pub", string(ssh.MarshalAuthorizedKey(public)))
	return public
}

// knows makes the hosts' keys known.
func (u *sshUser) knows(hosts ...*sshd) {
	u.t.Helper()
	var lines strings.Builder
	for _, d := range hosts {
		for _, key := range d.host {
			lines.WriteString(knownhosts.Line([]string{d.addr}, key.PublicKey()) + "\n")
		}
	}
	u.write("known_hosts", lines.String())
}
