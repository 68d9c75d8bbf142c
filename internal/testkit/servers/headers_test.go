package servers_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// headers are the headers that a rule can give to a file, each pushed by s3fc with a
// rule file and then asked for.
var headers = []ability{
	header("content-type", "text/x-s3fc", func(h *s3.HeadObjectOutput) *string { return h.ContentType }),
	header("cache-control", "max-age=7, immutable", func(h *s3.HeadObjectOutput) *string { return h.CacheControl }),
	header("content-encoding", "gzip", func(h *s3.HeadObjectOutput) *string { return h.ContentEncoding }),
	header("content-disposition", `attachment; filename="a b.txt"`, func(h *s3.HeadObjectOutput) *string { return h.ContentDisposition }),
	header("content-language", "de-CH", func(h *s3.HeadObjectOutput) *string { return h.ContentLanguage }),
	header("storage-class", "REDUCED_REDUNDANCY", func(h *s3.HeadObjectOutput) *string { return aws.String(string(h.StorageClass)) }),
	header("metadata", "web", func(h *s3.HeadObjectOutput) *string { return aws.String(h.Metadata["owner"]) }),
	{"acl", "`acl = \"public-read\"`: everybody may read the object", keepsACL},
	header("server-side-encryption", "AES256", func(h *s3.HeadObjectOutput) *string { return aws.String(string(h.ServerSideEncryption)) }),
}

// header is the ability to keep a header with a value.
func header(name, value string, of func(*s3.HeadObjectOutput) *string) ability {
	return ability{name, fmt.Sprintf("`%s = %s`", name, strings.ReplaceAll(value, "`", "")), func(l *lab) (cell, error) {
		if c, err := l.pushWithHeader(name, value); err != nil || c != yes {
			return c, err
		}
		head, err := l.head("file.txt")
		if err != nil {
			return cell{}, err
		}
		switch got := aws.ToString(of(head)); got {
		case value:
			return yes, nil
		case "":
			return cell{"dropped", "accepted, and not there afterwards"}, nil
		default:
			return cell{"changed", fmt.Sprintf("it is %q afterwards", got)}, nil
		}
	}}
}

// pushWithHeader pushes a file with a rule for one header. It is yes if the store took
// the header. Another failure of the copy is an error.
func (l *lab) pushWithHeader(name, value string) (cell, error) {
	s := l.site()
	rule := fmt.Sprintf("[[rule]]\nmatch = \"*\"\n%s = %q\n", name, value)
	if name == "metadata" {
		rule = fmt.Sprintf("[[rule]]\nmatch = \"*\"\n[rule.metadata]\nowner = %q\n", value)
	}
	s.write("s3fc.toml", rule)
	s.write("file.txt", "content")
	got := l.run("copy", string(s), l.url())
	if got.code == 0 && got.Files == 1 {
		return yes, got.noise()
	}
	if got.code == 1 && len(got.wrong) == 1 && strings.Contains(got.wrong[0], `"event":"error"`) {
		return cell{"no", l.refusal(name, value)}, nil
	}
	return cell{}, fmt.Errorf("exit code %d, %d files, %s\n%s", got.code, got.Files, got.wrong, got.stderr)
}

// refusal is the store's code for a write with the header.
func (l *lab) refusal(name, value string) string {
	err := l.put("refused", "content", func(in *s3.PutObjectInput) {
		switch name {
		case "storage-class":
			in.StorageClass = types.StorageClass(value)
		case "server-side-encryption":
			in.ServerSideEncryption = types.ServerSideEncryption(value)
		case "acl":
			in.ACL = types.ObjectCannedACL(value)
		}
	})
	return code(err)
}

func keepsACL(l *lab) (cell, error) {
	if c, err := l.pushWithHeader("acl", "public-read"); err != nil || c != yes {
		return c, err
	}
	acl, err := l.server.Client().GetObjectAcl(l.ctx, &s3.GetObjectAclInput{Bucket: &l.bucket, Key: l.key("file.txt")})
	if err != nil {
		return cell{"unknown", "accepted; GetObjectAcl: " + code(err)}, nil
	}
	everybody := func(g types.Grant) bool {
		return g.Grantee != nil && strings.HasSuffix(aws.ToString(g.Grantee.URI), "/AllUsers") && g.Permission == types.PermissionRead
	}
	if !slices.ContainsFunc(acl.Grants, everybody) {
		return cell{"dropped", "accepted, and not there afterwards"}, nil
	}
	return yes, nil
}
