package s3

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
)

// maxBuckets is how many buckets a completion lists.
const maxBuckets = 1000

// completer implements [core.Completer].
type completer struct{}

// Ready implements [core.Completer]: requests are sent only with credentials that the
// environment or the user's files have, or none. A machine's own service is not asked.
func (completer) Ready(u *url.URL) bool {
	if u.Query().Get("anonymous") == "true" || os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
		return true
	}
	profile := u.Query().Get("profile")
	if profile == "" {
		profile = os.Getenv("AWS_PROFILE")
	}
	if profile == "" {
		profile = "default"
	}
	return slices.Contains(profiles(), profile)
}

// Hosts implements [core.Completer] with one request for the names of the buckets.
func (completer) Hosts(ctx context.Context, u *url.URL) []string {
	o, err := ParseURL(&url.URL{Scheme: u.Scheme, Host: "bucket", RawQuery: u.RawQuery}, core.Env{Budget: core.NewBudget(1), Jobs: 1})
	if err != nil {
		return nil
	}
	o.MaxAttempts = 1
	s, err := configure(ctx, o)
	if err != nil {
		return nil
	}
	client, _ := newClient(s, o)
	if ready(ctx, client.Options()) != nil {
		return nil
	}
	list, err := client.ListBuckets(ctx, &awss3.ListBucketsInput{}, func(o *awss3.Options) { o.RetryMaxAttempts = 1 })
	if err != nil {
		return nil
	}
	var names []string
	for _, b := range list.Buckets[:min(len(list.Buckets), maxBuckets)] {
		names = append(names, aws.ToString(b.Name))
	}
	return names
}

// Values implements [core.Completer] for the profiles of the user's files.
func (completer) Values(option string) []string {
	if option != "profile" {
		return nil
	}
	return profiles()
}

// profiles returns the names of the profiles in the user's files of AWS. A file that
// cannot be read has none.
func profiles() (names []string) {
	home, _ := os.UserHomeDir() // "" finds no file
	for _, f := range []struct{ variable, name, prefix string }{
		{"AWS_CONFIG_FILE", "config", "profile "}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials", ""},
	} {
		path := os.Getenv(f.variable)
		if path == "" {
			path = filepath.Join(home, ".aws", f.name)
		}
		names = append(names, sections(path, f.prefix)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sections returns the names of the sections in a file of AWS that begin with prefix,
// and default.
func sections(path, prefix string) (names []string) {
	file, err := os.Open(path) //nolint:gosec // The user's own file.
	if err != nil {
		return nil
	}
	defer file.Close() //nolint:errcheck // It was only read.
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		head, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "[")
		head, _, closed := strings.Cut(head, "]")
		head = strings.TrimSpace(head)
		name, named := strings.CutPrefix(head, prefix)
		if name = strings.TrimSpace(name); ok && closed && (named || head == "default") && name != "" {
			names = append(names, name)
		}
	}
	return names
}
