package servers_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// stores are abilities of the servers, tested by requests of our own: s3fc relies
// on them, or does without.
var stores = []ability{
	{"create", "`If-None-Match: *` on PUT", creates},
	{"replace", "`If-Match` on PUT", replaces},
	{"delete if", "`If-Match` on DELETE", deletesIf},
	{"batch", "DeleteObjects", batch},
	{"metadata", "user metadata, Content-Type and Cache-Control are stored, and an overwrite drops the old", metadata},
	{"ETag", "an object's ETag is its md5, and of one in parts the md5 of their md5s", etags},
	{"order", "listings are in byte order, and StartAfter is obeyed", order},
	{"flat", "`a` and `a/b` are both objects", flat},
	{"Content-MD5", "a wrong one is refused", contentMD5},
}

func bytesReader(b []byte) io.Reader { return bytes.NewReader(b) }

// code is the code of an answer that is an error.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

// told is yes if a condition that does not hold was refused.
func told(err error) cell {
	switch got := code(err); got {
	case "PreconditionFailed":
		return yes
	case "accepted":
		return cell{"ignored", "a write that it forbids is done"}
	default:
		return cell{"no", got}
	}
}

func creates(l *lab) (cell, error) {
	none := func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }
	if err := l.put("x", "one", none); err != nil {
		return cell{"no", "a new object: " + code(err)}, nil
	}
	return told(l.put("x", "two", none)), nil
}

func replaces(l *lab) (cell, error) {
	if err := l.put("x", "one"); err != nil {
		return cell{}, err
	}
	head, err := l.head("x")
	if err != nil {
		return cell{}, err
	}
	match := func(etag string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfMatch = &etag }
	}
	if err := l.put("x", "two", match(*head.ETag)); err != nil {
		if l.put("x", "two", match(strings.Trim(*head.ETag, `"`))) == nil {
			return cell{"wrong", fmt.Sprintf("the right ETag: %s; without its quotes it is accepted", code(err))}, nil
		}
		return cell{"no", code(err)}, nil
	}
	return told(l.put("x", "three", match(*head.ETag))), nil
}

func deletesIf(l *lab) (cell, error) {
	if err := l.put("x", "one"); err != nil {
		return cell{}, err
	}
	head, err := l.head("x")
	if err != nil {
		return cell{}, err
	}
	del := func(etag string) error {
		_, err := l.server.Client().DeleteObject(l.ctx, &s3.DeleteObjectInput{Bucket: &l.bucket, Key: l.key("x"), IfMatch: &etag})
		return err
	}
	if c := told(del(`"00000000000000000000000000000000"`)); c.word != "yes" {
		return c, nil
	}
	if err := del(*head.ETag); err != nil {
		return cell{"wrong", "the right ETag: " + code(err)}, nil
	}
	return yes, nil
}

func batch(l *lab) (cell, error) {
	var ids []types.ObjectIdentifier
	for i, o := range odd {
		name := fmt.Sprintf("%d%s.txt", i, o)
		if err := l.put(name, "x"); err != nil {
			return cell{"no", fmt.Sprintf("putting %q: %s", name, code(err))}, nil
		}
		ids = append(ids, types.ObjectIdentifier{Key: l.key(name)})
	}
	ids = append(ids, types.ObjectIdentifier{Key: l.key("not there")})
	out, err := l.server.Client().DeleteObjects(l.ctx, &s3.DeleteObjectsInput{Bucket: &l.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
	if err != nil {
		return cell{"no", code(err) + " without Content-MD5, with a CRC32"}, nil
	}
	for _, e := range out.Errors {
		return cell{"wrong", fmt.Sprintf("%s: %s", aws.ToString(e.Key), aws.ToString(e.Code))}, nil
	}
	left, err := l.keys()
	if err == nil && len(left) > 0 {
		return cell{"wrong", fmt.Sprintf("answers without an error, and these are left: %q", left)}, nil
	}
	return yes, err
}

func metadata(l *lab) (cell, error) {
	all := func(in *s3.PutObjectInput) {
		in.Metadata = map[string]string{"md5": "x"}
		in.ContentType, in.CacheControl = aws.String("text/x-test"), aws.String("max-age=7")
	}
	if err := l.put("x", "one", all); err != nil {
		return cell{"no", code(err)}, nil
	}
	head, err := l.head("x")
	if err != nil {
		return cell{}, err
	}
	var lost []string
	for what, ok := range map[string]bool{
		"user metadata": head.Metadata["md5"] == "x", "Content-Type": aws.ToString(head.ContentType) == "text/x-test", "Cache-Control": aws.ToString(head.CacheControl) == "max-age=7",
	} {
		if !ok {
			lost = append(lost, what)
		}
	}
	if slices.Sort(lost); len(lost) > 0 {
		return cell{"lost", strings.Join(lost, ", ")}, nil
	}
	if err := l.put("x", "two"); err != nil {
		return cell{}, err
	}
	if head, err = l.head("x"); err == nil && (head.Metadata["md5"] != "" || aws.ToString(head.CacheControl) != "") {
		return cell{"wrong", "an overwrite keeps what the old object had"}, nil
	}
	return yes, err
}

func etags(l *lab) (cell, error) {
	if err := l.put("x", ""); err != nil {
		return cell{}, err
	}
	if err := l.putParts("parts", make([]byte, 5<<20), make([]byte, 1<<20)); err != nil {
		return cell{"no", "an upload in parts: " + code(err)}, nil
	}
	head, err := l.head("x")
	if err != nil {
		return cell{}, err
	}
	if got := aws.ToString(head.ETag); got != `"d41d8cd98f00b204e9800998ecf8427e"` {
		return cell{"wrong", "of an empty object it is " + got}, nil
	}
	if head, err = l.head("parts"); err != nil {
		return cell{}, err
	}
	const want = `"` + partsETag + `"`
	switch got := aws.ToString(head.ETag); {
	case got == want:
		return yes, nil
	case strings.HasSuffix(got, `-2"`):
		return cell{"wrong", "of an object in parts it is not the md5 of their md5s"}, nil
	default:
		return cell{"wrong", "of an object in parts it has not the form of one: " + got}, nil
	}
}

// partsETag is the ETag of zeros in parts of 5 MiB and 1 MiB.
const partsETag = "b7992ce8540773fdfcab72bd0e8c4c64-2"

func order(l *lab) (cell, error) {
	want := []string{"B", "a-b", "a.txt", "a/1", "a/b/c", "a0", "b", "é", "\uff21", "😀"}
	for _, name := range want {
		if err := l.put(name, "x"); err != nil {
			return cell{"no", fmt.Sprintf("putting %q: %s", name, code(err))}, nil
		}
	}
	got, err := l.keys()
	if err != nil {
		return cell{}, err
	}
	if !slices.Equal(got, want) {
		return cell{"wrong", fmt.Sprintf("%q", got)}, nil
	}
	out, err := l.server.Client().ListObjectsV2(l.ctx, &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: l.key(""), StartAfter: l.key("a/1")})
	if err == nil && len(out.Contents) != len(want)-4 {
		return cell{"wrong", fmt.Sprintf("StartAfter: %d keys, not %d", len(out.Contents), len(want)-4)}, nil
	}
	return yes, err
}

func flat(l *lab) (cell, error) {
	if err := l.put("a", "x"); err != nil {
		return cell{}, err
	}
	if err := l.put("a/b", "y"); err != nil {
		return cell{"no", "`a/b` beside `a`: " + code(err)}, nil
	}
	got, err := l.keys()
	slices.Sort(got)
	if err == nil && !slices.Equal(got, []string{"a", "a/b"}) {
		return cell{"lost", fmt.Sprintf("both are put, and listed is %q", got)}, nil
	}
	return yes, err
}

func contentMD5(l *lab) (cell, error) {
	err := l.put("x", "x", func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("AAAAAAAAAAAAAAAAAAAAAA==") })
	switch got := code(err); got {
	case "BadDigest", "InvalidDigest":
		return yes, nil
	case "accepted":
		return cell{"ignored", "a wrong one is accepted"}, nil
	default:
		return cell{"yes", "as " + got}, nil
	}
}
