package wire

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
)

// rotating gives other credentials each time that it is asked, up to the last.
type rotating struct {
	keys  []string
	asked atomic.Int64
}

func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) {
	n := min(int(r.asked.Add(1)), len(r.keys))
	return aws.Credentials{AccessKeyID: r.keys[n-1], SecretAccessKey: "SK"}, nil
}

// expires refuses all but one access key.
func expires(valid string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+valid+"/") {
			refuses(http.StatusBadRequest, "ExpiredToken")(w, r)
			return
		}
		fitting(w, r)
	}
}

// TestExpiredCredentialsAreAskedForAnewOnce checks that, for many requests at once, and
// wherever the new ones are.
func TestExpiredCredentialsAreAskedForAnewOnce(t *testing.T) {
	static := credentials.NewStaticCredentialsProvider("OLD", "SK", "")
	for name, c := range map[string]struct {
		provider aws.CredentialsProvider
		reload   func(context.Context) (aws.CredentialsProvider, error)
	}{
		"a process": {aws.NewCredentialsCache(&rotating{keys: []string{"OLD", "NEW"}}), nil},
		"a file": {static, func(context.Context) (aws.CredentialsProvider, error) {
			return credentials.NewStaticCredentialsProvider("NEW", "SK", ""), nil
		}},
	} {
		srv := record(t, expires("NEW"))
		s := newSender(t, srv.URL, func(o *Options, sdk *awss3.Options) { sdk.Credentials, o.Reload = c.provider, c.reload })
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := s.Send(t.Context(), withBody(t, NewRequest(http.MethodPut, "a"), "x")); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		if n := len(srv.take()); n > 20 {
			t.Errorf("%s: %d requests; want at most two for each", name, n)
		}
		if _, err := s.Send(t.Context(), NewRequest(http.MethodHead, "a")); err != nil || len(srv.take()) != 1 {
			t.Errorf("%s: the next request: %v; want it at the first try", name, err)
		}
	}
}

// TestAHeadThatGivesNoReasonAsksForNewCredentials checks that a 400 to a HEAD, whose
// answer has no body and so no code, is tried with new credentials, and that nothing
// is tried again where there are none.
func TestAHeadThatGivesNoReasonAsksForNewCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		provider aws.CredentialsProvider
		sent     int
	}{
		"new ones": {aws.NewCredentialsCache(&rotating{keys: []string{"OLD", "NEW"}}), 2},
		"none":     {credentials.NewStaticCredentialsProvider("OLD", "SK", ""), 1},
	} {
		srv := record(t, expires("NEW"))
		s := newSender(t, srv.URL, func(_ *Options, sdk *awss3.Options) { sdk.Credentials = c.provider })
		_, err := s.Send(t.Context(), NewRequest(http.MethodHead, "a"))
		if n := len(srv.take()); n != c.sent || (err == nil) != (c.sent == 2) || err != nil && !HasStatus(err, http.StatusBadRequest) {
			t.Errorf("%s: %v after %d requests; want %d", name, err, n, c.sent)
		}
	}
}

// TestExpiredCredentialsWithoutNewOnesEndTheRun checks that there is one cause, and that
// it is found with one request for each that was under way.
func TestExpiredCredentialsWithoutNewOnesEndTheRun(t *testing.T) {
	reloads := 0
	srv := record(t, expires("NEW"))
	s := newSender(t, srv.URL, func(o *Options, sdk *awss3.Options) {
		sdk.Credentials = credentials.NewStaticCredentialsProvider("OLD", "SK", "")
		o.Reload = func(context.Context) (aws.CredentialsProvider, error) {
			reloads++
			return nil, errors.New("no file")
		}
	})
	for range 3 {
		_, err := s.Send(t.Context(), NewRequest(http.MethodGet, "a"))
		if !core.IsFinal(err) || CodeOf(err) != "ExpiredToken" {
			t.Errorf("%v; want the refusal, and that it is final", err)
		}
	}
	if n := len(srv.take()); n != 3 || reloads != 1 {
		t.Errorf("%d requests, the configuration read %d times; want 3 and 1", n, reloads)
	}
}
