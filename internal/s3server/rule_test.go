package s3server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func prefixRule(from, to, code string) types.RoutingRule {
	u := types.RoutingRule{Condition: &types.Condition{KeyPrefixEquals: &from}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: &to}}
	if code != "" {
		u.Redirect.HttpRedirectCode = &code
	}
	return u
}

// route sets the routing rules of the bucket.
func (f *fixture) route(rules ...types.RoutingRule) error {
	_, err := f.c.PutBucketWebsite(f.Context(), &s3.PutBucketWebsiteInput{Bucket: &f.Bucket, WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}, RoutingRules: rules,
	}})
	return err
}

// TestRoutingRules checks the order of precedence: rules for a prefix, then the
// objects, then rules for errors.
func TestRoutingRules(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("latest", "", func(in *s3.PutObjectInput) { in.WebsiteRedirectLocation = aws.String("/v2/") })
		f.put("latest/page", "shadowed by the rule")
		f.put("gone/index.html", "there")
		missing := types.RoutingRule{
			Condition: &types.Condition{HttpErrorCodeReturnedEquals: aws.String("404"), KeyPrefixEquals: aws.String("gone/")},
			Redirect:  &types.Redirect{HostName: aws.String("example.com"), Protocol: types.ProtocolHttps, ReplaceKeyWith: aws.String("sorry")},
		}
		wantCode(t, "put", f.route(prefixRule("latest/", "v2/", "302"), prefixRule("lat", "never/", ""), missing), "")
		out, err := f.c.GetBucketWebsite(f.Context(), &s3.GetBucketWebsiteInput{Bucket: &f.Bucket})
		wantCode(t, "get", err, "")
		wantEqual(t, "rules kept", len(out.RoutingRules), 3)
		site := f.WebsiteURL(f.Bucket)
		for _, c := range []struct {
			path     string
			status   int
			location string
		}{
			{"/latest/page", 302, site + "/v2/page"},
			{"/latest/", 302, site + "/v2/"},
			{"/latest/a%20b?x=1", 302, site + "/v2/a%20b?x=1"},
			{"/latest", 301, site + "/never/est"},
			{"/gone/", 200, ""},
			{"/gone/page", 301, "https://example.com/sorry"},
			{"/other", 404, ""},
		} {
			req, err := http.NewRequestWithContext(f.Context(), http.MethodGet, site+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, _ := f.do(req)
			wantEqual(t, c.path, resp.StatusCode, c.status)
			wantEqual(t, c.path+": location", resp.Header.Get("Location"), c.location)
		}
	})
}

func TestRoutingRulesThatS3Refuses(t *testing.T) {
	eachStore(t, func(f *fixture) {
		var many []types.RoutingRule
		for i := range 51 {
			many = append(many, prefixRule(fmt.Sprint(i, "/"), "x/", ""))
		}
		wantCode(t, "50 rules", f.route(many[:50]...), "")
		err := f.route(many...)
		wantCode(t, "51 rules", err, "InvalidArgument")
		if !strings.Contains(err.Error(), "51") {
			t.Errorf("no figure in %v", err)
		}
		both := prefixRule("a/", "b/", "")
		both.Redirect.ReplaceKeyWith = aws.String("c")
		wantCode(t, "both replacements", f.route(both), "MalformedXML")
		wantCode(t, "a code that is no redirect", f.route(prefixRule("a/", "b/", "200")), "MalformedXML")
	})
}
