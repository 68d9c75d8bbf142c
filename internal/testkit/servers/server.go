package servers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/internal/s3server"
)

// ownVersion is the version of gofakes3 in this project's server.
const ownVersion = "1.2.0"

// Variable is the environment variable that names the servers to test with.
const Variable = "S3FC_TEST_SERVERS"

// A Server is a running S3 server, which ends with its test. It is safe for
// concurrent use.
type Server struct {
	Name      string `json:"-"`
	Version   string `json:"version"`
	Endpoint  string `json:"endpoint"` // with path style
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	Region    string `json:"region"`
	// Params are parameters that a bucket's URL needs besides endpoint and
	// region.
	Params string `json:"params"`
	// Lacks are the names of the abilities that the store lacks without saying so, as
	// the parameter lacks of a URL has them.
	Lacks string `json:"lacks"`
	// Website is the URL of the websites, and WebsiteHost the Host header of
	// one, with BUCKET for the bucket's name; empty if the server has none.
	Website     string `json:"website"`
	WebsiteHost string `json:"website_host"`
	// Data is the directory that the buckets are subdirectories of, with the
	// objects as files; empty if the server stores them in another way.
	Data string `json:"data"`

	own     *s3server.Server // nil: a script runs the server
	client  *s3.Client
	buckets atomic.Int64
}

// Names returns the servers that there are scripts for, and [Own].
func Names() []string {
	return []string{"versitygw", "ceph", "swift", "minio", "s3rver", "moto", "rclone", Own}
}

// Own is the name of this project's S3 server, which corrects gofakes3 and runs in the
// process of the test.
const Own = "gofakes3"

// Chosen returns the servers that the environment asks to test with, and those
// that it leaves out.
func Chosen() (chosen, left []string, err error) {
	v := os.Getenv(Variable)
	if v == "all" {
		return Names(), nil, nil
	}
	if v == "" {
		v = "versitygw"
	}
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(Names(), name) {
			return nil, nil, fmt.Errorf("$%s: there is no server %q, only %s", Variable, name, strings.Join(Names(), ", "))
		}
		chosen = append(chosen, name)
	}
	for _, name := range Names() {
		if !slices.Contains(chosen, name) {
			left = append(left, name)
		}
	}
	return chosen, left, nil
}

// Start installs a server, where it is missing, starts it on loopback and
// returns when it answers. The test fails if it can't.
func Start(t testing.TB, name string) *Server {
	t.Helper()
	var errs []error
	for range 3 { // a free port may be taken by the time that it is used
		s, err := start(t, name)
		if err == nil {
			return s
		}
		errs = append(errs, err)
	}
	t.Fatalf("%s does not start: %v", name, errors.Join(errs...))
	return nil
}

func start(t testing.TB, name string) (*Server, error) {
	if name == Own {
		s := &Server{
			Name: Own, Version: ownVersion, AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey, Region: "us-east-1",
			own: s3server.New(t, s3server.Credentials(s3server.AccessKey, s3server.SecretKey)),
		}
		s.Endpoint = s.own.URL
		s.connect()
		return s, nil
	}
	line, err := runScript(t, name)
	if err != nil {
		return nil, err
	}
	s := &Server{Name: name}
	if err := json.Unmarshal(line, s); err != nil {
		return nil, fmt.Errorf("its script says %q: %w", line, err)
	}
	s.connect()
	_, err = s.client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	return s, err
}

func (s *Server) connect() {
	s.client = s3.New(s3.Options{
		BaseEndpoint: &s.Endpoint, UsePathStyle: true, Region: s.Region,
		Credentials: s.Credentials(),
		// Several of the servers know none of the newer checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

// Credentials returns the credentials of the server's one user.
func (s *Server) Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, "")
}

// Environment returns the standard variables of AWS tools that lead to the
// server's user, and to no configuration of the machine's.
func (s *Server) Environment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": s.AccessKey, "AWS_SECRET_ACCESS_KEY": s.SecretKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": s.Region, "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true",
	}
}

// Query returns the parameters of a bucket's URL.
func (s *Server) Query() url.Values {
	q, err := url.ParseQuery(s.Params)
	if err != nil {
		panic("servers: " + s.Name + ".sh: " + err.Error())
	}
	q.Set("endpoint", s.Endpoint)
	q.Set("region", s.Region)
	return q
}

// URL returns the URL of a prefix in a bucket, as s3fc takes it.
func (s *Server) URL(bucket, prefix string) string {
	u := url.URL{Scheme: "s3", Host: bucket, Path: "/" + prefix, RawQuery: s.Query().Encode()}
	return u.String()
}

// DeclaredURL returns the URL of a bucket that names the abilities that the store lacks.
func (s *Server) DeclaredURL(bucket string) string {
	q := s.Query()
	if s.Lacks != "" {
		q.Set("lacks", s.Lacks)
	}
	u := url.URL{Scheme: "s3", Host: bucket, Path: "/", RawQuery: q.Encode()}
	return u.String()
}

// Client returns a client of the AWS SDK.
func (s *Server) Client() *s3.Client { return s.client }

// Bucket makes a new bucket and returns its name.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d-%d", os.Getpid(), s.buckets.Add(1))
	if _, err := s.client.CreateBucket(context.WithoutCancel(t.Context()), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("%s: create bucket: %v", s.Name, err)
	}
	if s.own != nil && s.Website == "" {
		s.Website = s.own.WebsiteURL(name) // of the first bucket alone
	}
	return name
}
