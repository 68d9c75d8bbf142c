package conformance

import (
	"context"
	"io"
	"iter"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// spy is a backend that has every ability and notes the calls that reach it. It
// stores nothing, and refuses nothing.
type spy struct {
	core.Backend // nil: no other method may be called
	calls        atomic.Int64
	deleted      []string
	put          []string
	checked      []string
	proved       []string
	remembered   []string
	copied       []string
	headed       []string // keys whose headers were set
	finished     bool
}

func describe(e core.Entry) string { return e.Key + " -> " + e.Target.String() }

func (s *spy) Features() core.Features {
	return core.Features{Links: true, URLLinks: true, DirTargets: true, Flat: true}
}

func (s *spy) Put(_ context.Context, e core.Entry, _ io.Reader, _ *core.Entry) (core.Entry, error) {
	s.put = append(s.put, describe(e))
	return e, nil
}

func (s *spy) Delete(_ context.Context, old core.Entry) error {
	s.calls.Add(1)
	s.deleted = append(s.deleted, old.Key)
	return nil
}

func (s *spy) BatchSize() int { return 100 }

func (s *spy) DeleteBatch(_ context.Context, olds []core.Entry) []error {
	s.calls.Add(1)
	for _, old := range olds {
		s.deleted = append(s.deleted, old.Key)
	}
	return make([]error, len(olds))
}

func (s *spy) CheckPut(e core.Entry) error {
	s.calls.Add(1)
	s.checked = append(s.checked, describe(e))
	return nil
}

func (s *spy) PartSizes(core.Entry) []int64 { return nil }

func (s *spy) Proves(have core.Entry, e core.Evidence) bool {
	s.calls.Add(1)
	s.proved = append(s.proved, have.Key+" -> "+e.Target.String())
	return true
}

func (s *spy) Fingerprint(core.Entry) string {
	s.calls.Add(1)
	return ""
}

func (s *spy) Remember(e core.Entry) {
	s.calls.Add(1)
	s.remembered = append(s.remembered, describe(e))
}

func (s *spy) Finish(context.Context, core.Done) ([]string, error) {
	s.calls.Add(1)
	s.finished = true
	return nil, nil
}

func (s *spy) CanCopy(core.Tree, core.Entry) bool { return true }

func (s *spy) CopyCost(core.Entry) core.Requests { return core.Requests{} }

func (s *spy) CopyFrom(_ context.Context, _ core.Tree, e core.Entry, key string, _ *core.Entry) (core.Entry, error) {
	s.calls.Add(1)
	s.copied = append(s.copied, key)
	e.Key = key
	return e, nil
}

func (s *spy) SetHeaders(_ context.Context, old core.Entry, _ *core.Headers, _ []string) (core.Entry, error) {
	s.calls.Add(1)
	s.headed = append(s.headed, old.Key)
	return old, nil
}

func (s *spy) CheckSetHeaders(core.Entry) error { return nil }

func (s *spy) SetHeadersCost(core.Entry) core.Requests { return core.Requests{} }

func (s *spy) Audit(context.Context, core.Entry) ([]core.Flaw, error) {
	s.calls.Add(1)
	return nil, nil
}

func (s *spy) Repair(_ context.Context, e core.Entry) (core.Entry, error) {
	s.calls.Add(1)
	return e, nil
}

func (s *spy) PutCost(core.Entry) core.Requests {
	s.calls.Add(1)
	return core.Requests{}
}

func (s *spy) OpenCost(core.Entry) core.Requests { return core.Requests{} }

func (s *spy) DeleteCost(int64) core.Requests { return core.Requests{} }

func (s *spy) Requests() core.Requests {
	s.calls.Add(1)
	return core.Requests{}
}

func (s *spy) Prices() (*core.Prices, bool) {
	s.calls.Add(1)
	return nil, false
}

func (s *spy) Endpoint() string {
	s.calls.Add(1)
	return ""
}

func (s *spy) Identity() string {
	s.calls.Add(1)
	return ""
}

func (s *spy) Versioning(context.Context) (core.Versions, error) {
	s.calls.Add(1)
	return core.VersionsUnknown, nil
}

func (s *spy) Keys(context.Context) iter.Seq[string] {
	s.calls.Add(1)
	return func(func(string) bool) {}
}

func (s *spy) PartSize(int64) int64 {
	s.calls.Add(1)
	return 0
}

func (s *spy) Routes(context.Context) ([]core.Entry, error) {
	s.calls.Add(1)
	return nil, nil
}

func (s *spy) CheckRoutes(context.Context, core.Routes) (core.RouteChange, error) {
	return core.RouteChange{}, nil
}

func (s *spy) Route(context.Context, core.Routes) error { return nil }

func (s *spy) Created() bool {
	s.calls.Add(1)
	return false
}

func (s *spy) Location() string {
	s.calls.Add(1)
	return ""
}

func (s *spy) ListDirs(context.Context, string) iter.Seq2[core.Entry, error] {
	s.calls.Add(1)
	return func(func(core.Entry, error) bool) {}
}

func (s *spy) RemoveDir(context.Context, string) error {
	s.calls.Add(1)
	return nil
}

func (s *spy) Website(context.Context) (*core.Website, error) {
	s.calls.Add(1)
	return &core.Website{}, nil
}

func (s *spy) Watch(context.Context, func(), func(string)) error {
	s.calls.Add(1)
	return nil
}
