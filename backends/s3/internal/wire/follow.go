package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxHops is how many redirects in a row are followed.
const maxHops = 3

// follow returns the URL that a refusal sends a request on to: S3 does so with a
// 307 or a 308 while the name of a new bucket spreads. The error is the refusal
// where it sends it nowhere. A redirect of any other kind, to plain HTTP, or
// without a sign that S3 gave it, is somebody else's: nothing is sent there.
func follow(refused *Error, from *url.URL, hops int) (*url.URL, error) {
	switch refused.Status {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	case http.StatusFound, http.StatusSeeOther:
		return nil, ErrNotS3
	default:
		return nil, refused
	}
	to, err := from.Parse(refused.Header.Get("Location"))
	switch {
	case err != nil || to.Host == "" || refused.Header.Get("Location") == "":
		return nil, refused
	case (refused.Code == "" || refused.guessed) && !fromS3(refused.Header):
		return nil, ErrNotS3
	case hops == maxHops:
		return nil, fmt.Errorf("the store redirects again and again, at last to %s", to.Host)
	case to.Scheme != from.Scheme && to.Scheme != "https":
		return nil, fmt.Errorf("the store redirects from %s to %s://%s, which nothing is sent to", from.Scheme, to.Scheme, to.Host)
	}
	return to, nil
}

// fromS3 reports whether an answer has a header that only S3 gives.
func fromS3(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-") {
			return true
		}
	}
	return false
}
