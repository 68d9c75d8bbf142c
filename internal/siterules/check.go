package siterules

import (
	"errors"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/s3fc/s3fc/internal/suggest"
)

// maxMetadata is the length in bytes of the names and values of the user metadata
// that S3 stores with an object, less the part that s3fc needs for its own
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
const maxMetadata = 2048 - 128

// ownMetadata are the names that s3fc writes itself.
var ownMetadata = []string{"md5", "mtime", "link-target"}

// checks are the checks of a value, by header. They find mistakes that a browser or
// a store would pass over in silence; a value that may have a meaning passes.
var checks = map[string]func(string) error{
	"content-type":           checkType,
	"cache-control":          checkCacheControl,
	"content-encoding":       checkEncoding,
	"content-disposition":    checkDisposition,
	"content-language":       checkLanguage,
	"storage-class":          checkStorageClass,
	"server-side-encryption": oneOf("AES256", "aws:kms", "aws:kms:dsse"),
	"acl":                    oneOf("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"),
}

func checkHeader(name, value string) error {
	switch {
	case value == "":
		return errors.New("the value is empty: leave the line out")
	case strings.TrimSpace(value) != value:
		return errors.New("the value begins or ends with a space")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("the value has a character that no header can have: use printable ASCII")
	}
	return checks[name](value)
}

func checkType(value string) error {
	t, _, err := mime.ParseMediaType(value)
	if err != nil {
		return fmt.Errorf("%q is no media type such as text/html: %w", value, err)
	}
	if kind, sub, ok := strings.Cut(t, "/"); !ok || kind == "" || sub == "" {
		return fmt.Errorf("%q is no media type such as text/html", value)
	}
	return nil
}

// directives are those of RFC 9111, RFC 5861 and RFC 8246; true: with seconds.
var directives = map[string]bool{
	"max-age": true, "s-maxage": true, "stale-while-revalidate": true, "stale-if-error": true,
	"no-cache": false, "no-store": false, "no-transform": false, "must-revalidate": false,
	"proxy-revalidate": false, "must-understand": false, "private": false, "public": false, "immutable": false,
}

var directiveNames = func() (names []string) {
	for name := range directives {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// checkCacheControl lets an unknown directive pass, as RFC 9111 does, unless it is
// nearly a known one.
func checkCacheControl(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		name, arg, has := strings.Cut(strings.TrimSpace(part), "=")
		seconds, known := directives[strings.ToLower(name)]
		switch near := suggest.Nearest(strings.ToLower(name), directiveNames); {
		case !token.MatchString(name):
			return fmt.Errorf("%q is no directive: separate them by commas", strings.TrimSpace(part))
		case !known && near != "":
			return fmt.Errorf("unknown directive %q: did you mean %s?", name, near)
		case known && seconds && !digits(arg):
			return fmt.Errorf("%s takes a number of seconds, as %s=3600", name, name)
		case known && !seconds && has && name != "no-cache" && name != "private":
			return fmt.Errorf("%s takes no value", name)
		}
	}
	return nil
}

func digits(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n >= 0 && s[0] != '+'
}

var encodings = []string{"gzip", "br", "zstd", "deflate", "compress", "dcb", "dcz", "identity"}

func checkEncoding(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		if err := oneOf(encodings...)(strings.TrimSpace(part)); err != nil {
			return err
		}
	}
	return nil
}

func checkDisposition(value string) error {
	d, _, err := mime.ParseMediaType(value)
	if err != nil {
		return fmt.Errorf("%q is no disposition such as attachment; filename=\"a.pdf\": %w", value, err)
	}
	return oneOf("inline", "attachment")(d)
}

var language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func checkLanguage(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		if !language.MatchString(strings.TrimSpace(part)) {
			return fmt.Errorf("%q is no language such as en or pt-BR", strings.TrimSpace(part))
		}
	}
	return nil
}

var storageClass = regexp.MustCompile(`^[A-Z][A-Z0-9_-]*$`)

// checkStorageClass knows the form only: stores other than AWS name their own.
func checkStorageClass(value string) error {
	if !storageClass.MatchString(value) {
		return fmt.Errorf("%q is no storage class such as STANDARD_IA", value)
	}
	return nil
}

func oneOf(known ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(known, value) {
			return nil
		}
		if near := suggest.Nearest(value, known); near != "" {
			return fmt.Errorf("%q: did you mean %s?", value, near)
		}
		return fmt.Errorf("%q: expected one of %s", value, strings.Join(known, ", "))
	}
}

// checkMetadata checks an entry of the user metadata; the name is in lower case.
func checkMetadata(name, value string) error {
	switch {
	case !token.MatchString(name):
		return fmt.Errorf("metadata name %q: use letters, digits and -", name)
	case slices.Contains(ownMetadata, name):
		return fmt.Errorf("metadata name %q is written by s3fc itself", name)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Errorf("metadata %s: use printable ASCII", name)
	}
	return nil
}
