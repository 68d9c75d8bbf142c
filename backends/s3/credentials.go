package s3

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// slowestSource is how long a source of credentials may take: a credential_process
	// has a minute, in which it may ask a person.
	slowestSource = 70 * time.Second
	// slowestContainer is how long the service of a container may take, which is on
	// the same machine.
	slowestContainer = 10 * time.Second
)

// containerVariables name the service that gives a container its credentials. The SDK
// waits for its answer without a limit.
var containerVariables = []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}

// limited are credentials of a source that may never answer.
type limited struct {
	source aws.CredentialsProvider
	limit  time.Duration
	name   string // of the source, for a person
}

// limitedSource returns the credentials of a configuration, with a limit on the time
// that they take; nil stays nil.
func limitedSource(source aws.CredentialsProvider) aws.CredentialsProvider {
	if source == nil {
		return nil
	}
	l := &limited{source, slowestSource, "the source of the credentials"}
	for _, name := range containerVariables {
		if v := os.Getenv(name); v != "" {
			l.limit, l.name = slowestContainer, "the service that "+name+" names"
		}
	}
	return l
}

// Retrieve implements [aws.CredentialsProvider].
func (l *limited) Retrieve(ctx context.Context) (aws.Credentials, error) {
	inner, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	creds, err := l.source.Retrieve(inner)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s has not answered for %s", l.name, l.limit)
	}
	return creds, err
}

// Invalidate makes the next Retrieve ask the source, as [aws.CredentialsCache] does.
func (l *limited) Invalidate() {
	if cache, ok := l.source.(interface{ Invalidate() }); ok {
		cache.Invalidate()
	}
}

// IsCredentialsProvider reports whether the source is of the type of target, for
// [aws.IsCredentialsProvider].
func (l *limited) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(l.source, target)
}
