package sftp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A HostKeyError says that the key of a host is not the one that is known, or that
// none is.
type HostKeyError struct {
	Host    string // as it was given
	Port    string
	Key     ssh.PublicKey // that the host has shown
	File    string        // where a key has to be added or removed
	Line    int           // of the wrong key, 0 if none is known
	Revoked bool
}

// Error gives the cause, and the command that mends it.
func (e *HostKeyError) Error() string {
	print := fmt.Sprintf("%s %s", e.Key.Type(), ssh.FingerprintSHA256(e.Key))
	switch {
	case e.Revoked:
		return fmt.Sprintf("the key of host %s (%s) is revoked in %s", e.Host, print, e.File)
	case e.Line > 0:
		return fmt.Sprintf("the key of host %s has changed to %s: somebody may be listening in. If the host has new keys, remove the old one, line %d of %s, by: ssh-keygen -f %s -R '%s'",
			e.Host, print, e.Line, e.File, e.File, knownhosts.Normalize(net.JoinHostPort(e.Host, e.Port)))
	}
	return fmt.Sprintf("the key of host %s (%s) is not known: compare it with the one that the host's administrator names, and add it by: ssh-keyscan -p %s %s >> %s",
		e.Host, print, e.Port, e.Host, e.File)
}

// hostKeys returns the check of the host's key, and the kinds of keys that are
// known of it, so that the host is asked for one of those.
func (h *host) hostKeys() (ssh.HostKeyCallback, []string, error) {
	var files []string
	for _, file := range h.knownHosts {
		if f, err := os.Open(file); err == nil {
			_ = f.Close() // it was only looked for
			files = append(files, file)
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, nil, fmt.Errorf("the keys of known hosts cannot be read: %w", err)
		}
	}
	known, err := knownhosts.New(files...)
	if err != nil {
		return nil, nil, fmt.Errorf("the keys of known hosts cannot be read: %w", err)
	}
	check := func(_ string, remote net.Addr, key ssh.PublicKey) error {
		return h.explain(key, known(h.knownAs(), remote, key))
	}
	return check, algorithms(known, h.knownAs()), nil
}

// explain makes a [HostKeyError] of an error of package knownhosts.
func (h *host) explain(key ssh.PublicKey, err error) error {
	e := &HostKeyError{Host: h.name, Port: h.port, Key: key, File: h.knownHosts[0]}
	var revoked *knownhosts.RevokedError
	var unknown *knownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		e.Revoked, e.File = true, revoked.Revoked.Filename
	case errors.As(err, &unknown) && len(unknown.Want) > 0:
		e.File, e.Line = unknown.Want[0].Filename, unknown.Want[0].Line
	case errors.As(err, &unknown):
	default:
		return err
	}
	return e
}

// algorithms returns the algorithms of the keys that are known of the host at
// address, nil for none.
func algorithms(known ssh.HostKeyCallback, address string) (all []string) {
	var unknown *knownhosts.KeyError
	if err := known(address, &net.TCPAddr{IP: net.IPv4zero}, noKey{}); !errors.As(err, &unknown) {
		return nil
	}
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	for _, k := range unknown.Want {
		switch kind := k.Key.Type(); kind {
		case ssh.KeyAlgoRSA:
			add(ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA)
		default:
			add(kind)
		}
	}
	return all
}

// noKey is a key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }
