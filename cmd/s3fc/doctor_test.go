package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3's ETag.
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// found are the findings of a run, by check.
type found map[string]struct{ Verdict, Text, Remedy string }

// diagnose runs doctor, and returns its findings and its exit code.
func diagnose(t *testing.T, args ...string) (found, int) {
	t.Helper()
	var out, stderr bytes.Buffer
	code := cmd.Program{Mux: stores()}.Run(t.Context(), append([]string{"doctor", "--json"}, args...), strings.NewReader(""), &out, &stderr)
	all := make(found)
	for line := range strings.Lines(out.String()) {
		var f struct{ Event, Check, Verdict, Text, Remedy string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if f.Event == "diagnosis" && (all[f.Check].Verdict != "fault") {
			all[f.Check] = struct{ Verdict, Text, Remedy string }{f.Verdict, f.Text, f.Remedy}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no findings, exit code %d: %s", code, &stderr)
	}
	return all, code
}

// refuses answers requests that it matches with 403.
func refuses(match func(*http.Request) bool) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if match(r) {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

func isObject(r *http.Request) bool { return strings.Count(strings.Trim(r.URL.Path, "/"), "/") > 0 }

func offClock(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

// newDoctorServer is a server with three objects, which the environment names.
func newDoctorServer(t *testing.T, opts ...s3server.Option) *s3server.Server {
	t.Helper()
	server := s3server.New(t, opts...)
	for _, key := range []string{"a-b", "a/x", "b"} {
		text := "content of " + key
		meta := map[string]string{s3server.ETagKey: fmt.Sprintf("%x", md5.Sum([]byte(text))), "Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
		if _, err := server.Store().PutObject(server.Bucket, key, meta, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": s3server.AccessKey, "AWS_SECRET_ACCESS_KEY": s3server.SecretKey,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "S3FC_CACHE_DIR": t.TempDir(), "S3FC_STATE_DIR": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	return server
}

// batchesWithoutETags takes the ETags out of batches of deletes, as versitygw does.
func batchesWithoutETags(next http.Handler) http.Handler {
	etag := regexp.MustCompile("<ETag>[^<]*</ETag>")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
			body, _ := io.ReadAll(r.Body) // a broken one is no XML
			body = etag.ReplaceAll(body, nil)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Md5", core.SumMD5(body).Base64())
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		}
		next.ServeHTTP(w, r)
	})
}

// TestDoctorFindsTheOneThingThatAServerLacks runs doctor on servers
// of which each lacks one thing, and on one that lacks nothing.
func TestDoctorFindsTheOneThingThatAServerLacks(t *testing.T) {
	whole := map[string]string{
		"list": "ok", "order": "ok", "read": "ok", "write": "ok", "conditions": "ok", "links": "ok", "delete": "ok", "credentials": "ok", "reach": "ok", "region": "ok", "clock": "ok",
		"redirects": "ok", "form of conditions": "ok", "batch deletes": "ok", "other abilities": "ok", "hosting": "note", "anonymous read": "ok", "versioning": "note", "unfinished uploads": "ok",
		"descriptors": "ok", "cache": "ok", "state": "ok",
	}
	for _, c := range []struct {
		name  string
		opts  []s3server.Option
		check string // "" for none
		want  string
		text  string // that the finding has
	}{
		{"nothing lacks", nil, "", "", ""},
		{"writes are denied", []s3server.Option{s3server.DeniesWrites}, "write", "fault", "AccessDenied"},
		{"listing is denied", []s3server.Option{refuses(func(r *http.Request) bool { return r.URL.Query().Has("list-type") })}, "list", "fault", "AccessDenied"},
		{"reading is denied", []s3server.Option{refuses(func(r *http.Request) bool { return r.Method == http.MethodGet && isObject(r) })}, "read", "fault", "AccessDenied"},
		{"deleting is denied", []s3server.Option{refuses(func(r *http.Request) bool {
			return r.Method == http.MethodDelete || r.Method == http.MethodPost && r.URL.Query().Has("delete")
		})}, "delete", "fault", "were left"},
		{"redirects are dropped", []s3server.Option{s3server.DropsRedirect}, "redirects", "note", "drops redirects"},
		{"redirects are refused", []s3server.Option{s3server.RefusesRedirect}, "redirects", "note", "refuses redirects"},
		{"conditions are refused", []s3server.Option{s3server.NoConditions}, "conditions", "note", "not kept for a new entry"},
		{"conditions are ignored", []s3server.Option{s3server.IgnoresConditions}, "conditions", "note", "not kept for a new entry, a replacement"},
		{"conditions of deletes are ignored", []s3server.Option{s3server.IgnoresDeleteConditions}, "conditions", "note", "not kept for a delete"},
		{"conditions in batches are ignored", []s3server.Option{s3server.Wrap(batchesWithoutETags)}, "conditions", "note", "not kept for a delete of several at once"},
		{"conditions have no quotes", []s3server.Option{s3server.BareIfMatch}, "form of conditions", "note", "without quotes"},
		{"there are no batch deletes", []s3server.Option{s3server.NoBatchDelete(http.StatusNotImplemented)}, "batch deletes", "note", "one object a request"},
		{"the order is another", []s3server.Option{s3server.DirectoryOrder}, "order", "note", "not listed in the order"},
		{"the clock is another", []s3server.Option{s3server.Wrap(offClock)}, "clock", "note", "1h0m"},
		{"the region is another", []s3server.Option{s3server.OtherRegion("eu-west-1")}, "region", "note", "the bucket is in eu-west-1"},
		{"visitors may not read", []s3server.Option{s3server.Credentials(s3server.AccessKey, s3server.SecretKey)}, "anonymous read", "note", "visitors may not read"},
		{"hosting cannot be asked for", []s3server.Option{refuses(func(r *http.Request) bool { return r.URL.Query().Has("website") })}, "hosting", "unknown", "AccessDenied"},
		{"versioning cannot be asked for", []s3server.Option{refuses(func(r *http.Request) bool { return r.URL.Query().Has("versioning") })}, "versioning", "unknown", "does not say"},
		{"the certificate is bad", []s3server.Option{s3server.BadCertificate}, "reach", "fault", "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newDoctorServer(t, c.opts...)
			got, code := diagnose(t, "s3://"+server.Bucket)
			if f := got[c.check]; c.check != "" && (f.Verdict != c.want || !strings.Contains(f.Text+f.Remedy, c.text)) {
				t.Errorf("%s: %+v; want %s with %q", c.check, f, c.want, c.text)
			}
			if want := map[bool]int{true: 1}[c.want == "fault"]; code != want {
				t.Errorf("exit code %d, want %d: %v", code, want, got)
			}
			if c.name == "nothing lacks" {
				for check, want := range whole {
					if got[check].Verdict != want {
						t.Errorf("%s: %+v; want %s", check, got[check], want)
					}
				}
				if len(got) != len(whole) {
					t.Errorf("%d findings, want %d: %v", len(got), len(whole), got)
				}
			}
			if c.check == "delete" && got["conditions"].Verdict == "ok" {
				t.Errorf("conditions: %+v, though no delete was answered", got["conditions"])
			}
			if got["delete"].Verdict == "ok" {
				left, err := server.Store().ListBucket(server.Bucket, &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
				if err != nil || len(left.Contents) != 3 {
					t.Errorf("%d objects were left (%v), want 3", len(left.Contents), err)
				}
			}
		})
	}
}

// TestDoctorReadOnlySendsNoWrite checks the requests that the server sees.
func TestDoctorReadOnlySendsNoWrite(t *testing.T) {
	server := newDoctorServer(t)
	server.ResetLog()
	got, code := diagnose(t, "--read-only", "s3://test")
	for _, r := range server.Log() {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
	if code != 0 || got["write"].Verdict != "unknown" || got["redirects"].Verdict != "unknown" || got["list"].Verdict != "ok" {
		t.Errorf("exit code %d, %v", code, got)
	}
}

// TestDoctorOfCredentials tells where they came from, when they end, and that there are
// none.
func TestDoctorOfCredentials(t *testing.T) {
	newDoctorServer(t)
	got, _ := diagnose(t, "s3://test")
	if f := got["credentials"]; !strings.Contains(f.Text, "from the environment, key …TEST, with no end") {
		t.Errorf("%+v", f)
	}
	config := filepath.Join(t.TempDir(), "config")
	process := fmt.Sprintf("[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKSOON\",\"SecretAccessKey\":\"SK\",\"Expiration\":%q}'\n", time.Now().Add(10*time.Minute).UTC().Format(time.RFC3339))
	if err := os.WriteFile(config, []byte(process), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if err := os.Unsetenv(name); err != nil { // t.Setenv puts it back
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", config)
	got, _ = diagnose(t, "s3://test")
	if f := got["credentials"]; f.Verdict != "note" || !strings.Contains(f.Text, "a program that the configuration names, key …SOON, which end in ") {
		t.Errorf("%+v", f)
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	got, code := diagnose(t, "s3://test")
	if f := got["open"]; code != 1 || f.Verdict != "fault" || !strings.Contains(f.Text, "no AWS credentials were found") {
		t.Errorf("exit code %d, %+v", code, f)
	}
	got, _ = diagnose(t, "s3://test?anonymous=true")
	if f := got["credentials"]; f.Verdict != "note" || !strings.Contains(f.Text, "anonymous") {
		t.Errorf("%+v", f)
	}
}

// TestDoctorCountsUnfinishedUploads also those of others.
func TestDoctorCountsUnfinishedUploads(t *testing.T) {
	server := newDoctorServer(t)
	id, err := server.Store().CreateMultipartUpload(server.Bucket, "large", map[string]string{})
	if err == nil {
		_, err = server.Store().UploadPart(server.Bucket, "large", id, 1, 5<<20, bytes.NewReader(make([]byte, 5<<20)))
	}
	if err != nil {
		t.Fatal(err)
	}
	got, code := diagnose(t, "s3://test")
	if f := got["unfinished uploads"]; code != 0 || f.Verdict != "note" || !strings.Contains(f.Text, "1, the oldest of "+time.Now().UTC().Format(time.DateOnly)+"; 5.2 MB") {
		t.Errorf("exit code %d, %+v", code, f)
	}
}

// TestDoctorOfADirectory has the probes of directories, and leaves nothing behind.
func TestDoctorOfADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("S3FC_CACHE_DIR", filepath.Join(dir, "a", "file")) // below a file
	t.Setenv("S3FC_STATE_DIR", t.TempDir())
	got, code := diagnose(t, dir)
	for _, check := range []string{"list", "read", "write", "conditions", "links", "delete", "symbolic links", "state"} {
		if got[check].Verdict != "ok" {
			t.Errorf("%s: %+v", check, got[check])
		}
	}
	for _, check := range []string{"case", "normalisation", "times", "free space", "descriptors"} {
		if v := got[check].Verdict; v != "ok" && v != "note" {
			t.Errorf("%s: %+v", check, got[check])
		}
	}
	if f := got["cache"]; f.Verdict != "note" || !strings.Contains(f.Remedy, "S3FC_CACHE_DIR") {
		t.Errorf("cache: %+v", f)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || code != 0 {
		t.Errorf("exit code %d, %d entries are there (%v)", code, len(left), err)
	}
	got, code = diagnose(t, filepath.Join(dir, "none"))
	if f := got["open"]; code != 1 || f.Verdict != "fault" || f.Remedy == "" {
		t.Errorf("a directory that is missing: exit code %d, %+v", code, f)
	}
	if os.Geteuid() == 0 {
		return // may write everywhere
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	got, code = diagnose(t, dir)
	if code != 1 || got["write"].Verdict != "fault" {
		t.Errorf("a directory that cannot be written: exit code %d, %v", code, got)
	}
}
