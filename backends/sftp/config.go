package sftp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kevinburke/ssh_config"
)

// noConfig is the value of the parameter config that stands for no file.
const noConfig = "none"

// A sshConfig has the files of SSH's configuration, the user's first.
type sshConfig struct{ files []*ssh_config.Config }

// readConfig reads the file called name, or if it is empty, those of the user and
// the system, as far as they exist.
func readConfig(name string) (*sshConfig, error) {
	names := []string{name}
	switch name {
	case noConfig:
		return &sshConfig{}, nil
	case "":
		names = []string{inHome(".ssh/config"), "/etc/ssh/ssh_config"}
	}
	c := &sshConfig{}
	for _, file := range names {
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && name == "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the SSH configuration cannot be read: %w", err)
		}
		parsed, err := ssh_config.DecodeBytes(b)
		if err != nil {
			return nil, fmt.Errorf("the SSH configuration %s cannot be understood: %w; give another file with config=FILE, or config=none and the user, host and port in the URL", file, err)
		}
		c.files = append(c.files, parsed)
	}
	return c, nil
}

// get returns the first value of key for the host alias, or "".
func (c *sshConfig) get(alias, key string) string {
	for _, f := range c.files {
		if v, err := f.Get(alias, key); err == nil && v != "" {
			return unquote(v)
		}
	}
	return ""
}

// getAll returns all values of key for the host alias.
func (c *sshConfig) getAll(alias, key string) (all []string) {
	for _, f := range c.files {
		values, err := f.GetAll(alias, key)
		if err != nil {
			continue
		}
		for _, v := range values {
			all = append(all, unquote(v))
		}
	}
	return all
}

func unquote(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// A host is a host as it is to be reached.
type host struct {
	alias   string // as it was given
	name    string // to connect to
	port    string
	user    string
	keyName string // under which its key is known, "" for name and port

	identities   []string // files of private keys
	certificates []string
	agent        string // socket, or "none"
	onlyFiles    bool   // the agent's keys are used only if their files are identities
	knownHosts   []string
	jumps        []string // hosts on the way, each as [user@]host[:port]
	timeout      time.Duration
}

// defaultIdentities are tried if the configuration names none.
var defaultIdentities = []string{".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"}

// host returns how to reach the host alias. user and port, if they are not empty,
// come before those of the configuration.
func (c *sshConfig) host(alias, userName, port string) (*host, error) {
	if command := c.get(alias, "ProxyCommand"); command != "" && command != "none" {
		return nil, fmt.Errorf("the SSH configuration of %s has a ProxyCommand, which s3fc cannot run: use ProxyJump, or a tunnel and its address in the URL", alias)
	}
	h := &host{
		alias: alias, name: strings.ReplaceAll(orElse(c.get(alias, "HostName"), alias), "%h", alias),
		port: orElse(port, orElse(c.get(alias, "Port"), "22")), keyName: c.get(alias, "HostKeyAlias"),
		onlyFiles: strings.EqualFold(c.get(alias, "IdentitiesOnly"), "yes"), timeout: connectTimeout,
	}
	h.user = orElse(userName, c.get(alias, "User"))
	if h.user == "" {
		own, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("no user for %s: give one as sftp://USER@%s/: %w", alias, alias, err)
		}
		h.user = own.Username
	}
	if s, err := strconv.Atoi(c.get(alias, "ConnectTimeout")); err == nil && s > 0 {
		h.timeout = time.Duration(s) * time.Second
	}
	if jump := c.get(alias, "ProxyJump"); jump != "" && !strings.EqualFold(jump, "none") {
		h.jumps = strings.Split(jump, ",")
	}
	h.agent = h.expand(orElse(c.get(alias, "IdentityAgent"), "SSH_AUTH_SOCK"))
	for _, file := range c.getAll(alias, "IdentityFile") {
		if !strings.EqualFold(file, "none") {
			h.identities = append(h.identities, h.expand(file))
		}
	}
	for _, file := range c.getAll(alias, "CertificateFile") {
		h.certificates = append(h.certificates, h.expand(file))
	}
	if len(h.identities) == 0 {
		for _, file := range defaultIdentities {
			h.identities = append(h.identities, inHome(file))
		}
	}
	h.knownHosts = h.knownHostsFiles(c.get(alias, "UserKnownHostsFile"))
	return h, nil
}

// knownHostsFiles returns the files that the value of UserKnownHostsFile names, and
// the system's.
func (h *host) knownHostsFiles(value string) []string {
	files := []string{inHome(".ssh/known_hosts"), inHome(".ssh/known_hosts2")}
	if value != "" {
		files = nil
		for _, file := range strings.Fields(value) {
			files = append(files, h.expand(file))
		}
	}
	return append(files, "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
}

// expand replaces the tokens, the variable and the tilde that a file name of the
// configuration may have.
func (h *host) expand(s string) string {
	if s == "SSH_AUTH_SOCK" || strings.HasPrefix(s, "$") && !strings.Contains(s, "/") {
		return os.Getenv(strings.Trim(s, "${}"))
	}
	if rest, ok := strings.CutPrefix(s, "~/"); ok {
		s = inHome(rest)
	}
	own := ""
	if u, err := user.Current(); err == nil {
		own = u.Username
	}
	return strings.NewReplacer("%%", "%", "%h", h.name, "%p", h.port, "%r", h.user, "%u", own, "%d", inHome(""), "%n", h.alias).Replace(s)
}

// address is the address to connect to.
func (h *host) address() string { return hostPort(h.name, h.port) }

// knownAs is the address under which the host's key is known.
func (h *host) knownAs() string { return hostPort(orElse(h.keyName, h.name), h.port) }

// inHome returns a path below the user's home.
func inHome(name string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join("/", name)
	}
	return filepath.Join(home, name)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
