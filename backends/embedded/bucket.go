package embedded

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// checkBucket checks a name by S3's rules, so that a name that works here works
// there.
func checkBucket(name string) error {
	wrong := func(why string) error {
		return fmt.Errorf("%q cannot be the name of a bucket: %s", name, why)
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	switch {
	case name == "":
		return errors.New("no bucket is named: expected embedded://bucket or embedded://bucket/prefix")
	case len(name) < 3 || len(name) > 63:
		return wrong("it has to have 3 to 63 characters")
	case strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(letters+"-.", r) }):
		return wrong("only lower-case letters, digits, hyphens and dots may be in it")
	case !strings.ContainsAny(name[:1], letters) || !strings.ContainsAny(name[len(name)-1:], letters):
		return wrong("it has to begin and end with a lower-case letter or a digit")
	case strings.Contains(name, ".."):
		return wrong("it may not have two dots in a row")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return wrong("it may not look like an IP address")
	}
	return nil
}
