package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
)

// hosting is the website configuration of a new bucket.
const hosting = `<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>`

// A Tree is an embedded bucket, or what lies in it below a prefix. It is the
// tree of package s3, and is closed after use.
type Tree struct {
	*s3.Tree
	server *server
	once   sync.Once
}

var _ core.Backend = (*Tree)(nil)

// Open is the [core.Opener] of embedded URLs. A bucket that is missing is made
// if env.Create is set, and else an error that is [fs.ErrNotExist].
func Open(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	o, err := options(u, env)
	if err != nil {
		return nil, err
	}
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	srv, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	t, err := srv.open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, srv.release())
	}
	return t, nil
}

// options reads a tree's URL.
func options(u *url.URL, env core.Env) (s3.Options, error) {
	const linkBody = "link_body"
	for name := range u.Query() {
		if name != linkBody {
			return s3.Options{}, fmt.Errorf("unknown parameter %q in %s: expected %s", name, u.Redacted(), linkBody)
		}
	}
	if u.User != nil {
		return s3.Options{}, fmt.Errorf("%s: expected embedded://bucket/prefix; no credentials are needed", u.Redacted())
	}
	if err := checkBucket(u.Host); err != nil {
		return s3.Options{}, err
	}
	return s3.Options{
		Bucket: u.Host, Prefix: strings.TrimPrefix(u.Path, "/"), LinkBody: s3.LinkBody(env.Option(u, linkBody)),
		Name: "embedded", Env: env,
	}, nil
}

// open opens a bucket of the server.
func (s *server) open(ctx context.Context, o s3.Options) (*Tree, error) {
	if err := s.ensure(o.Bucket, o.Env.Create); err != nil {
		return nil, err
	}
	o.Params = url.Values{"region": {"us-east-1"}, "endpoint": {s.url}}
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: s.key, SecretAccessKey: "embedded"}, nil
	})
	t, err := s3.New(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Tree{Tree: t, server: s}, nil
}

// ensure makes the bucket if it is missing and may be made.
func (s *server) ensure(bucket string, create bool) error {
	exists, err := s.store.BucketExists(bucket)
	if err != nil || exists {
		return err
	}
	if !create {
		return s.noBucket(bucket)
	}
	err = s.store.CreateBucket(bucket)
	if err != nil && !gofakes3.IsAlreadyExists(err) {
		return err
	}
	return s.store.SetBucketConfig(bucket, "website", []byte(hosting))
}

func (s *server) noBucket(bucket string) error {
	list, err := s.store.ListBuckets()
	if err != nil {
		return err
	}
	have := "there are none in " + s.dir
	if len(list) > 0 {
		have = "existing: " + strings.Join(gofakes3.Buckets(list).Names(), ", ")
	}
	return &core.Error{Op: "open", Tree: "embedded", Err: fmt.Errorf("no bucket %s (%s): %w", bucket, have, fs.ErrNotExist)}
}

// Identity implements [core.Identifier]: the server's address changes from run to
// run, and the directory that it serves does not.
func (t *Tree) Identity() string {
	bucket, prefix := t.Bucket()
	return "embedded " + t.server.dir + " " + bucket + "/" + prefix
}

// Close lets go of the bucket, and ends the server with the last one. A second
// Close does nothing.
func (t *Tree) Close() error {
	var err error
	t.once.Do(func() { err = errors.Join(t.Tree.Close(), t.server.release()) })
	return err
}

// DefaultFeatures are those of a bucket without a prefix.
func DefaultFeatures() core.Features { return s3.DefaultFeatures() }
