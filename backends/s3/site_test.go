package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

func TestWebsite(t *testing.T) {
	tree, s := serve(t, Options{Prefix: "docs"})
	var site *core.Website
	var err error
	if got := counts(t, tree, s, func() { site, err = tree.Website(t.Context()) }); err != nil || site.On() || site.Prefix != "docs/" || got != req(core.ClassGet, 1) {
		t.Errorf("hosting is off: %+v, %v, %v; want the prefix alone, for one GET", site, err, got)
	}
	for _, c := range []struct {
		config types.WebsiteConfiguration
		want   core.Website
	}{
		{types.WebsiteConfiguration{
			IndexDocument: &types.IndexDocument{Suffix: aws.String("a&b.html")}, ErrorDocument: &types.ErrorDocument{Key: aws.String("docs/404.html")},
			RoutingRules: []types.RoutingRule{
				{Condition: &types.Condition{KeyPrefixEquals: aws.String("old/")}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: aws.String(""), HttpRedirectCode: aws.String("302")}},
				{Condition: &types.Condition{HttpErrorCodeReturnedEquals: aws.String("404")}, Redirect: &types.Redirect{HostName: aws.String("h"), Protocol: types.ProtocolHttps, ReplaceKeyWith: aws.String("x")}},
				{Redirect: &types.Redirect{HostName: aws.String("all")}},
			},
		}, core.Website{Prefix: "docs/", Index: "a&b.html", Error: "docs/404.html", Rules: []core.WebsiteRule{
			{KeyPrefix: "old/", NewPrefix: aws.String(""), Code: 302},
			{Status: 404, Scheme: "https", Host: "h", NewKey: aws.String("x")},
			{Host: "all"},
		}}},
		{types.WebsiteConfiguration{RedirectAllRequestsTo: &types.RedirectAllRequestsTo{HostName: aws.String("other.example")}},
			core.Website{Prefix: "docs/", RedirectAll: "http://other.example"}},
	} {
		if _, err := tree.client.PutBucketWebsite(t.Context(), &awss3.PutBucketWebsiteInput{Bucket: &s.Bucket, WebsiteConfiguration: &c.config}); err != nil {
			t.Fatal(err)
		}
		site, err := tree.Website(t.Context())
		if err != nil || !site.On() {
			t.Fatalf("Website = %+v, %v; want it on", site, err)
		}
		if diff := cmp.Diff(*site, c.want); diff != "" {
			t.Error(diff)
		}
	}
	denied, _ := serve(t, Options{Prefix: "docs"}, s3server.RequesterPays)
	if site, err := denied.Website(t.Context()); err == nil || site.Prefix != "docs/" {
		t.Errorf("what may not be read: %+v, %v; want the prefix and an error", site, err)
	}
}
