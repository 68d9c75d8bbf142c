package s3server_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"github.com/s3fc/s3fc/core"
)

// list returns all keys and common prefixes, in pages of any number.
func (f *fixture) list(prefix, delimiter string) []string {
	f.Helper()
	keys, _ := f.pages(&s3.ListObjectsV2Input{Prefix: &prefix, Delimiter: &delimiter})
	return keys
}

// pages lists page by page until the end, each with encoding-type=url.
func (f *fixture) pages(in *s3.ListObjectsV2Input) (keys []string, pages int) {
	f.Helper()
	in.Bucket, in.EncodingType = &f.Bucket, types.EncodingTypeUrl
	for {
		out, err := f.c.ListObjectsV2(f.Context(), in)
		if err != nil {
			f.Fatal(err)
		}
		pages++
		if out.EncodingType != types.EncodingTypeUrl {
			f.Fatalf("the answer does not say that it is encoded")
		}
		var page []string
		for _, o := range out.Contents {
			page = append(page, decode(f, aws.ToString(o.Key)))
		}
		for _, p := range out.CommonPrefixes {
			page = append(page, decode(f, aws.ToString(p.Prefix)))
		}
		if int(aws.ToInt32(out.KeyCount)) != len(page) {
			f.Errorf("KeyCount: got %d, want %d", aws.ToInt32(out.KeyCount), len(page))
		}
		slices.Sort(page)
		keys = append(keys, page...)
		if !aws.ToBool(out.IsTruncated) {
			return keys, pages
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func decode(t *fixture, s string) string {
	t.Helper()
	k, err := url.QueryUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNoPageTooMany(t *testing.T) {
	eachStore(t, func(f *fixture) {
		for _, k := range []string{"a/1", "a/2", "b/1", "b/2", "b/3"} {
			f.put(k, "")
		}
		for _, c := range []struct {
			prefix string
			max    int32
			pages  int
			keys   int
		}{{"a/", 2, 1, 2}, {"a/", 1, 2, 2}, {"b/", 3, 1, 3}, {"b/", 2, 2, 3}, {"", 5, 1, 5}, {"c/", 5, 1, 0}, {"a/1", 1, 1, 1}, {"", 0, 1, 0}} {
			keys, pages := f.pages(&s3.ListObjectsV2Input{Prefix: &c.prefix, MaxKeys: &c.max})
			wantEqual(t, fmt.Sprintf("%q by %d: pages", c.prefix, c.max), pages, c.pages)
			wantEqual(t, fmt.Sprintf("%q by %d: keys", c.prefix, c.max), len(keys), c.keys)
		}
		f.ResetLog()
		f.list("", "")
		wantEqual(t, "LIST requests", f.Requests()[core.ClassList], 1)
	})
}

func TestPageIsAtMostAThousand(t *testing.T) {
	eachStore(t, func(f *fixture) {
		for i := range 1001 {
			if _, err := f.Store().PutObject(f.Bucket, fmt.Sprintf("%04d", i), nil, strings.NewReader(""), 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		keys, pages := f.pages(&s3.ListObjectsV2Input{MaxKeys: aws.Int32(5000)})
		wantEqual(t, "keys", len(keys), 1001)
		wantEqual(t, "pages", pages, 2)
	})
}

func TestListedObject(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "content")
		out, err := f.c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket})
		if err != nil {
			t.Fatal(err)
		}
		o, h := out.Contents[0], f.head("k")
		wantEqual(t, "ETag", aws.ToString(o.ETag), etagOf("content"))
		wantEqual(t, "size", aws.ToInt64(o.Size), 7)
		wantEqual(t, "storage class", o.StorageClass, types.ObjectStorageClassStandard)
		wantEqual(t, "fraction of a second", o.LastModified.Nanosecond(), 0)
		wantEqual(t, "LastModified", o.LastModified.Equal(*h.LastModified), true)
		wantEqual(t, "owner", o.Owner == nil, true)
		_, body := f.raw("GET", "/test?list-type=2&prefix=a%20b", "", nil)
		if strings.Contains(body, "EncodingType") || !strings.Contains(body, "<Prefix>a b</Prefix>") {
			t.Errorf("an answer is encoded that was not asked to be:\n%s", body)
		}
	})
}

func TestListEncoding(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("a b/ü+\x01*~", "")
		_, body := f.raw("GET", "/test?list-type=2&encoding-type=url&prefix=a%20b&start-after=a%20", "", nil)
		for _, want := range []string{"<Key>a+b/%C3%BC%2B%01*%7E</Key>", "<Prefix>a+b</Prefix>", "<StartAfter>a+</StartAfter>", "<EncodingType>url</EncodingType>"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is missing:\n%s", want, body)
			}
		}
	})
}

func TestListV1(t *testing.T) {
	eachStore(t, func(f *fixture) {
		for _, k := range []string{"a", "d/1", "d/2", "e"} {
			f.put(k, "")
		}
		var got []string
		in := &s3.ListObjectsInput{Bucket: &f.Bucket, Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)}
		for {
			out, err := f.c.ListObjects(f.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range out.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range out.CommonPrefixes {
				got = append(got, *p.Prefix)
			}
			if !aws.ToBool(out.IsTruncated) {
				break
			}
			in.Marker = out.NextMarker
		}
		if want := []string{"a", "d/", "e"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// modelList returns a whole listing, by its definition.
func modelList(keys []string, prefix, delimiter, after string) []string {
	var out []string
	for _, k := range keys {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok || k <= after {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			k = prefix + rest[:i+len(delimiter)]
		}
		if k != after && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func TestListAgainstModel(t *testing.T) {
	eachStore(t, func(f *fixture) {
		var keys []string
		segment := []string{"a", "b", "a-b", "a.b", "ab", "a0", "\x01", "ü", ""}
		for _, a := range segment {
			for _, b := range segment {
				for _, k := range []string{a, a + "/" + b, a + "/" + b + "/x"} {
					if k != "" && !slices.Contains(keys, k) {
						keys = append(keys, k)
						f.put(k, "")
					}
				}
			}
		}
		slices.Sort(keys)
		rapid.Check(t, func(t *rapid.T) {
			prefix := rapid.SampledFrom([]string{"", "a", "a/", "a/b", "b/", "/", "zz", "ü", "\x01"}).Draw(t, "prefix")
			delimiter := rapid.SampledFrom([]string{"", "/", "b", "a/"}).Draw(t, "delimiter")
			after := rapid.SampledFrom(append([]string{"", "zzz", "a/b0"}, keys...)).Draw(t, "after")
			limit := rapid.SampledFrom([]int32{3, 7, 20, 1000}).Draw(t, "max")
			want := modelList(keys, prefix, delimiter, after)
			got, pages := f.pages(&s3.ListObjectsV2Input{Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &limit})
			if !slices.Equal(got, want) {
				t.Fatalf("got  %q\nwant %q", got, want)
			}
			if want := max(1, (len(want)+int(limit)-1)/int(limit)); pages != want {
				t.Fatalf("got %d pages, want %d", pages, want)
			}
		})
	})
}
