package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/s3fc/s3fc/internal/filestore"
	"github.com/s3fc/s3fc/internal/s3server"
)

// A server serves one directory to the trees of this process. It lives as long
// as one of them is open.
type server struct {
	dir   string
	store *filestore.Store
	http  *http.Server
	url   string
	key   string // the access key that a client has to send
	users int    // held by servers.mu
}

// servers are those that run, by directory: two trees of one directory share
// one, for only one can have the directory open.
var servers = struct {
	mu    sync.Mutex
	byDir map[string]*server
}{byDir: make(map[string]*server)}

// acquire returns the server for dir. Each call is paid back with release.
func acquire(dir string) (*server, error) {
	servers.mu.Lock()
	defer servers.mu.Unlock()
	s := servers.byDir[dir]
	if s == nil {
		var err error
		if s, err = start(dir); err != nil {
			return nil, err
		}
		servers.byDir[dir] = s
	}
	s.users++
	return s, nil
}

func start(dir string) (*server, error) {
	store, err := filestore.Open(dir)
	if err != nil {
		return nil, openError(err)
	}
	if err := abortUploads(store); err != nil {
		return nil, errors.Join(openError(err), store.Close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the embedded server cannot listen: %w", err), store.Close())
	}
	s := &server{dir: dir, store: store, url: "http://" + listener.Addr().String(), key: rand.Text()}
	s.http = &http.Server{Handler: s.guarded(s3server.Handler(store)), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }() // ends with Close, and is http.ErrServerClosed then
	return s, nil
}

// openError adds the remedy to the error of a store that cannot be opened.
func openError(err error) error {
	var inUse *filestore.InUseError
	if errors.As(err, &inUse) {
		who := "another s3fc"
		if inUse.PID != 0 {
			who += fmt.Sprintf(" (pid %d)", inUse.PID)
		}
		return fmt.Errorf("embedded store %s is in use by %s: wait for it, or set %s to another directory", inUse.Dir, who, DirVariable)
	}
	var other *filestore.FormatError
	if errors.As(err, &other) {
		return fmt.Errorf("embedded %w: use the version of s3fc that wrote it, or set %s to another directory", err, DirVariable)
	}
	return fmt.Errorf("embedded %w", err)
}

// guarded refuses requests without the key: other users of the machine reach the
// port too, and so does a web page in a browser.
func (s *server) guarded(next http.Handler) http.Handler {
	want := "Credential=" + s.key + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), want) {
			http.Error(w, "this server is for the process alone that runs it", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// release ends the server with its last user.
func (s *server) release() error {
	servers.mu.Lock()
	defer servers.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	delete(servers.byDir, s.dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close() // somebody has not read an answer to its end
	}
	return errors.Join(err, s.store.Close())
}
