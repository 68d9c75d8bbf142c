// Package sftp is a tree in a directory of a host that is reached by SSH. Links
// are symbolic links.
//
// # URL
//
// sftp://user@host:port/srv/site, with an absolute path; sftp://host/~/site is
// below the user's home. A host may be an alias of ~/.ssh/config. The parameters
// are
//
//   - identity: a file with a private key, beside those of the configuration
//   - known_hosts: a file with the keys of known hosts, instead of ~/.ssh/known_hosts
//   - config: a configuration file instead of ~/.ssh/config, or none
//
// A password cannot be given: keys and the SSH agent authenticate. Of the
// configuration, HostName, Port, User, IdentityFile, IdentityAgent,
// IdentitiesOnly, CertificateFile, ProxyJump, HostKeyAlias, UserKnownHostsFile
// and ConnectTimeout count. A host whose key is not known is refused, whatever
// StrictHostKeyChecking says. ProxyCommand is refused.
//
// # Versions
//
// SFTP tells of a file its size, and its modification time in whole seconds, so two
// versions of one size within a second look the same. A file is new if nothing has
// its name: it gets it by a hard link, which the server refuses if the name is
// taken. An entry is compared just before it is replaced or deleted. The
// replacement itself is atomic (posix-rename); a server that cannot do that, and
// refuses to rename over a file, cannot have files replaced.
//
// # Links
//
// They are as in a local directory: see package localfs. Directories on the way to
// a key are looked at at most a second before a write; a link that a stranger
// plants there in this second is followed by the server.
//
// # Connections
//
// All operations share one connection, which is opened again when it is lost.
// Operations under way then fail with a transient error; a listing goes on after
// its last key.
package sftp
