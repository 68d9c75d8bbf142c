package cmd

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
)

// envNoCache does what --no-cache does.
const envNoCache = "S3FC_NO_CACHE"

// remembering are the flags on what is remembered from run to run.
type remembering struct {
	noCache bool
}

func (m *remembering) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&m.noCache, "no-cache", false, "neither use nor keep what runs remember of md5s and of objects (also $"+envNoCache+"=1)")
}

// off reports whether nothing is to be remembered. A variable that is set to
// anything but no counts as yes.
func (m *remembering) off() bool {
	text := os.Getenv(envNoCache)
	no, err := strconv.ParseBool(text)
	return m.noCache || text != "" && (no || err != nil)
}

// over returns t with what is remembered of it, if anything can be.
func (m *remembering) over(t core.Backend, env core.Env) core.Backend {
	id, ok := core.As[core.Identifier](t)
	if !ok || m.off() || id.Identity() == "" {
		return t
	}
	dir, err := cache.Dir()
	if err != nil {
		env.Logger().Debug("cache: there is no directory for it", "error", err)
		return t
	}
	return cache.Over(t, cache.Open(dir, id.Identity(), env.Logger()))
}
