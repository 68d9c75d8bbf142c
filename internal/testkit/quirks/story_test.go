package quirks

import (
	"maps"
	"path/filepath"

	"github.com/s3fc/s3fc/internal/testkit/model"
)

// A story is a user's work with two buckets and two directories, over days.
type story struct {
	*lab
	src, back string // directories
	big       bool   // with a file that goes up in parts
}

// tell plays the story, and reports whether every run ended well. Guarantees are
// checked with every store: a run that ends with exit code 0 made the trees equal,
// the next has nothing to do, and one that fails says why, has left each key old or
// new and whole, and deleted nothing if a put failed.
func (l *lab) tell(big bool) (well bool) {
	l.Helper()
	dir := l.TempDir()
	s := &story{lab: l, src: filepath.Join(dir, "src"), back: filepath.Join(dir, "back"), big: big}
	l.server.CreateBucket("second")
	well = s.push(before)
	well = s.push(after) && well
	well = s.pull() && well
	well = s.check() && well
	well = s.within() && well
	return s.pullForeign() && well
}

// A place is a tree and a way to look at it behind s3fc's back.
type place struct {
	arg  string
	flat bool
	look func() model.State
}

func (s *story) inBucket(name string) place {
	return place{s.bucket(name), true, func() model.State {
		now, err := lookBucket(s.server.Store(), name)
		s.must(err)
		return now
	}}
}

func (s *story) inDir(dir string) place {
	return place{dir, false, func() model.State {
		now, err := lookDir(dir)
		s.must(err)
		return now
	}}
}

// push sets the source to state, and pushes it.
func (s *story) push(state model.State) (well bool) {
	s.Helper()
	if s.big {
		state = changed(state, model.State{"large": large})
	}
	s.write(s.src, state)
	return s.copy(s.inDir(s.src), s.inBucket("test"))
}

func (s *story) pull() (well bool) {
	s.Helper()
	return s.copy(s.inBucket("test"), s.inDir(s.back))
}

// within copies from one bucket to another of the same store.
func (s *story) within() (well bool) {
	s.Helper()
	return s.copy(s.inBucket("test"), s.inBucket("second"))
}

// check compares the source with the bucket.
func (s *story) check() (well bool) {
	s.Helper()
	o := s.run("check", s.src, s.bucket("test"))
	same := maps.Equal(s.inDir(s.src).look(), s.inBucket("test").look())
	switch {
	case o.code == 0 && !same:
		s.fail("check found no difference, and there is one: %v", o)
	case o.code != 0 && same && len(s.failed) == 0:
		s.fail("check found a difference, and there is none: %v", o)
	}
	return o.code == 0
}

// maxRuns is how many runs a copy may take that fails.
const maxRuns = 3

// copy copies, again if that fails, until the destination is equal, and then
// once more, which must find nothing to do.
func (s *story) copy(src, dst place) (well bool) {
	s.Helper()
	want := src.look()
	for range maxRuns {
		old := dst.look()
		o := s.run("copy", src.arg, dst.arg, "--max-delete=100%")
		now := dst.look()
		if o.code == 0 {
			if !maps.Equal(now, want) {
				s.fail("it says that all is well: %v%s", o, differences(now, want))
				return false
			}
			return s.idle(src, dst)
		}
		m := model.Copy{Src: want, Dst: old, Flat: dst.flat}
		if err := m.Between(now); err != nil {
			s.fail("after %v\t%w", o, err)
		}
		if err := m.Undeleted(now); err != nil {
			s.fail("after %v\t%w", o, err)
		}
		s.failed = append(s.failed, o)
	}
	return false
}

// idle copies again, which must find nothing to do and change nothing. A run that
// fails may try to write, and be refused, if it names the parameter of the URL that
// ends this.
func (s *story) idle(src, dst place) (well bool) {
	s.Helper()
	o := s.run("copy", src.arg, dst.arg, "--max-delete=100%")
	if o.writes() > 0 && !o.namesRemedy() || o.code == 0 && len(o.events) > 0 {
		s.fail("a run after all was done: %v", o)
	}
	if o.code != 0 {
		s.failed = append(s.failed, o)
	}
	return o.code == 0
}
