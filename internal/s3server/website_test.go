package s3server_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestWebsiteConfiguration(t *testing.T) {
	eachStore(t, func(f *fixture) {
		get := func() (*s3.GetBucketWebsiteOutput, error) {
			return f.c.GetBucketWebsite(f.Context(), &s3.GetBucketWebsiteInput{Bucket: &f.Bucket})
		}
		_, err := get()
		wantCode(t, "by default", err, "NoSuchWebsiteConfiguration")
		f.host("error.html")
		out, err := get()
		wantCode(t, "once it is put", err, "")
		wantEqual(t, "index document", aws.ToString(out.IndexDocument.Suffix), "index.html")
		wantEqual(t, "error document", aws.ToString(out.ErrorDocument.Key), "error.html")
		_, err = f.c.DeleteBucketWebsite(f.Context(), &s3.DeleteBucketWebsiteInput{Bucket: &f.Bucket})
		wantCode(t, "delete", err, "")
		_, err = get()
		wantCode(t, "after delete", err, "NoSuchWebsiteConfiguration")
		resp, _ := f.raw("PUT", "/test?website", "<WebsiteConfiguration/>", nil)
		wantEqual(t, "an empty configuration", resp.StatusCode, 400)
	})
}

// host turns hosting on.
func (f *fixture) host(errorDocument string) {
	f.Helper()
	_, err := f.c.PutBucketWebsite(f.Context(), &s3.PutBucketWebsiteInput{Bucket: &f.Bucket, WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
		ErrorDocument: &types.ErrorDocument{Key: &errorDocument},
	}})
	if err != nil {
		f.Fatal(err)
	}
}

func TestWebsiteEndpoint(t *testing.T) {
	link := func(to string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.WebsiteRedirectLocation = &to }
	}
	eachStore(t, func(f *fixture) {
		site := f.WebsiteURL(f.Bucket)
		visit := func(method, path string) (answer, string) {
			req, err := http.NewRequestWithContext(f.Context(), method, site+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return f.do(req)
		}
		resp, _ := visit("GET", "/")
		wantEqual(t, "before hosting is on", resp.StatusCode, 404)

		f.host("error.html")
		f.put("index.html", "home", func(in *s3.PutObjectInput) { in.ContentType = aws.String("text/html") })
		f.put("error.html", "sorry")
		f.put("dir/index.html", "dir")
		f.put("dir2/", "", link("/never"))
		f.put("dir2/index.html", "dir2")
		f.put("dir3", "", link("/dir"))
		f.put("dir3/index.html", "dir3")
		f.put("current", "page", link("/v1%2B/a%20b"))
		f.put("away", "", link("https://example.com/x?y#z"))
		f.put("folder/index.html", "", link("/dir/"))
		for _, c := range []struct {
			path     string
			status   int
			location string
			body     string
		}{
			{"/", 200, "", "home"},
			{"/index.html", 200, "", "home"},
			{"/dir/", 200, "", "dir"},
			{"/dir", 302, "/dir/", ""},
			{"/dir2/", 200, "", "dir2"},
			{"/dir3", 301, "/dir", ""},
			{"/current", 301, "/v1%2B/a%20b", ""},
			{"/away", 301, "https://example.com/x?y#z", ""},
			{"/folder/", 301, "/dir/", ""},
			{"/none", 404, "", "sorry"},
			{"/none/", 404, "", "sorry"},
			{"/current/", 404, "", "sorry"},
		} {
			resp, body := visit("GET", c.path)
			wantEqual(t, c.path, resp.StatusCode, c.status)
			wantEqual(t, c.path+": location", resp.Header.Get("Location"), c.location)
			wantEqual(t, c.path+": body", body, c.body)
			head, body := visit("HEAD", c.path)
			wantEqual(t, "HEAD "+c.path, head.StatusCode, c.status)
			wantEqual(t, "HEAD "+c.path+": body", body, "")
		}
		resp, _ = visit("GET", "/")
		wantEqual(t, "Content-Type", resp.Header.Get("Content-Type"), "text/html")
		resp, _ = visit("POST", "/")
		wantEqual(t, "POST", resp.StatusCode, http.StatusMethodNotAllowed)

		f.put("error.html", "", link("/dir/"))
		resp, _ = visit("GET", "/none")
		wantEqual(t, "an error document that redirects", resp.StatusCode, 301)
	})
}
