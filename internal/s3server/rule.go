package s3server

import (
	"net/http"
	"strconv"

	"github.com/s3fc/s3fc/core"
)

// maxRules is how many routing rules a website may have.
const maxRules = 50

// routingRule sends a visitor elsewhere, as S3's XML has it.
type routingRule struct {
	Condition struct {
		KeyPrefixEquals             string
		HttpErrorCodeReturnedEquals string //nolint:revive,staticcheck // The name in S3's XML.
	}
	Redirect struct {
		Protocol, HostName   string
		ReplaceKeyPrefixWith *string
		ReplaceKeyWith       *string
		HttpRedirectCode     string //nolint:revive,staticcheck // The name in S3's XML.
	}
}

// valid reports whether S3 would take the rule.
func (u routingRule) valid() bool {
	to := u.Redirect
	if to == (routingRule{}.Redirect) || to.ReplaceKeyWith != nil && to.ReplaceKeyPrefixWith != nil {
		return false
	}
	code, err := strconv.Atoi(to.HttpRedirectCode)
	if to.HttpRedirectCode != "" && (err != nil || code < 301 || code > 308 || code == 306) {
		return false
	}
	status, err := strconv.Atoi(u.Condition.HttpErrorCodeReturnedEquals)
	return u.Condition.HttpErrorCodeReturnedEquals == "" || err == nil && http.StatusBadRequest <= status && status < 600
}

// rule is the rule, which is valid, for a website.
func (u routingRule) rule() core.WebsiteRule {
	code, _ := strconv.Atoi(u.Redirect.HttpRedirectCode)               // empty: 0
	status, _ := strconv.Atoi(u.Condition.HttpErrorCodeReturnedEquals) // as above
	return core.WebsiteRule{
		KeyPrefix: u.Condition.KeyPrefixEquals, Status: status,
		Scheme: u.Redirect.Protocol, Host: u.Redirect.HostName, Code: code,
		NewKey: u.Redirect.ReplaceKeyWith, NewPrefix: u.Redirect.ReplaceKeyPrefixWith,
	}
}
