package s3

import (
	"context"
	"fmt"
	"net/http"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
)

var _ core.Finisher = (*Tree)(nil)

// Finish implements [core.Finisher]. It aborts the unfinished uploads of runs
// that were killed. After links were put, one request asks whether website
// hosting is on. The notes say that, and what the store does not do. A question
// that is not answered is no error.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	t.abortLeft(ctx)
	redirects := t.store.keepsRedirects()
	notes = t.store.takeNotes()
	if done.LinksPut == 0 || !redirects {
		return notes, nil
	}
	_, err = t.client.GetBucketWebsite(ctx, &awss3.GetBucketWebsiteInput{Bucket: &t.bucketName})
	if refused(err, http.StatusNotFound) && code(err) == "NoSuchWebsiteConfiguration" {
		notes = append(notes, fmt.Sprintf("website hosting is off for bucket %s: links answer with a 301 only on the website endpoint; "+
			"turn it on with `aws s3 website s3://%[1]s --index-document index.html`", t.bucketName))
	}
	return notes, nil
}
