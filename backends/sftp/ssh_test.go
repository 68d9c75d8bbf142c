//go:build unix

package sftp

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/s3fc/s3fc/core"
)

// openURL opens the tree that raw names, and closes it with the test.
func openURL(t *testing.T, raw string) (core.Backend, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), u, core.Env{})
	if err == nil {
		t.Cleanup(func() { _ = b.(io.Closer).Close() })
	}
	return b, err
}

// works opens the tree and puts a file to it.
func works(t *testing.T, raw string) {
	t.Helper()
	b, err := openURL(t, raw)
	if err != nil {
		t.Errorf("%s: %v", raw, err)
		return
	}
	if _, err := b.Put(t.Context(), core.Entry{Key: "d/f", Kind: core.File, Size: 1}, strings.NewReader("x"), nil); err != nil {
		t.Errorf("%s: %v", raw, err)
	}
	for e, err := range b.List(t.Context(), "") {
		if err != nil || e.Key != "d/f" {
			t.Errorf("%s: listed %+v, %v", raw, e, err)
		}
		if err := b.Delete(t.Context(), e); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func (d *sshd) port() string { _, p, _ := net.SplitHostPort(d.addr); return p }

func TestOpenByKeyAndKnownHost(t *testing.T) {
	u, d, dir := newUser(t), newSSHD(t), dirFor(t)
	d.accept(u.key("id_ed25519", ""))
	u.knows(d)
	works(t, "sftp://someone@"+d.addr+dir)
	if len(d.users) == 0 || d.users[0] != "someone" {
		t.Errorf("came as %q", d.users)
	}
	if _, err := openURL(t, "sftp://someone@"+d.addr+dir+"/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if _, err := openURL(t, "sftp://someone@"+d.addr+"/etc/hostname"); err == nil || !strings.Contains(err.Error(), "to copy it alone, give its directory, /etc, and exclude everything else") {
		t.Errorf("a file: %v", err)
	}
}

func TestTheConfigurationCounts(t *testing.T) {
	u, d, dir := newUser(t), newSSHD(t), dirFor(t)
	d.accept(u.key("deploy_key", ""))
	u.knows(d)
	u.write("config", "Host web\n  HostName 127.0.0.1\n  Port "+d.port()+"\n  User deployer\n  IdentityFile ~/.ssh/%r_key\nInclude more\n")
	u.write("config", strings.Replace(readFile(t, filepath.Join(u.home, ".ssh/config")), "%r_key", "deploy_key", 1))
	u.write("more", "Host *\n  ConnectTimeout 5\n")
	works(t, "sftp://web"+dir)
	works(t, "sftp://other@web:"+d.port()+dir)
	if len(d.users) != 2 || d.users[0] != "deployer" || d.users[1] != "other" {
		t.Errorf("came as %q", d.users)
	}
	if _, err := openURL(t, "sftp://web"+dir+"?config=none"); err == nil {
		t.Error("the configuration counted without being read")
	}
}

func TestHomeIsATilde(t *testing.T) {
	u, d := newUser(t), newSSHD(t)
	d.accept(u.key("id_ed25519", ""))
	u.knows(d)
	b, err := openURL(t, "sftp://a@"+d.addr+"/~/tmp") // the server runs in /
	if err != nil || !strings.HasSuffix(b.(interface{ String() string }).String(), d.addr+"/tmp") {
		t.Errorf("%v, %v", b, err)
	}
}

func TestProxyJump(t *testing.T) {
	u, gate, inner, dir := newUser(t), newSSHD(t), newSSHD(t), dirFor(t)
	outer := newSSHD(t)
	key := u.key("id_ed25519", "")
	for _, d := range []*sshd{gate, inner, outer} {
		d.accept(key)
	}
	u.knows(gate, inner, outer)
	u.write("config", "Host inner\n  HostName 127.0.0.1\n  Port "+inner.port()+"\n  User me\n  ProxyJump first@127.0.0.1:"+outer.port()+",gate\nHost gate\n  HostName 127.0.0.1\n  Port "+gate.port()+"\n  User second\n")
	works(t, "sftp://inner"+dir)
	if outer.jumped != 1 || gate.jumped != 1 || inner.jumped != 0 || outer.users[0] != "first" || gate.users[0] != "second" || inner.users[0] != "me" {
		t.Errorf("led on %d, %d, %d; came as %q, %q, %q", outer.jumped, gate.jumped, inner.jumped, outer.users, gate.users, inner.users)
	}
	u.knows(inner, outer)
	if _, err := openURL(t, "sftp://inner"+dir); err == nil || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("an unknown host on the way: %v", err)
	}
}

func TestAnAgentsKeys(t *testing.T) {
	u, d, dir := newUser(t), newSSHD(t), dirFor(t)
	public := u.key("work", "secret")
	d.accept(public)
	u.knows(d)
	raw := "sftp://a@" + d.addr + dir
	u.write("config", "Host *\n  IdentityFile ~/.ssh/work\n")
	_, err := openURL(t, raw)
	if err == nil || !strings.Contains(err.Error(), "does not accept user a") || !strings.Contains(err.Error(), "it has a passphrase: run ssh-add "+filepath.Join(u.home, ".ssh/work")) {
		t.Errorf("a locked key: %v", err)
	}
	startAgent(t, u, "work", "secret")
	works(t, raw)
	u.write("config", "Host *\n  IdentityFile ~/.ssh/work\n  IdentitiesOnly yes\n")
	works(t, raw)
	u.write("config", "Host *\n  IdentityFile ~/.ssh/other\n  IdentitiesOnly yes\n")
	if _, err := openURL(t, raw); err == nil {
		t.Error("a key of the agent was used that is no identity")
	}
}

// startAgent runs an agent that has the key in the file called name.
func startAgent(t *testing.T, u *sshUser, name, passphrase string) {
	t.Helper()
	key, err := ssh.ParseRawPrivateKeyWithPassphrase([]byte(readFile(t, filepath.Join(u.home, ".ssh", name))), []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(u.home, "agent")
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(ring, c)
				_ = c.Close()
			}()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", sock)
}

func TestHostKeys(t *testing.T) {
	u, d, dir := newUser(t), newSSHD(t, newRSAKey(t), newKey(t)), dirFor(t)
	d.accept(u.key("id_ed25519", ""))
	raw := "sftp://a@" + d.addr + dir
	file := filepath.Join(u.home, ".ssh/known_hosts")

	_, err := openURL(t, raw)
	var unknown *HostKeyError
	if !errors.As(err, &unknown) || core.IsTransient(err) {
		t.Fatalf("an unknown host: %v", err)
	}
	for _, part := range []string{"is not known", "SHA256:", "ssh-keyscan -p " + d.port() + " 127.0.0.1 >> " + file} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\ndoes not say %s", err, part)
		}
	}

	// Whichever of its keys is known, the host is asked for that.
	for _, key := range d.host {
		u.write("known_hosts", knownhosts.Line([]string{d.addr}, key.PublicKey())+"\n")
		works(t, raw)
	}
	u.write("known_hosts", "# hashed\n"+knownhosts.Line([]string{knownhosts.HashHostname(knownhosts.Normalize(d.addr))}, d.host[1].PublicKey())+"\n")
	works(t, raw)

	u.write("known_hosts", "\n"+knownhosts.Line([]string{d.addr}, newKey(t).PublicKey())+"\n")
	_, err = openURL(t, raw)
	if err == nil || !strings.Contains(err.Error(), "has changed") || !strings.Contains(err.Error(), "line 2 of "+file) || !strings.Contains(err.Error(), "ssh-keygen -f "+file+" -R '["+"127.0.0.1]:"+d.port()+"'") {
		t.Errorf("another key: %v", err)
	}

	u.write("known_hosts", "@revoked * "+strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.host[0].PublicKey())))+"\n"+knownhosts.Line([]string{d.addr}, d.host[0].PublicKey())+"\n")
	if _, err = openURL(t, raw); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a revoked key: %v", err)
	}

	// The command of the message mends it.
	if _, err := exec.LookPath("ssh-keyscan"); err != nil {
		t.Log("NOT RUN: there is no ssh-keyscan to try the remedy with")
		return
	}
	out, err := exec.Command("ssh-keyscan", "-p", d.port(), "127.0.0.1").Output()
	if err != nil || len(out) == 0 {
		t.Fatalf("ssh-keyscan: %v, %s", err, out)
	}
	u.write("known_hosts", string(out))
	works(t, raw)
	u.write("known_hosts", "")
	other := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(other, out, 0o600); err != nil {
		t.Fatal(err)
	}
	works(t, raw+"?known_hosts="+other)
}

func TestURLsThatCannotBeOpened(t *testing.T) {
	newUser(t)
	for raw, says := range map[string]string{
		"sftp://a:secret@host/x":        "a password in a URL is seen",
		"sftp:///x":                     "names no host",
		"sftp://host":                   "names no directory",
		"sftp://host/x%00y":             "NUL",
		"sftp://host/x?region=eu":       `unknown parameter "region"`,
		"sftp://host/x?config=/none/at": "configuration cannot be read",
		"sftp://127.0.0.1:1/x":          "cannot be reached",
	} {
		if _, err := openURL(t, raw); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %s", raw, err, says)
		}
	}
}

func TestConfigurationsThatCannotBeFollowed(t *testing.T) {
	u := newUser(t)
	for text, says := range map[string]string{
		"Host h\n  ProxyCommand nc %h %p\n": "ProxyCommand, which s3fc cannot run: use ProxyJump",
		"Match exec true\n  User x\n":       "cannot be understood",
	} {
		u.write("config", text)
		if _, err := openURL(t, "sftp://h/x"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
