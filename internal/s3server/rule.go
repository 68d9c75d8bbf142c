package s3server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxRules is how many routing rules a website may have.
const maxRules = 50

// A RoutingRule sends a visitor elsewhere, as in a bucket's website
// configuration. A field that is empty was not given.
type RoutingRule struct {
	Condition struct {
		KeyPrefixEquals             string
		HttpErrorCodeReturnedEquals string //nolint:revive,staticcheck // The name in S3's XML.
	}
	Redirect struct {
		Protocol, HostName   string
		ReplaceKeyPrefixWith string
		ReplaceKeyWith       string
		HttpRedirectCode     string //nolint:revive,staticcheck // The name in S3's XML.
	}
}

// holds reports whether the rule is for this key and status; status 0 is that
// nobody has looked for an object yet.
func (u RoutingRule) holds(key string, status int) bool {
	want := u.Condition.HttpErrorCodeReturnedEquals
	if (want == "") != (status == 0) || want != "" && want != strconv.Itoa(status) {
		return false
	}
	return strings.HasPrefix(key, u.Condition.KeyPrefixEquals)
}

// location is where the rule sends a visitor of key.
func (u RoutingRule) location(r *http.Request, key string) string {
	to := url.URL{Scheme: u.Redirect.Protocol, Host: u.Redirect.HostName, RawQuery: r.URL.RawQuery}
	if to.Scheme == "" {
		to.Scheme = "http"
	}
	if to.Host == "" {
		to.Host = r.Host
	}
	switch {
	case u.Redirect.ReplaceKeyWith != "":
		key = u.Redirect.ReplaceKeyWith
	case u.Redirect.ReplaceKeyPrefixWith != "":
		key = u.Redirect.ReplaceKeyPrefixWith + strings.TrimPrefix(key, u.Condition.KeyPrefixEquals)
	}
	to.Path = "/" + key
	return to.String()
}

func (u RoutingRule) status() int {
	if code, err := strconv.Atoi(u.Redirect.HttpRedirectCode); err == nil {
		return code
	}
	return http.StatusMovedPermanently
}

// valid reports whether S3 would take the rule.
func (u RoutingRule) valid() bool {
	if u.Redirect == (RoutingRule{}.Redirect) || u.Redirect.ReplaceKeyWith != "" && u.Redirect.ReplaceKeyPrefixWith != "" {
		return false
	}
	code := u.status()
	return 301 <= code && code <= 308 && code != 306
}

// route sends the visitor of key elsewhere if a rule says so.
func (s Site) route(w http.ResponseWriter, r *http.Request, key string, status int) bool {
	for _, u := range s.Rules {
		if u.holds(key, status) {
			redirect(w, u.location(r, key), u.status())
			return true
		}
	}
	return false
}
