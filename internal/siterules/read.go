package siterules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/ignore"
)

// maxSize is the size in bytes of the largest rules file.
const maxSize = 1 << 20

// Read reads the rules of a file, or, if file is empty, those at the root of src. They
// are nil if there are none, and where a look would cost a request: in a bucket, a
// rules file is an ordinary object. Rules that exist and cannot be read are an error,
// because files would silently be stored without them.
func Read(ctx context.Context, file string, src core.Tree) (*Rules, error) {
	name, text := file, []byte(nil)
	var err error
	switch {
	case file != "":
		text, err = os.ReadFile(file) //nolint:gosec // The user names it.
	case !ignore.ReadsFiles(src):
		return nil, nil
	default:
		name = FileName
		text, err = readSmall(ctx, src, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the rules cannot be read: %w", err)
	}
	return Parse(name, text)
}

// readSmall returns the content of the file at key.
func readSmall(ctx context.Context, t core.Tree, key string) ([]byte, error) {
	body, e, err := t.Open(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case body == nil && e.Problem != nil:
		return nil, fmt.Errorf("%s is no file: %w", key, e.Problem)
	case body == nil:
		return nil, fmt.Errorf("%s is a %s and no file", key, e.Kind)
	}
	defer body.Close() //nolint:errcheck // It was only read.
	if e.Size > maxSize {
		return nil, fmt.Errorf("%s has %d bytes, and at most %d are read", key, e.Size, maxSize)
	}
	return io.ReadAll(body)
}
