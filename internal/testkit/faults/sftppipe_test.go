package faults

import (
	"context"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/backends/sftp"
	"github.com/s3fc/s3fc/core"
)

const (
	// killAt, in the environment, makes the program kill itself with its nth write to
	// an SFTP server; every second n lets half of that write through.
	killAt = "S3FC_FAULTS_KILL_AT"
	// sftpServer, in the environment, is the path of OpenSSH's sftp-server.
	sftpServer = "S3FC_FAULTS_SFTP_SERVER"
)

// openOverPipe opens an sftp:// URL whose server runs on this machine over a pipe.
func openOverPipe(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	var left atomic.Int64
	n, err := strconv.Atoi(os.Getenv(killAt))
	if err != nil {
		n = -1
	}
	left.Store(int64(n))
	connect := func(context.Context) (*sftp.Conn, error) {
		cmd := exec.Command(os.Getenv(sftpServer)) //nolint:gosec // The test names it.
		cmd.Stderr = os.Stderr                     // a wait for the program waits for the server as well
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		var once sync.Once
		hangUp := func() error {
			once.Do(func() {
				_ = in.Close() // the server ends by that
				_ = cmd.Wait() // nothing is under way
			})
			return nil
		}
		return &sftp.Conn{Read: out, Write: &deadly{in, &left, n%2 == 0}, Close: hangUp}, nil
	}
	return sftp.New(ctx, u.Path, connect, sftp.Options{Create: env.Create, Name: "pipe"})
}

// deadly kills its process in a write.
type deadly struct {
	io.WriteCloser
	left *atomic.Int64
	half bool
}

func (d *deadly) Write(p []byte) (int, error) {
	if d.left.Add(-1) != 0 {
		return d.WriteCloser.Write(p)
	}
	if d.half {
		_, _ = d.WriteCloser.Write(p[:len(p)/2]) // the process ends anyway
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
