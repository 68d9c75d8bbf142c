package servers_test

import (
	"crypto/md5" //nolint:gosec // Of a key, as S3 wants it.
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const specialTitle = "Buckets with a setting of their own"

// special are buckets of which a setting changes the meaning of writes and deletes. On
// each, s3fc does a short form of its main job.
var special = []ability{
	{"versions", "a bucket that keeps versions: an overwrite and a delete leave the older version there", versionedBucket},
	{"object lock", "a bucket whose objects are locked for a day: overwrites and deletes leave the locked version there", lockedBucket},
	{"KMS", "`ssetype=aws:kms` with a key: ETags are no md5s, and metadata count", kmsBucket},
	{"SSE-C", "objects that another tool encrypted with a key of its own: not read, said by name, and never deleted by a pull that failed", sealedObjects},
}

// inBucket returns the lab in another bucket.
func (l *lab) inBucket(name string) *lab {
	c := *l
	c.bucket, c.prefix = name, "site"
	return &c
}

// shortJob pushes, changes, deletes, checks and pulls a tree, and checks that a second push is
// LISTs alone.
func (l *lab) shortJob() error {
	s := l.site()
	s.files()
	s.remove("empty") // asked for in each run
	s.links()
	s.large("image.iso")
	if err := l.pushed(s); err != nil {
		return err
	}
	s.write("a.txt", "changed")
	s.link("latest", "docs/v1")
	s.remove("docs/v1/api")
	s.remove("chain")
	if err := l.pushed(s); err != nil {
		return err
	}
	_, err := l.does("check", string(s), l.url())
	return errors.Join(err, l.idle(string(s), l.url()))
}

func versionedBucket(l *lab) (cell, error) {
	c := l.server.Client()
	l = l.inBucket(l.server.Bucket(l.t))
	if _, err := c.PutBucketVersioning(l.ctx, &s3.PutBucketVersioningInput{
		Bucket: &l.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		return cell{"no", "PutBucketVersioning: " + code(err)}, nil
	}
	if err := l.shortJob(); err != nil {
		return cell{}, err
	}
	return l.keptVersions()
}

// keptVersions is yes if the older version of the overwritten and of the deleted file
// of a short job are there.
func (l *lab) keptVersions() (cell, error) {
	out, err := l.server.Client().ListObjectVersions(l.ctx, &s3.ListObjectVersionsInput{Bucket: &l.bucket, Prefix: l.key("")})
	if err != nil {
		return cell{"unknown", "ListObjectVersions: " + code(err)}, nil
	}
	n := map[string]int{}
	for _, v := range out.Versions {
		n[strings.TrimPrefix(aws.ToString(v.Key), l.prefix+"/")]++
	}
	if n["a.txt"] != 2 || n["docs/v1/api/index.html"] != 1 {
		return cell{}, fmt.Errorf("%d versions of an overwritten file, %d of a deleted one", n["a.txt"], n["docs/v1/api/index.html"])
	}
	return yes, nil
}

func lockedBucket(l *lab) (cell, error) {
	c := l.server.Client()
	name := l.bucket + "-locked"
	if _, err := c.CreateBucket(l.ctx, &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		return cell{"no", "CreateBucket: " + code(err)}, nil
	}
	_, err := c.PutObjectLockConfiguration(l.ctx, &s3.PutObjectLockConfigurationInput{Bucket: &name, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}},
	}})
	if err != nil {
		return cell{"no", "PutObjectLockConfiguration: " + code(err)}, nil
	}
	l = l.inBucket(name)
	if v, err := c.GetBucketVersioning(l.ctx, &s3.GetBucketVersioningInput{Bucket: &name}); err == nil && v.Status != types.BucketVersioningStatusEnabled {
		return l.lockedWithoutVersions()
	}
	if err := l.shortJob(); err != nil {
		return cell{}, err
	}
	return l.keptVersions()
}

// lockedWithoutVersions is a bucket in which a locked object can be neither replaced nor
// deleted: a push says so of each, and leaves them there.
func (l *lab) lockedWithoutVersions() (cell, error) {
	s := l.site()
	s.write("a", "old")
	s.write("b", "old")
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	s.write("a", "new")
	s.remove("b")
	s.write("c", "new")
	got := l.run("copy", string(s), l.url())
	keys, err := l.keys()
	if err == nil && (got.code != 1 || len(got.wrong) == 0 || len(keys) != 3) {
		err = fmt.Errorf("exit code %d, %s, and these are there: %q", got.code, got.wrong, keys)
	}
	return cell{"refused", "a locked object is neither replaced nor deleted, an error each; without versions there is no other way"}, err
}

// kmsKey is the name of a key that a server with keys for tests has.
const kmsKey = "s3fc-test"

func kmsBucket(l *lab) (cell, error) {
	l = l.inBucket(l.server.Bucket(l.t))
	err := l.put("probe", "x", func(in *s3.PutObjectInput) {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, aws.String(kmsKey)
	})
	if err != nil {
		return cell{"no", code(err)}, nil
	}
	head, err := l.head("probe")
	if err != nil {
		return cell{}, err
	}
	if head.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		return cell{"dropped", "accepted, and not encrypted"}, nil
	}
	if _, err := l.server.Client().DeleteObject(l.ctx, &s3.DeleteObjectInput{Bucket: &l.bucket, Key: l.key("probe")}); err != nil {
		return cell{}, err
	}
	l.params = "&ssetype=aws%3Akms&kmskeyid=" + kmsKey
	if err := l.shortJob(); err != nil {
		return cell{}, err
	}
	head, err = l.head("a.txt")
	if err == nil && head.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		err = errors.New("a file was stored without the encryption that the URL names")
	}
	return yes, err
}

// sealedObjects pulls and replaces a tree one of whose objects has a key that s3fc does not know.
func sealedObjects(l *lab) (cell, error) {
	key := []byte("0123456789abcdef0123456789abcdef")
	sum := md5.Sum(key) //nolint:gosec // As S3 wants it.
	err := l.put("sealed", "nobody reads this", func(in *s3.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey = aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(key))
		in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(sum[:]))
	})
	if err != nil {
		return cell{"no", code(err)}, nil
	}
	if _, err := l.head("sealed"); err == nil {
		return cell{"dropped", "accepted, and not encrypted"}, nil
	}
	if err := l.put("open", "everybody reads this"); err != nil {
		return cell{}, err
	}
	back := l.site()
	back.write("sealed", "the copy of yesterday")
	back.write("extra", "only here")
	got := l.run("copy", "--max-delete=100%", l.url(), string(back))
	if got.code != 1 || len(got.wrong) != 1 || !strings.Contains(got.wrong[0], `"sealed"`) {
		return cell{}, fmt.Errorf("the pull: exit code %d, %s%s", got.code, got.wrong, got.stderr)
	}
	if back.read("sealed") != "the copy of yesterday" || back.read("open") != "everybody reads this" || back.read("extra") != "only here" {
		return cell{}, errors.New("the pull changed or deleted an entry that it could not read, or deleted after an error")
	}
	return yes, l.replaceSealed(back)
}

// replaceSealed pushes over and deletes an object that cannot be read.
func (l *lab) replaceSealed(s site) error {
	if err := l.push(s); err != nil {
		return fmt.Errorf("over a sealed object: %w", err)
	}
	back, err := l.pull()
	if err != nil {
		return err
	}
	return s.differs(back)
}
