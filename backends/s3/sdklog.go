package s3

import (
	"fmt"
	"log/slog"

	"github.com/aws/smithy-go/logging"
)

// sdkLog passes the SDK's own lines, which go to stderr else, to the log of the run, at
// the level of debugging: none of them is about something that a user can change.
type sdkLog struct{ to *slog.Logger }

// Logf implements [logging.Logger].
func (l sdkLog) Logf(class logging.Classification, format string, args ...any) {
	l.to.Debug("AWS SDK: "+fmt.Sprintf(format, args...), "class", string(class))
}
