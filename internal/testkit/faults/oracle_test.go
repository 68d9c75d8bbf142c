package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/model"

	"github.com/s3fc/s3fc/core/reconcile"
)

// These read the stored objects and files themselves, without any backend.

// lookBucket reads a bucket whole. A file whose md5 metadata is not its content's
// is an error.
func lookBucket(store s3server.Store, bucket string) (model.State, error) {
	list, err := store.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, err
	}
	s := model.State{}
	for _, o := range list.Contents {
		if s[o.Key], err = lookObject(store, bucket, o.Key); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func lookObject(store s3server.Store, bucket, key string) (string, error) {
	o, err := store.GetObject(bucket, key, nil)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(o.Contents)
	if err := errors.Join(err, o.Contents.Close()); err != nil {
		return "", err
	}
	if location := o.Metadata["X-Amz-Website-Redirect-Location"]; location != "" {
		target, err := url.PathUnescape(strings.Trim(location, "/"))
		return model.Link(target), err
	}
	if said := o.Metadata["X-Amz-Meta-Md5"]; said != core.SumMD5(b).String() {
		return "", fmt.Errorf("%s: its metadata say md5 %q, and it is %s", key, said, core.SumMD5(b))
	}
	return model.Content(b), nil
}

// lookDir reads a directory whole, with temporary files.
func lookDir(dir string) (model.State, error) {
	s := model.State{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		switch {
		case d.Type() == fs.ModeSymlink:
			text, err := os.Readlink(name)
			s[key] = model.Link(path.Join(path.Dir(key), filepath.ToSlash(text)))
			return err
		case !d.Type().IsRegular():
			s[key] = model.Other
			return nil
		}
		b, err := os.ReadFile(name)
		s[key] = model.Content(b)
		return err
	})
	return s, err
}

// ordered checks that no new link leads nowhere because its target comes later.
func ordered(before, now, after model.State) error {
	for key, v := range now {
		target, isLink := strings.CutPrefix(v, "-> ")
		if isLink && v != before[key] && after.Carried(target) && now[target] == "" {
			return fmt.Errorf("the new link %s leads to %s, which is not there yet", key, target)
		}
	}
	return nil
}

// copyTree makes dst equal to src as the command line does. all reports whether
// it says that everything went well.
func copyTree(ctx context.Context, t testing.TB, src core.Tree, dst core.Backend, jobs int) (all bool, err error) {
	t.Helper()
	most, err := reconcile.ParseDeleteLimit("100%")
	if err != nil {
		t.Fatal(err)
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: jobs, MaxDelete: most, AllowEmptySource: true, TempDir: t.TempDir()}
	plan, err := r.Prepare(ctx)
	if err != nil {
		return false, err
	}
	defer plan.Close() //nolint:errcheck // Nothing is lost with it.
	if err := r.Guard(plan); err != nil {
		return false, err
	}
	var failed []error
	sum, err := r.Apply(ctx, plan, func(a reconcile.Action) {
		if a.Err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", a.Op, a.Key, a.Err))
		}
	})
	err = errors.Join(append(failed, err)...)
	return err == nil && sum.Errors+sum.Conflicts+sum.Refused == 0, err
}
