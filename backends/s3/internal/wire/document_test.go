package wire

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocuments checks which documents are answers of S3, which refusals, and which
// are asked for again.
func TestDocuments(t *testing.T) {
	const root = "CopyObjectResult"
	var broken *BrokenError
	for name, c := range map[string]struct {
		body string
		ok   func(error) bool
	}{
		"good":       {`<?xml version="1.0"?>` + "\n<CopyObjectResult xmlns=\"x\"><ETag>e</ETag></CopyObjectResult>", func(err error) bool { return err == nil }},
		"after time": {strings.Repeat(" \n", 50) + "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", func(err error) bool { return err == nil }},
		"empty":      {"", func(err error) bool { return errors.Is(err, ErrNotS3) }},
		"page":       {"<html><body>log in</body></html>", func(err error) bool { return errors.Is(err, ErrNotS3) }},
		"cut":        {"<CopyObjectResult><ETag>e", func(err error) bool { return errors.As(err, &broken) }},
		"not XML":    {"OK", func(err error) bool { return errors.Is(err, ErrNotS3) }},
		"late error": {"\n<Error><Code>InternalError</Code></Error>", func(err error) bool { return HasStatus(err, 500) && CodeOf(err) == "InternalError" }},
		"late 412":   {"<Error><Code>PreconditionFailed</Code></Error>", func(err error) bool { return HasStatus(err, 412) }},
	} {
		var doc struct{ ETag string }
		if err := decode([]byte(c.body), &doc, root); !c.ok(err) || err == nil && doc.ETag != "e" {
			t.Errorf("%s: %v, %+v", name, err, doc)
		}
	}
}

// TestABodyThatBreaksOffIsAskedForAgain checks that a document which is cut is not
// taken for a short one.
func TestABodyThatBreaksOffIsAskedForAgain(t *testing.T) {
	var asked atomic.Int64
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<VersioningConfiguration>")
		case 2:
			_, _ = io.WriteString(w, "<VersioningConfiguration><Status>Ena")
		case 3:
			_, _ = io.WriteString(w, "<Error><Code>InternalError</Code></Error>")
		default:
			fitting(w, r)
		}
	})
	status, err := newSender(t, srv.URL).GetVersioning(t.Context())
	if err != nil || status != "Enabled" || asked.Load() != 4 {
		t.Errorf("%q, %v after %d requests; want Enabled after 4", status, err, asked.Load())
	}
}

// TestARefusalThatBreaksOffIsAskedForAgain checks that its code is not lost.
func TestARefusalThatBreaksOffIsAskedForAgain(t *testing.T) {
	var asked atomic.Int64
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		refuses(http.StatusBadRequest, "BadDigest")(w, r)
	})
	if _, err := newSender(t, srv.URL).Send(t.Context(), withBody(t, NewRequest(http.MethodPut, "a"), "x")); CodeOf(err) != "BadDigest" || asked.Load() != 2 {
		t.Errorf("%v after %d tries; want BadDigest after 2", err, asked.Load())
	}
}

// TestConflictsOfACompletionAreLeft checks that only other requests are sent again
// after a conflict.
func TestConflictsOfACompletionAreLeft(t *testing.T) {
	srv := record(t, refuses(http.StatusConflict, "ConditionalRequestConflict"))
	s := newSender(t, srv.URL)
	if _, _, err := s.CompleteUpload(t.Context(), "k", "id", nil, nil); !HasStatus(err, http.StatusConflict) || len(srv.take()) != 1 {
		t.Errorf("completion: %v; want the conflict at the first try", err)
	}
	if _, err := s.Send(t.Context(), NewRequest(http.MethodPut, "k")); !HasStatus(err, http.StatusConflict) || len(srv.take()) != 8 {
		t.Errorf("put: %v; want the conflict after 8 tries", err)
	}
}

// TestDeleteBatch checks that each key has its own answer, and that silence is none.
func TestDeleteBatch(t *testing.T) {
	srv := record(t, answers(`<DeleteResult xmlns="`+namespace+`"><Deleted><Key>a&amp;b</Key></Deleted>
		<Error><Key>c</Key><Code>AccessDenied</Code><Message>no</Message></Error><Error><Key>d</Key></Error></DeleteResult>`))
	got, err := newSender(t, srv.URL).DeleteBatch(t.Context(), []Deletion{{Key: "a&b", ETag: `"e"`}, {Key: "c"}, {Key: "d"}, {Key: "silent"}})
	want := map[string]Deletion{"a&b": {Key: "a&b"}, "c": {Key: "c", Code: "AccessDenied", Message: "no"}, "d": {Key: "d", Code: "Error"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want, got:\n%s", err, diff)
	}
	if body := srv.only(t).Body; !strings.Contains(body, "<Key>a&amp;b</Key><ETag>&#34;e&#34;</ETag>") {
		t.Errorf("sent %s", body)
	}
}

// TestListPartsReadsAllPages checks that parts of a later page are not missed.
func TestListPartsReadsAllPages(t *testing.T) {
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("part-number-marker") == "" {
			answers(`<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker><Part><PartNumber>1</PartNumber><ETag>"a"</ETag><Size>5</Size></Part></ListPartsResult>`)(w, r)
			return
		}
		answers(`<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>2</PartNumber><ETag>"b"</ETag><Size>6</Size></Part></ListPartsResult>`)(w, r)
	})
	got, err := newSender(t, srv.URL).ListParts(t.Context(), "k", "id")
	want := []Part{{Number: 1, ETag: `"a"`, Size: 5}, {Number: 2, ETag: `"b"`, Size: 6}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want, got:\n%s", err, diff)
	}
}

// TestAWebsiteGoesBackAsItCame checks that unknown elements of a website's rules
// are not lost when other rules change.
func TestAWebsiteGoesBackAsItCame(t *testing.T) {
	const theirs = "<Condition><KeyPrefixEquals>a/</KeyPrefixEquals><New>1</New></Condition><Redirect><ReplaceKeyPrefixWith></ReplaceKeyPrefixWith><HttpRedirectCode>302</HttpRedirectCode></Redirect>"
	const doc = "<IndexDocument><Suffix>i.html</Suffix></IndexDocument><ErrorDocument><Key>e.html</Key></ErrorDocument><RoutingRules><RoutingRule>" + theirs + "</RoutingRule>"
	srv := record(t, answers(`<WebsiteConfiguration xmlns="`+namespace+`">`+doc+"</RoutingRules></WebsiteConfiguration>"))
	s := newSender(t, srv.URL)
	w, err := s.GetWebsite(t.Context())
	if err != nil || len(w.RoutingRules) != 1 || w.RoutingRules[0].Redirect.ReplaceKeyPrefixWith == nil || w.RoutingRules[0].Redirect.ReplaceKeyWith != nil {
		t.Fatalf("%+v, %v", w, err)
	}
	prefix := "b/"
	w.RoutingRules = append(w.RoutingRules, RoutingRule{Condition: &RuleCondition{KeyPrefixEquals: &prefix}})
	srv.take()
	if err := s.PutWebsite(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	want := `<WebsiteConfiguration xmlns="` + namespace + `">` + doc + "<RoutingRule><Condition><KeyPrefixEquals>b/</KeyPrefixEquals></Condition></RoutingRule></RoutingRules></WebsiteConfiguration>"
	if got := srv.only(t).Body; got != want {
		t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
}

// TestACanceledRequestSaysSo checks that the end of the context is not taken for an
// error of the connection.
func TestACanceledRequestSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := record(t, func(http.ResponseWriter, *http.Request) { cancel() })
	srv.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := newSender(t, srv.URL).Send(ctx, NewRequest(http.MethodGet, "a")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want the context's error", err)
	}
}

var _ xml.Unmarshaler = (*RoutingRule)(nil)

// TestAnUploadBeginsByTheNamesOfTheAnswer checks that the answers of S3 and of rclone
// serve s3 to CreateMultipartUpload are read, and no other one.
func TestAnUploadBeginsByTheNamesOfTheAnswer(t *testing.T) {
	for root, want := range map[string]string{"InitiateMultipartUploadResult": "u", "InitiateMultipartUpload": "u", "html": ""} {
		srv := record(t, answers("<"+root+"><UploadId>u</UploadId></"+root+">"))
		id, _, err := newSender(t, srv.URL).CreateUpload(t.Context(), "k", nil)
		if id != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrNotS3) {
			t.Errorf("%s: id %q, %v", root, id, err)
		}
	}
}

// pacedBody counts the bytes that are read with waits, and those that are not.
type pacedBody struct {
	*strings.Reader
	paced int
}

func (p *pacedBody) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.paced += n
	return n, err
}

func (p *pacedBody) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{p})
}

func (p *pacedBody) Unpaced() io.Reader { return p.Reader }

// TestABodyIsPacedOnce checks that the hash of a signature takes no bandwidth.
func TestABodyIsPacedOnce(t *testing.T) {
	srv := record(t, func(http.ResponseWriter, *http.Request) {})
	body := &pacedBody{Reader: strings.NewReader("content")}
	r, err := NewRequest(http.MethodPut, "a").WithBody(body, 7)
	if err == nil {
		_, err = newSender(t, srv.URL).Send(t.Context(), r)
	}
	if err != nil || body.paced != 7 {
		t.Errorf("%d bytes were paced, %v; want 7", body.paced, err)
	}
}
