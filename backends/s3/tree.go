package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/s3fc/s3fc/backends/s3/internal/auditing"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/copying"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/heading"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// maxKey is the longest key in bytes that S3 takes.
const maxKey = 1024

// Tree is a bucket, or its objects below a prefix. It is made by [New] or [Open],
// is safe for concurrent use, and is closed after use.
type Tree struct {
	opts       Options
	name       string // in errors
	bucketName string
	prefix     string // empty, or with a final slash
	express    bool   // a directory bucket: no order, no links, no md5
	features   core.Features
	proofs
	aws bool // AWS itself answers

	bucket    *blob.Bucket  // opened by Go CDK
	client    *awss3.Client // of the bucket
	wire      *wire.Sender
	objects   *objects.Store
	opener    *contents.Opener
	transport *transport.Transport

	writer  *writer
	keys    listedKeys
	pages   *pages
	paths   *pathConflicts
	uploads *upload.Uploader
	site    *website.Site
	copier  *copying.Copier
	auditor *auditing.Auditor
	setter  *heading.Setter
}

var (
	_ core.Backend        = (*Tree)(nil)
	_ core.RequestCounter = (*Tree)(nil)
)

// Open is the [core.Opener] of s3 URLs. It sends no request but those that
// finding credentials may need.
func Open(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
	o, err := ParseURL(u, env)
	if err != nil {
		return nil, err
	}
	t, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// New opens a bucket. Whether it exists shows at the first request.
func New(ctx context.Context, o Options) (*Tree, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s, err := configure(ctx, o)
	if err != nil {
		return nil, err
	}
	t := &Tree{
		opts: o, name: o.Name, bucketName: o.Bucket, prefix: o.Prefix,
		express: strings.HasSuffix(o.Bucket, "--x-s3"),
	}
	t.features = features(o, t.express)
	t.layout = format.Layout{Prefix: t.prefix, Express: t.express}
	client, transport := newClient(s, o)
	t.transport = transport
	if err := ready(ctx, client.Options()); err != nil {
		return nil, err
	}
	t.aws = client.Options().BaseEndpoint == nil
	t.bucket, err = s3blob.OpenBucket(ctx, client, o.Bucket, &s3blob.Options{
		EncryptionType: types.ServerSideEncryption(s.sse), KMSEncryptionID: s.kmsKey, RequestChecksumCalculation: s.checksums(),
	})
	if err != nil {
		return nil, err
	}
	if !t.bucket.As(&t.client) {
		return nil, errors.New("s3: Go CDK's bucket does not give its client")
	}
	if err := newSender(ctx, t, s); err != nil {
		return nil, errors.Join(err, t.bucket.Close())
	}
	t.keys.objects = t.objects
	t.keys.encoding, _ = listing.NewEncoding(o.KeyEncoding) // check has read it
	if t.aws && o.KeyEncoding == "" {
		t.keys.encoding, _ = listing.NewEncoding("query")
	}
	t.pages = &pages{
		prefix: t.prefix, unordered: t.features.Unordered, ranges: t.aws, flat: !o.NotFlat,
		sender: t.wire, can: t.can, usable: t.readable, encoding: t.keys.encoding,
	}
	t.paths = &pathConflicts{can: t.can, objects: t.objects, pages: t.pages}
	t.opener = newOpener(t)
	t.writer.opener = t.opener
	t.copier = newCopier(t)
	t.auditor = &auditing.Auditor{Sender: t.wire, Objects: t.objects, Opener: t.opener, Can: t.can, AWS: t.aws}
	t.setter = &heading.Setter{Sender: t.wire, Objects: t.objects, Opener: t.opener, Can: t.can, AWS: t.aws}
	return t, nil
}

// ready returns an error that would fail each request, before the first.
func ready(ctx context.Context, o awss3.Options) error {
	if o.Region == "" {
		return errors.New("no AWS region is set: add region= to the URL, or set AWS_REGION, or region in the AWS configuration file")
	}
	if o.Credentials == nil || aws.IsCredentialsProvider(o.Credentials, (*aws.AnonymousCredentials)(nil)) {
		return nil
	}
	if _, err := o.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (AWS_PROFILE, or profile= in the URL), or add anonymous=true to the URL of a public bucket: %w", err)
	}
	return nil
}

// Close lets go of the connections. It is called once, when nothing is under
// way any more.
func (t *Tree) Close() error {
	t.transport.Close()
	return errors.Join(t.uploads.Records.Close(), t.bucket.Close())
}

// Client returns the SDK's client that the tree works with: its requests are
// counted and retried as the tree's own.
func (t *Tree) Client() *awss3.Client { return t.client }

// Bucket returns the bucket's name and the prefix, which is empty or ends in a
// slash.
func (t *Tree) Bucket() (name, prefix string) { return t.bucketName, t.prefix }

// Requests implements [core.RequestCounter].
func (t *Tree) Requests() core.Requests { return t.transport.Requests() }

// full returns the object's key for a key of the tree.
func (t *Tree) full(key string) string { return t.prefix + key }
