package overview

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Status says where a link leads.
type Status string

// The statuses of links.
const (
	StatusFile     Status = "file"     // to a file, in one hop
	StatusDir      Status = "dir"      // to a directory, in one hop
	StatusURL      Status = "url"      // to another site
	StatusChain    Status = "chain"    // to a file or a directory, over other links
	StatusRing     Status = "ring"     // back to itself, or into a ring
	StatusDangling Status = "dangling" // to nothing
	StatusRefused  Status = "refused"  // it cannot be copied
)

// A Link is a link of the tree, or an entry that cannot be copied.
type Link struct {
	Key     int    `json:"k"` // its index in Data.Keys
	Target  string `json:"t,omitempty"`
	Final   string `json:"f,omitempty"` // where it leads in the end, if not to Target
	Hops    int    `json:"h"`
	Status  Status `json:"s"`
	Problem string `json:"p,omitempty"`
}

// maxHops is how many redirects browsers follow before they call it a ring (the
// Fetch standard says 20).
const maxHops = 20

// resolver finds where links lead.
type resolver struct {
	targets map[string]core.Target // of the links
	files   map[string]bool
	dirs    map[string]bool
}

// follow returns where the link at key leads in the end, over how many redirects.
func (r *resolver) follow(key string) (final string, hops int, status Status) {
	at, ok := r.targets[key]
	for seen := map[string]bool{key: true}; ok; at, ok = r.targets[at.Key] {
		hops++
		switch {
		case at.URL != "":
			return at.URL, hops, oneHop(hops, StatusURL)
		case seen[at.Key] || hops > maxHops:
			return at.Key, hops, StatusRing
		}
		seen[at.Key] = true
		if _, on := r.targets[at.Key]; !on {
			break
		}
	}
	switch {
	case r.files[at.Key]:
		return at.Key, hops, oneHop(hops, StatusFile)
	case at.Key == "." || r.dirs[at.Key]:
		return at.Key, hops, oneHop(hops, StatusDir)
	}
	return at.Key, hops, StatusDangling
}

func oneHop(hops int, status Status) Status {
	if hops > 1 {
		return StatusChain
	}
	return status
}

// addDirs notes the directories above key. Keys come in order, so a directory that
// is known has its parents noted too.
func (r *resolver) addDirs(key string) {
	for {
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return
		}
		key = key[:i]
		if r.dirs[key] {
			return
		}
		r.dirs[key] = true
	}
}
