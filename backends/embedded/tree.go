package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
)

// hosting is the website configuration of a new bucket.
const hosting = `<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>`

// A Tree is an embedded bucket, or its objects below a prefix. It is the tree of
// package s3, and is closed after use.
type Tree struct {
	*s3.Tree
	server  *server
	created bool
	once    sync.Once
}

var _ core.Backend = (*Tree)(nil)

// Options say which bucket to open, and where its data are. Only Bucket is
// required.
type Options struct {
	// Dir is the directory that has the data of all buckets; empty for the one
	// that [Dir] returns. It is made if it is missing.
	Dir string
	// Bucket is the bucket's name, by S3's rules. A missing one is made if
	// Env.Create is set, and else an error that is [fs.ErrNotExist].
	Bucket string
	// Prefix limits the tree to the keys below it, with or without a final slash.
	Prefix string
	// LinkBody is the form in which links are written; every form is read.
	LinkBody s3.LinkBody
	// Env is shared by the trees of one run.
	Env core.Env
}

// New opens an embedded bucket. Within a process, all trees of one directory
// share one server; another process cannot open the directory meanwhile. The
// caller closes the tree.
func New(ctx context.Context, o Options) (*Tree, error) {
	if err := checkBucket(o.Bucket); err != nil {
		return nil, err
	}
	dir := o.Dir
	var err error
	if dir == "" {
		dir, err = Dir()
	} else {
		dir, err = filepath.Abs(dir)
	}
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

// Open opens the bucket that u names, with its data in the directory that [Dir]
// returns; see [New].
func Open(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	o, err := parseURL(u, env)
	if err != nil {
		return nil, err
	}
	t, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// parseURL reads a tree's URL, and from env the parameters that it leaves out.
func parseURL(u *url.URL, env core.Env) (Options, error) {
	if err := core.CheckOptions(u, urlOptions); err != nil {
		return Options{}, err
	}
	if u.User != nil {
		return Options{}, fmt.Errorf("%s: expected embedded://bucket/prefix; no credentials are needed", u.Redacted())
	}
	return Options{
		Bucket: u.Host, Prefix: strings.TrimPrefix(u.Path, "/"), LinkBody: s3.LinkBody(env.Option(u, linkBody)), Env: env,
	}, nil
}

// open opens a bucket of the server.
func (s *server) open(ctx context.Context, o Options) (*Tree, error) {
	created, err := s.ensure(o.Bucket, o.Env.Create)
	if err != nil {
		return nil, err
	}
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: s.key, SecretAccessKey: "embedded"}, nil
	})
	t, err := s3.New(ctx, s3.Options{
		Bucket: o.Bucket, Prefix: o.Prefix, LinkBody: o.LinkBody, Name: "embedded", Env: o.Env,
		Params: url.Values{"region": {"us-east-1"}, "endpoint": {s.url}}, Credentials: credentials,
	})
	if err != nil {
		return nil, err
	}
	return &Tree{Tree: t, server: s, created: created}, nil
}

// ensure makes the bucket if it is missing and may be made.
func (s *server) ensure(bucket string, create bool) (created bool, err error) {
	exists, err := s.store.BucketExists(bucket)
	if err != nil || exists {
		return false, err
	}
	if !create {
		return false, s.noBucket(bucket)
	}
	err = s.store.CreateBucket(bucket)
	if err != nil && !gofakes3.IsAlreadyExists(err) {
		return false, err
	}
	return true, s.store.SetBucketConfig(bucket, "website", []byte(hosting))
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

// Created implements [core.Creator].
func (t *Tree) Created() bool { return t.created }

// Close lets go of the bucket, and ends the server with the last one. A second
// Close does nothing.
func (t *Tree) Close() error {
	var err error
	t.once.Do(func() { err = errors.Join(t.Tree.Close(), t.server.release()) })
	return err
}
