package cache

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/s3fc/s3fc/core"
)

// A record has the facts about one version of an entry, and the mark of its headers.
// The mark counts for each entry of this size and token, whatever its time: a store's
// answer to a Put does not tell the time.
type record struct {
	version
	mark    core.HeaderMark
	bare    bool // there is nothing but the mark
	kind    core.Kind
	md5     core.MD5
	parts   core.PartsHash
	modTime time.Time
	target  core.Target
	problem string
}

// A version has the fields by which a listing tells versions of an entry apart.
type version struct {
	size    int64
	token   string
	changed int64 // Unix seconds, 0 for not known
}

func versionOf(e *core.Entry) version {
	v := version{size: e.Size, token: e.Token}
	if !e.Changed.IsZero() {
		v.changed = e.Changed.Unix()
	}
	return v
}

func recordOf(e *core.Entry) *record {
	r := &record{version: versionOf(e), mark: e.HeaderMark, kind: e.Kind, md5: e.MD5, parts: e.Parts, modTime: e.ModTime, target: e.Target}
	if e.Problem != nil {
		r.problem = e.Problem.Error()
	}
	return r
}

// complete adds the facts of the record to e.
func (r *record) complete(e *core.Entry) {
	e.HeaderMark = r.mark
	if r.bare {
		return
	}
	e.Kind, e.MD5, e.Parts, e.Target, e.Partial, e.MaybeLink = r.kind, r.md5, r.parts, r.target, false, false
	if e.ModTime.IsZero() {
		e.ModTime = r.modTime
	}
	if r.kind == core.Other {
		e.Problem = errors.New(r.problem)
	}
}

// hasContentOf reports whether the record is of a file that is known to have the
// content of e.
func (r *record) hasContentOf(e *core.Entry) bool {
	return r.kind == core.File && (e.MD5.Known() && r.md5 == e.MD5 || e.Parts.Count > 0 && r.parts == e.Parts)
}

// Fields that a record has, beside its kind in the lowest two bits. Older programs know
// neither hasMark nor bareKind, and take such records as not known.
const (
	hasMD5 = 1 << (2 + iota)
	hasParts
	hasTime
	hasTarget
	hasProblem
	hasMark

	bareKind = 3 // in place of a kind
)

func (r *record) flags() byte {
	if r.bare {
		return bareKind | hasMark
	}
	return byte(r.kind) | flag(hasMark, r.mark != "") | flag(hasMD5, r.md5.Known()) | flag(hasParts, r.parts.Count > 0) |
		flag(hasTime, !r.modTime.IsZero()) | flag(hasTarget, r.target != core.Target{}) | flag(hasProblem, r.problem != "")
}

func flag(bit byte, set bool) byte {
	if set {
		return bit
	}
	return 0
}

// append encodes the record behind b. The version comes first.
func (r *record) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(r.size)) //nolint:gosec // A size is not negative, and if it is, it is one that nothing matches.
	b = binary.AppendVarint(b, r.changed)
	b = appendString(b, r.token)
	b = append(b, r.flags())
	if r.md5.Known() {
		b = appendSum(b, r.md5)
	}
	if r.parts.Count > 0 {
		b = binary.AppendVarint(b, r.parts.PartSize)
		b = binary.AppendVarint(b, int64(r.parts.Count))
		b = appendSum(b, r.parts.MD5)
	}
	if !r.modTime.IsZero() {
		b = binary.AppendVarint(b, r.modTime.Unix())
		b = binary.AppendVarint(b, int64(r.modTime.Nanosecond()))
	}
	if (r.target != core.Target{}) {
		b = append(b, byte(r.target.Dir))
		b = appendString(appendString(b, r.target.Key), r.target.URL)
	}
	if r.problem != "" {
		b = appendString(b, r.problem)
	}
	if r.mark != "" {
		b = appendString(b, string(r.mark))
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBytes(b, p []byte) []byte { return append(binary.AppendUvarint(b, uint64(len(p))), p...) }

func appendSum(b []byte, m core.MD5) []byte {
	sum := m.Sum()
	return append(b, sum[:]...)
}

// decodeAs makes r of a record of version v; false if it is of another one, or
// anything that append does not make. A record that has nothing but a mark of v, or
// is of another time than v, makes r bare.
func (r *record) decodeAs(b []byte, v version) bool {
	d := decoder{b: b}
	size, changed, token := d.uvarint(), d.varint(), d.bytes()
	if size != uint64(v.size) || string(token) != v.token { //nolint:gosec // As in append.
		return false
	}
	if changed != v.changed && (v.token == "" || len(d.b) == 0 || d.b[0]&hasMark == 0) {
		return false
	}
	known := r.mark
	*r = record{version: v, mark: known}
	if !d.rest(r) {
		return false
	}
	r.bare = r.bare || changed != v.changed
	return true
}

// rest decodes the fields after the version.
func (d *decoder) rest(r *record) bool {
	f := d.byte()
	r.kind = core.Kind(f & 3)
	if f&3 == bareKind {
		r.kind, r.bare = core.File, true
	}
	if f&hasMD5 != 0 {
		r.md5 = d.sum()
	}
	if f&hasParts != 0 {
		r.parts = core.PartsHash{PartSize: d.varint(), Count: int(d.varint()), MD5: d.sum()}
		d.bad = d.bad || r.parts.Count <= 0
	}
	if f&hasTime != 0 {
		r.modTime = time.Unix(d.varint(), d.varint())
	}
	if f&hasTarget != 0 {
		r.target = core.Target{Dir: core.Dir(d.byte()), Key: string(d.bytes()), URL: string(d.bytes())}
	}
	if f&hasProblem != 0 {
		r.problem = string(d.bytes())
	}
	d.mark(r, f&hasMark != 0)
	return !d.bad && len(d.b) == 0 && r.makesSense()
}

// mark decodes a mark. Few files have another one than the file before: that string is
// used again.
func (d *decoder) mark(r *record, has bool) {
	var mark []byte
	if has {
		mark = d.bytes()
	}
	if string(mark) != string(r.mark) {
		r.mark = core.HeaderMark(mark)
	}
}

// makesSense reports whether the record is one that recordOf can make.
func (r *record) makesSense() bool {
	if r.bare {
		return r.mark != "" && r.token != "" && !r.md5.Known() && r.target == core.Target{} && r.problem == ""
	}
	switch r.kind {
	case core.File:
		return r.target == core.Target{} && r.problem == ""
	case core.Link:
		return r.target.Check() == nil && r.target.Dir <= core.NotDir && !r.md5.Known()
	case core.Other:
		return r.problem != "" && !r.md5.Known()
	}
	return false
}

// decoder takes pieces off the front of b; once it is bad, it stays so.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.skip(n)
	return v
}

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.b, d.bad = nil, true
		return
	}
	d.b = d.b[n:]
}

// take returns the next n bytes.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.bad = nil, true
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) sum() core.MD5 {
	if p := d.take(16); p != nil {
		return core.MD5Of([16]byte(p))
	}
	return core.MD5{}
}
