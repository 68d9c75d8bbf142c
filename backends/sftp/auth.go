package sftp

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// signers returns the keys to authenticate with at h: those of the agent, then
// those of files. tried says, for an error, where keys were looked for. done
// releases the agent.
func (h *host) signers() (keys []ssh.Signer, tried []string, done func()) {
	done = func() {}
	fromFiles, tried := h.fileSigners()
	fromAgent, close, err := h.agentSigners()
	switch {
	case err != nil:
		tried = append(tried, fmt.Sprintf("the agent (%v)", err))
	case close != nil:
		done = close
		tried = append(tried, fmt.Sprintf("the agent (%d keys)", len(fromAgent)))
	}
	if h.onlyFiles {
		fromAgent = h.ofIdentities(fromAgent)
	}
	return append(fromAgent, fromFiles...), tried, done
}

// agentSigners returns the keys of the agent, if there is one.
func (h *host) agentSigners() (keys []ssh.Signer, close func(), err error) {
	if h.agent == "" || h.agent == "none" {
		return nil, nil, nil
	}
	conn, err := net.Dial("unix", h.agent)
	if err != nil {
		return nil, nil, err
	}
	if keys, err = agent.NewClient(conn).Signers(); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return keys, func() { _ = conn.Close() }, nil
}

// fileSigners returns the keys of the identity files that can be used without
// asking for a passphrase, each after its certificate.
func (h *host) fileSigners() (keys []ssh.Signer, tried []string) {
	for _, file := range h.identities {
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var key ssh.Signer
		if err == nil {
			key, err = ssh.ParsePrivateKey(b)
		}
		var locked *ssh.PassphraseMissingError
		switch {
		case errors.As(err, &locked):
			tried = append(tried, fmt.Sprintf("%s (it has a passphrase: run ssh-add %s)", file, file))
			continue
		case err != nil:
			tried = append(tried, fmt.Sprintf("%s (%v)", file, err))
			continue
		}
		tried = append(tried, file)
		keys = append(keys, h.certified(file, key)...)
		keys = append(keys, key)
	}
	return keys, tried
}

// certified returns key with each certificate for it: beside its file, or named by
// the configuration.
func (h *host) certified(file string, key ssh.Signer) (all []ssh.Signer) {
	for _, name := range append([]string{file + "-cert.pub"}, h.certificates...) {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey(b)
		if err != nil {
			continue
		}
		cert, ok := public.(*ssh.Certificate)
		if !ok {
			continue
		}
		if s, err := ssh.NewCertSigner(cert, key); err == nil {
			all = append(all, s)
		}
	}
	return all
}

// ofIdentities returns those of the agent's keys whose public keys lie beside the
// identity files.
func (h *host) ofIdentities(keys []ssh.Signer) (own []ssh.Signer) {
	for _, file := range h.identities {
		b, err := os.ReadFile(strings.TrimSuffix(file, ".pub") + ".pub")
		if err != nil {
			continue
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey(b)
		if err != nil {
			continue
		}
		for _, key := range keys {
			if bytes.Equal(key.PublicKey().Marshal(), public.Marshal()) {
				own = append(own, key)
			}
		}
	}
	return own
}
