//go:build unix

package faults

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// An sftpScene is two directories, one of them behind SFTP.
type sftpScene struct {
	*user
	t             *testing.T
	rnd           *rand.Rand
	local, remote string
}

func newSFTPScene(t *testing.T, w way) *sftpScene {
	server := ""
	for _, p := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"} {
		if _, err := os.Stat(p); err == nil {
			server = p
			break
		}
	}
	if server == "" {
		if slices.Contains(strings.Split(os.Getenv("S3FC_MUST_RUN"), ","), "sftp-server") {
			t.Fatal("OpenSSH's sftp-server is needed (Debian: openssh-sftp-server)")
		}
		t.Skip("NOT RUN: there is no sftp-server (Debian: openssh-sftp-server)")
	}
	t.Setenv(sftpServer, server)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // Any number.
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	return &sftpScene{newUser(t, "", w), t, rand.New(rand.NewPCG(seed, 0)), filepath.Join(dir, "local"), filepath.Join(dir, "remote")}
}

// run runs the program, which kills itself with its nth write if n is not 0, and
// reports whether it was killed.
func (s *sftpScene) run(n int, args ...string) (killed bool) {
	s.t.Helper()
	p := s.s3fc(s.t, args...)
	if n > 0 {
		p.Env = append(p.Env, killAt+"="+strconv.Itoa(n))
	}
	code := p.code(s.t, p.Run)
	if code != 0 && (code != -1 || n == 0) {
		s.t.Fatalf("the run with its kill at %d ended with %d\n%s", n, code, &p.out)
	}
	return code != 0
}

// kill copies random trees from one directory to the other, in runs that are killed,
// and each time once more.
func (s *sftpScene) kill(from, to, src, dst string) {
	s.t.Helper()
	before, hit, n := model.State{}, 0, max(4, kills(s.t)/2)
	for i := range n {
		after := randomSite(s.rnd)
		write(s.t, from, after)
		settled()
		if s.run(1+s.rnd.IntN(160), "copy", src, dst) {
			hit++
		}
		if _, err := os.Stat(to); err == nil { // else it was killed before it was made
			now := s.at(to)
			maps.DeleteFunc(now, func(key, _ string) bool { return strings.HasPrefix(path.Base(key), ".s3fc-") })
			m := model.Copy{Src: after, Dst: before}
			if err := errors.Join(m.Between(now), ordered(before, now, after)); err != nil {
				s.t.Fatalf("kill %d: %v", i, err)
			}
		}
		s.run(0, "copy", src, dst)
		if now := s.at(to); !maps.Equal(now, after) { // no temporary files either
			s.t.Fatalf("kill %d: after another run there is %v", i, keysOf(now))
		}
		before = after
	}
	s.t.Logf("%d of %d were killed before their end", hit, n)
	if hit == 0 {
		s.t.Error("no run was killed before its end")
	}
}

func (s *sftpScene) at(dir string) model.State {
	s.t.Helper()
	now, err := lookDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

func TestAPushOverSFTPMayBeKilledAtAnyInstant(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if way.on {
				long.Only(t)
			}
			s := newSFTPScene(t, way)
			s.kill(s.local, s.remote, s.local, "sftp://pipe"+s.remote)
		})
	}
}

func TestAPullOverSFTPMayBeKilledAtAnyInstant(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if way.on {
				long.Only(t)
			}
			s := newSFTPScene(t, way)
			s.kill(s.remote, s.local, "sftp://pipe"+s.remote, s.local)
		})
	}
}
