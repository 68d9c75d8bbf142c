package release

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

// State says how far a release is.
type State string

// The states of a release.
const (
	Begun    State = "incomplete" // it is being written, or the job that wrote it has ended
	Complete State = "complete"
	Going    State = "going" // it is being deleted
)

// A Release is one release, as its marker describes it.
type Release struct {
	ID      string    `json:"id"`
	State   State     `json:"state"`
	Made    time.Time `json:"made"`    // by the clock of the job
	Entries int64     `json:"entries"` // of the site
	Job     string    `json:"job"`     // tells the jobs that wrote the release apart

	marker core.Entry // as it was seen
}

// dir is the key of the release's directory.
func (r *Release) dir() string { return s3fc.ReleasesDir + "/" + r.ID }

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CheckID reports whether id can be the name of a release.
func CheckID(id string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("%s: expected up to 100 letters, digits and ._-, beginning with a letter or a digit", core.DisplayKey(id))
	}
	return nil
}

// NewID returns a name for a release that is made now.
func NewID() string { return time.Now().UTC().Format("20060102T150405Z") }

// write stores the marker on the condition that it is still as it was seen.
func (s *Site) write(ctx context.Context, r *Release) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	e := core.Entry{Key: s3fc.ReleaseMarker(r.ID), Kind: core.File, Size: int64(len(text)), MD5: core.SumMD5(text)}
	var old *core.Entry
	if r.marker.Key != "" {
		old = &r.marker
	}
	stored, err := s.tree.Put(ctx, e, strings.NewReader(string(text)), old)
	if errors.Is(err, core.ErrChanged) {
		return fmt.Errorf("release %s is being written or deleted by another job at this moment: %w", r.ID, err)
	}
	r.marker = stored
	return err
}

// read returns the release id; the error is fs.ErrNotExist if it has no marker.
func (s *Site) read(ctx context.Context, id string) (*Release, error) {
	body, e, err := s.tree.Open(ctx, s3fc.ReleaseMarker(id))
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, fmt.Errorf("the marker %s is no file", core.DisplayKey(e.Key))
	}
	text, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	r := &Release{marker: e}
	if err := json.Unmarshal(text, r); err != nil || r.ID != id {
		return nil, fmt.Errorf("the marker %s is not one of s3fc: %w", core.DisplayKey(e.Key), errors.Join(err, fs.ErrInvalid))
	}
	return r, nil
}

// claim begins the release id, or goes on with one that was not completed.
func (s *Site) claim(ctx context.Context, id string) (*Release, error) {
	r, err := s.read(ctx, id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r = &Release{ID: id}
	case err != nil:
		return nil, err
	case r.State == Complete:
		return nil, fmt.Errorf("release %s is complete already: give another name with --id, or let current lead to it with rollback", id)
	case r.State == Going:
		return nil, fmt.Errorf("release %s is being deleted: give another name with --id", id)
	}
	r.State, r.Made, r.Job = Begun, time.Now().UTC().Truncate(time.Second), rand.Text()
	return r, s.write(ctx, r)
}

// List returns the releases that have a marker, the newest first, and the id of the one
// that current leads to, or "".
func (s *Site) List(ctx context.Context) (all []*Release, current string, err error) {
	link, err := s.current(ctx)
	if err != nil {
		return nil, "", err
	}
	for e, err := range s.tree.List(ctx, s3fc.ReleaseMarkers+"/") {
		if err != nil {
			return nil, "", err
		}
		id, ok := s3fc.ReleaseOfMarker(e.Key)
		if !ok {
			break
		}
		r, err := s.read(ctx, id)
		if err != nil {
			return nil, "", err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *Release) int {
		if c := b.Made.Compare(a.Made); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return all, idOf(link), nil
}
