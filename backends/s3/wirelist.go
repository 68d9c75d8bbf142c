package s3

import (
	"context"
	"net/http"
	"net/url"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// pageQuery asks for a page: of the keys behind after, or with a token of those
// behind the page that gave it.
type pageQuery struct {
	after, token string
	// level, if not nil, asks for what lies in that directory of the bucket
	// instead of all keys of the tree: its objects, and the names below it.
	level *string
}

// askPage gets one page: one LIST.
func (t *Tree) askPage(ctx context.Context, q pageQuery) (p listPage, err error) {
	r := wire.NewRequest(http.MethodGet, "")
	r.Query = url.Values{"list-type": {"2"}, "encoding-type": {encodingURL}}
	prefix, delimiter := t.prefix, ""
	if q.level != nil {
		prefix, delimiter = *q.level, "/"
	}
	for name, value := range map[string]string{"prefix": prefix, "delimiter": delimiter, "start-after": q.after, "continuation-token": q.token} {
		if value != "" {
			r.Query.Set(name, value)
		}
	}
	_, err = t.wire.Read(ctx, r, func(b []byte) error {
		p, err = parsePage(b)
		return err
	})
	return p, err
}
