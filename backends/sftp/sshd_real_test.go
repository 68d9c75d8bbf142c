//go:build unix

package sftp

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// mustRun reports whether a test that needs the program must not skip.
func mustRun(program string) bool {
	return os.Getenv("CI") == "true" || slices.Contains(strings.Split(os.Getenv("S3FC_MUST_RUN"), ","), program)
}

// A real sshd, as Debian has it, with the configuration of a user of its own.
func TestOpenSSH(t *testing.T) {
	sshd := ""
	for _, p := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/libexec/sshd"} {
		if _, err := os.Stat(p); err == nil {
			sshd = p
		}
	}
	if sshd == "" {
		if mustRun("sshd") {
			t.Fatal("sshd is needed (Debian: openssh-server)")
		}
		t.Skip("NOT RUN: there is no sshd (Debian: openssh-server)")
	}
	u, dir := newUser(t), dirFor(t)
	public := u.key("id_ed25519", "")
	u.key("host_key", "")
	u.write("authorized", string(ssh.MarshalAuthorizedKey(public)))
	port := startSSHD(t, sshd, u)
	host := readFile(t, filepath.Join(u.home, ".ssh/host_key.pub"))
	u.write("known_hosts", fmt.Sprintf("[127.0.0.1]:%s %s", port, host))
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	works(t, "sftp://"+own.Username+"@127.0.0.1:"+port+dir)
	u.write("config", "Host near\n  HostName 127.0.0.1\n  Port "+port+"\n  User "+own.Username+"\nHost far\n  HostName 127.0.0.1\n  Port "+port+"\n  User "+own.Username+"\n  ProxyJump near\n")
	works(t, "sftp://far"+dir)
}

// startSSHD starts sshd on loopback and returns its port.
func startSSHD(t *testing.T, path string, u *sshUser) string {
	t.Helper()
	if os.Getuid() == 0 { // where it puts the processes that have no privileges
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("NOT RUN: sshd needs /run/sshd: %v", err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	in := func(name string) string { return filepath.Join(u.home, ".ssh", name) }
	u.write("sshd_config", strings.Join([]string{
		"Port " + port, "ListenAddress 127.0.0.1", "HostKey " + in("host_key"), "AuthorizedKeysFile " + in("authorized"), "PidFile none",
		"UsePAM no", "StrictModes no", "PasswordAuthentication no", "PermitRootLogin prohibit-password", "AllowTcpForwarding yes", "Subsystem sftp internal-sftp", "",
	}, "\n"))
	var log strings.Builder
	cmd := exec.Command(path, "-D", "-e", "-f", in("sshd_config"))
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
			return port
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not listen: %v\n%s", err, log.String())
		}
	}
}
