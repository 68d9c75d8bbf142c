package memory

import (
	"fmt"
	"net/url"

	"github.com/s3fc/s3fc/core"
)

// Scheme is the scheme of trees in memory, for a [core.Mux].
var Scheme = core.Scheme{
	Name: "mem", Open: Open, Features: All, Check: checkURL,
	About:   "memory of this process, for tests and for programs that use s3fc as a library",
	Example: "mem://name",
}

func checkURL(u *url.URL) error {
	switch {
	case u.Host == "":
		return fmt.Errorf("%s: a name is missing: expected mem://name", u)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s: a mem:// URL takes no parameters", u)
	}
	return nil
}
