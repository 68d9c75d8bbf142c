// Package bucketstore gives the hooks of a [conformance.Store] for stores that are
// a bucket: other clients of S3 have put things there that a backend never puts.
package bucketstore

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/conformance"
)

// Bucket is a bucket, and the prefix of the keys that the store has in it, with a
// final slash or empty.
type Bucket struct {
	Client *awss3.Client
	Name   string
	Prefix string
}

// neighbour is the directory outside the prefix that links out of it lead to.
const neighbour = "outside/"

// Hooks adds to s the hooks that plant objects and look at them. It puts an object
// beside the prefix, if there is one.
func (b Bucket) Hooks(ctx context.Context, s conformance.Store) (conformance.Store, error) {
	s.Names = func() ([]string, error) { return b.names(ctx) }
	s.Newer = func(key, content string) error { return b.put(ctx, b.Prefix+key, content, "") }
	s.LinkIn = func(key, dir string) error { return b.put(ctx, b.Prefix+key, "", path("/"+b.Prefix+dir+"/")) }
	s.Special = func(key string) error { return b.put(ctx, b.Prefix+key, "", path("/"+b.Prefix+"x")+"?query=1") }
	s.BadName = func() (string, error) { return "a//b", b.put(ctx, b.Prefix+"a//b", "x", "") }
	if b.Prefix == "" {
		return s, nil
	}
	s.LinkOut = func(key, name string) error { return b.put(ctx, b.Prefix+key, "", "/"+neighbour+name) }
	s.Outside = func() (map[string]string, error) { return b.outside(ctx) }
	return s, b.put(ctx, neighbour+"f", "not in the store", "")
}

// path is a path as a redirect has it.
func path(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// put stores an object, which redirects if redirect is not empty.
func (b Bucket) put(ctx context.Context, key, content, redirect string) error {
	in := &awss3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: strings.NewReader(content)}
	if redirect != "" {
		in.WebsiteRedirectLocation = &redirect
	}
	_, err := b.Client.PutObject(ctx, in)
	return err
}

// keys returns the keys of all objects of the bucket.
func (b Bucket) keys(ctx context.Context) (keys []string, err error) {
	pages := awss3.NewListObjectsV2Paginator(b.Client, &awss3.ListObjectsV2Input{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys, nil
}

// names returns the keys of all objects, and the unfinished uploads.
func (b Bucket) names(ctx context.Context) ([]string, error) {
	names, err := b.keys(ctx)
	if err != nil {
		return nil, err
	}
	uploads, err := b.Client.ListMultipartUploads(ctx, &awss3.ListMultipartUploadsInput{Bucket: &b.Name})
	if err != nil {
		return nil, err
	}
	for _, u := range uploads.Uploads {
		names = append(names, "unfinished upload of "+aws.ToString(u.Key))
	}
	return names, nil
}

// outside returns the objects beside the prefix. Those of the neighbour are named
// as in it.
func (b Bucket) outside(ctx context.Context) (map[string]string, error) {
	keys, err := b.keys(ctx)
	files := map[string]string{}
	for _, key := range keys {
		if strings.HasPrefix(key, b.Prefix) {
			continue
		}
		out, getErr := b.Client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &b.Name, Key: &key})
		if getErr != nil {
			return nil, getErr
		}
		content, readErr := io.ReadAll(out.Body)
		files[strings.TrimPrefix(key, neighbour)] = string(content)
		err = errors.Join(err, readErr, out.Body.Close())
	}
	return files, err
}
