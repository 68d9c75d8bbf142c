package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// ErrMarkedRelease: the plan deletes entries of a release that was marked, as package
// internal/release marks them. A [GuardError] wraps it.
var ErrMarkedRelease = errors.New("the plan deletes entries of a release")

const (
	// ReleasesDir is the directory of a tree that has its releases, each in a directory
	// of its own.
	ReleasesDir = "releases"
	// ReleaseMarkers is the directory of their markers.
	ReleaseMarkers = ReleasesDir + "/" + markersDir
	// ReleaseLink is the link to the release that visitors see.
	ReleaseLink = "current"
	markersDir  = ".s3fc" // in ReleasesDir
	markerEnd   = ".json"
)

// ReleaseMarker returns the key of the marker of the release id. It lies beside the
// releases, so that it is no entry of the site.
func ReleaseMarker(id string) string {
	return ReleaseMarkers + "/" + id + markerEnd
}

// ReleaseOfMarker returns the id of the release whose marker is at key.
func ReleaseOfMarker(key string) (id string, ok bool) {
	name, below := strings.CutPrefix(key, ReleaseMarkers+"/")
	id, end := strings.CutSuffix(name, markerEnd)
	return id, below && end && id != "" && !strings.Contains(id, "/")
}

// releaseAt is a directory that may be a release: id, in the tree that is at root, a
// path without slashes at its ends.
type releaseAt struct{ root, id string }

// releasesAround yields the directories that may be releases and have the entry at
// path in them, or in their marker.
func releasesAround(path string) iter.Seq[releaseAt] {
	return func(yield func(releaseAt) bool) {
		segments := strings.Split(path, "/")
		for i, s := range segments[:len(segments)-1] {
			if s != ReleasesDir {
				continue
			}
			id := segments[i+1]
			if id == markersDir && i+2 < len(segments) {
				id, _ = strings.CutSuffix(segments[i+2], markerEnd)
			}
			if !yield(releaseAt{strings.Join(segments[:i], "/"), id}) {
				return
			}
		}
	}
}

// guardReleases stops a plan that deletes entries of a marked release. The error is not
// nil only if that could not be found out, and the plan is closed then.
func (c *Changes) guardReleases(ctx context.Context) error {
	err := c.checkReleases(ctx)
	if isGuard(err) {
		c.stopped = err
		return nil
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return nil
}

// checkReleases returns a [GuardError] if the plan deletes entries of a release that
// was marked. It asks for markers only if the plan deletes below a directory of that
// name.
func (c *Changes) checkReleases(ctx context.Context) error {
	if c.run.o.DeleteReleases || c.plan.Totals().Deletes == 0 {
		return nil
	}
	deleted, err := c.run.releasesOf(c.plan)
	if err != nil {
		return err
	}
	for _, d := range deleted {
		if d.link != nil {
			var leads bool
			if d.releaseAt, leads, err = c.run.releaseBehind(ctx, d.link); err != nil {
				return err
			} else if !leads {
				continue
			}
		}
		marked, err := c.run.isMarked(ctx, d.releaseAt)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return &GuardError{Err: fmt.Errorf("%w: %s, perhaps; its marker cannot be asked for: %w", ErrMarkedRelease, core.DisplayKey(ReleasesDir+"/"+d.id), err)}
		case err != nil:
			return fmt.Errorf("whether %s/%s is a release cannot be found out: %w", ReleasesDir, core.DisplayKey(d.id), err)
		case marked:
			return &GuardError{Err: fmt.Errorf("%w: %s, as %s", ErrMarkedRelease, core.DisplayKey(c.run.releaseName(d.releaseAt)), core.DisplayKey(d.key)),
				Deletes: c.plan.Totals().Deletes, Entries: c.plan.Totals().DstEntries}
		}
	}
	return nil
}

// deletedRelease is a directory that may be a release, and the key of the first entry
// in it that a plan deletes; or a link that may be the one that visitors follow to a
// release, which is not known then.
type deletedRelease struct {
	releaseAt
	key  string
	link *core.Entry
}

// releasesOf returns the directories that may be releases, of which the plan deletes
// entries or the link to it, in the order of the plan. Each costs one request, and a
// link one more if its listing does not show where it leads.
func (r *run) releasesOf(p *reconcile.Plan) ([]deletedRelease, error) {
	var deleted []deletedRelease
	seen := make(map[releaseAt]bool)
	for act, err := range p.All() {
		if err != nil {
			return nil, err
		}
		if act.Op != reconcile.OpDelete {
			continue
		}
		if path.Base(act.Key) == ReleaseLink && (act.Dst.Kind == core.Link || act.Dst.MaybeLink) {
			link := *act.Dst
			deleted = append(deleted, deletedRelease{key: act.Key, link: &link})
		}
		for rel := range releasesAround(strings.TrimPrefix(r.destinationPath()+"/"+act.Key, "/")) {
			if !seen[rel] {
				seen[rel] = true
				deleted = append(deleted, deletedRelease{releaseAt: rel, key: act.Key})
			}
		}
	}
	return deleted, nil
}

// releaseBehind returns the directory that may be a release and to which the entry e
// of the destination leads; ok is false if it leads to none.
func (r *run) releaseBehind(ctx context.Context, e *core.Entry) (rel releaseAt, ok bool, err error) {
	if e.Partial || e.MaybeLink {
		now, err := r.dst.tree.Stat(ctx, e.Key)
		if errors.Is(err, fs.ErrNotExist) {
			return rel, false, nil
		} else if err != nil {
			return rel, false, fmt.Errorf("whether %s leads to a release cannot be found out: %w", core.DisplayKey(e.Key), err)
		}
		e = &now
	}
	if e.Kind != core.Link || e.Target.URL != "" {
		return rel, false, nil
	}
	for rel := range releasesAround(strings.TrimPrefix(r.destinationPath()+"/"+strings.TrimSuffix(e.Target.Key, "/")+"/", "/")) {
		return rel, true, nil
	}
	return rel, false, nil
}

// releaseName is the path of a release in the destination; if that lies in the
// release, or in its directory of releases, its path in the store.
func (r *run) releaseName(rel releaseAt) string {
	name := strings.TrimPrefix(rel.root+"/"+ReleasesDir+"/"+rel.id, "/")
	if at := r.destinationPath(); rel.root == at || strings.HasPrefix(rel.root, at+"/") {
		return strings.TrimPrefix(name, at+"/")
	}
	return name
}

// destinationPath is the path of the destination in its store, without slashes at its
// ends: the destination may lie in a release.
func (r *run) destinationPath() string {
	if r.dst.url == nil {
		return ""
	}
	return strings.Trim(r.dst.url.Path, "/")
}

// isMarked reports whether a directory is a release that was marked.
func (r *run) isMarked(ctx context.Context, rel releaseAt) (bool, error) {
	at := r.destinationPath()
	marker := strings.TrimPrefix(rel.root+"/"+ReleaseMarker(rel.id), "/")
	if core.CheckKey(marker) != nil {
		return false, nil
	}
	tree, key := core.Tree(r.dst.tree), marker
	if at != "" {
		below, inside := strings.CutPrefix(marker, at+"/")
		key = below
		if !inside {
			root := *r.dst.url
			root.Path, root.RawPath = "/"+rel.root, ""
			env := r.env
			env.Create, env.Hidden = false, nil
			opened, err := r.mux.Open(ctx, &root, env)
			if err != nil {
				return false, err
			}
			defer func() { _ = core.Close(opened) }() // only read
			tree, key = opened, ReleaseMarker(rel.id)
		}
	}
	_, err := tree.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
