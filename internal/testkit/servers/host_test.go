package servers_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/internal/testkit/servers"
)

// host makes the bucket a website that everybody may read.
func (l *lab) host() error {
	_, err := l.server.Client().PutBucketWebsite(l.ctx, &s3.PutBucketWebsiteInput{Bucket: &l.bucket, WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
	}})
	if err != nil {
		return fmt.Errorf("put bucket website: %w", err)
	}
	if l.server.Name == "s3rver" || l.server.Name == servers.Own {
		return nil // has no policies, and needs none
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}]}`, l.bucket)
	_, err = l.server.Client().PutBucketPolicy(l.ctx, &s3.PutBucketPolicyInput{Bucket: &l.bucket, Policy: &policy})
	if err != nil {
		return fmt.Errorf("put bucket policy: %w", err)
	}
	return nil
}
