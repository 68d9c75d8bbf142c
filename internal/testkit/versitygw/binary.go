package versitygw

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// BuildCommand builds the version that the module in tools/ pins, and prints where
// it is, as a value for $S3FC_VERSITYGW. The first build takes about a minute.
const BuildCommand = "go tool -n -modfile=tools/go.mod versitygw"

// binary returns the path of the program: $S3FC_VERSITYGW, or versitygw in $PATH.
// It builds nothing, so a test run never waits for a compiler.
func binary() (string, error) {
	if path := os.Getenv("S3FC_VERSITYGW"); path != "" {
		_, err := os.Stat(path)
		return path, err
	}
	path, err := exec.LookPath("versitygw")
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf(`%w; run the tests with S3FC_VERSITYGW="$(%s)"`, err, BuildCommand)
	}
	return path, err
}
