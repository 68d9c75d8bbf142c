package embedded

import (
	"context"
	"net/url"
	"os"

	"github.com/s3fc/s3fc/core"
)

// completer implements [core.Completer].
type completer struct{}

var _ core.Completer = completer{}

// Ready implements [core.Completer]: there are buckets only in a directory that exists.
func (completer) Ready(*url.URL) bool {
	dir, err := Dir()
	if err != nil {
		return false
	}
	_, err = os.Stat(dir)
	return err == nil
}

// Hosts implements [core.Completer].
func (completer) Hosts(context.Context, *url.URL) (names []string) {
	dir, err := Dir()
	if err != nil {
		return nil
	}
	s, err := acquire(dir)
	if err != nil {
		return nil
	}
	defer s.release() //nolint:errcheck // Nothing was written.
	list, err := s.store.ListBuckets()
	if err != nil {
		return nil
	}
	for _, b := range list {
		names = append(names, b.Name)
	}
	return names
}

// Values implements [core.Completer].
func (completer) Values(string) []string { return nil }
