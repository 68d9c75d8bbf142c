package wire

import (
	"context"
	"net/http"
	"net/url"
)

// Deletion is one object of a batch, and on the way back the answer for it.
type Deletion struct {
	Key  string
	ETag string // with quotes; empty: whatever is there

	Code, Message string // why it was not deleted; both empty: it is gone
}

// DeleteBatch deletes objects with one request. The answers are by key; a key
// that the store says nothing about has none.
func (s *Sender) DeleteBatch(ctx context.Context, objects []Deletion) (map[string]Deletion, error) {
	type object struct {
		Key  string
		ETag string `xml:",omitempty"`
	}
	var doc struct {
		Object []object
		Quiet  bool
	}
	for _, d := range objects {
		doc.Object = append(doc.Object, object{d.Key, d.ETag})
	}
	r := NewRequest(http.MethodPost, "")
	r.Query = url.Values{"delete": {""}}
	if err := r.withDocument("Delete", doc); err != nil {
		return nil, err
	}
	var done struct {
		Deleted []struct{ Key string }
		Error   []Deletion
	}
	if _, err := s.call(ctx, r, &done, "DeleteResult"); err != nil {
		return nil, err
	}
	byKey := make(map[string]Deletion, len(objects))
	for _, d := range done.Deleted {
		byKey[d.Key] = Deletion{Key: d.Key}
	}
	for _, d := range done.Error {
		if d.Code == "" {
			d.Code = "Error"
		}
		byKey[d.Key] = d
	}
	return byKey, nil
}
