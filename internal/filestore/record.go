package filestore

import (
	"maps"
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/internal/s3server"
)

const storageClass = "X-Amz-Storage-Class"

// A segment is one blob of an object.
type segment struct {
	blob string
	size int64 // bytes, more than 0
}

// An object is the index record of an object.
type object struct {
	size     int64
	modTime  time.Time
	etag     string // without quotes
	class    string
	meta     map[string]string
	segments []segment
}

// newObject completes the headers with the time if they have none.
func newObject(meta map[string]string, size int64, etag string, segments []segment) *object {
	meta = maps.Clone(meta)
	if meta == nil {
		meta = make(map[string]string)
	}
	t, err := http.ParseTime(meta["Last-Modified"])
	if err != nil {
		t = time.Now()
		meta["Last-Modified"] = t.UTC().Format(http.TimeFormat)
	}
	return &object{size: size, modTime: t, etag: etag, class: meta[storageClass], meta: meta, segments: segments}
}

// encode puts the fields first that a listing needs.
func (o *object) encode() []byte {
	var e encoder
	e.num(o.size)
	e.time(o.modTime)
	e.str(o.etag)
	e.str(o.class)
	e.headers(o.meta)
	encodeSegments(&e, o.segments)
	return e.b
}

func decodeObject(b []byte) (*object, error) {
	d := decoder{b: b}
	o := decodeHead(&d)
	o.meta = d.headers()
	o.segments = decodeSegments(&d)
	return o, d.err
}

func decodeHead(d *decoder) *object {
	return &object{size: d.num(), modTime: d.time(), etag: d.str(), class: d.str()}
}

func encodeSegments(e *encoder, segments []segment) {
	e.num(int64(len(segments)))
	for _, s := range segments {
		e.str(s.blob)
		e.num(s.size)
	}
}

func decodeSegments(d *decoder) []segment {
	n := d.count()
	segments := make([]segment, 0, n)
	for range n {
		segments = append(segments, segment{blob: d.str(), size: d.num()})
	}
	return segments
}

// gofakes3 returns o as gofakes3 has objects, without its content.
func (o *object) gofakes3(key string) *gofakes3.Object {
	meta := maps.Clone(o.meta)
	meta[s3server.ETagKey] = o.etag
	return &gofakes3.Object{Name: key, Metadata: meta, Size: o.size, Hash: hashOf(o.etag), Contents: http.NoBody}
}

// content returns o as a listing has it; only the head is needed.
func (o *object) content(key string) *gofakes3.Content {
	return &gofakes3.Content{
		Key: key, Size: o.size, ETag: `"` + o.etag + `"`,
		LastModified: gofakes3.NewContentTime(o.modTime.Truncate(time.Second)), StorageClass: gofakes3.StorageClass(o.class),
	}
}

// An upload is the index record of a multipart upload.
type upload struct {
	bucket, key string
	meta        map[string]string
	started     time.Time
}

func (u *upload) encode() []byte {
	var e encoder
	e.str(u.bucket)
	e.str(u.key)
	e.time(u.started)
	e.headers(u.meta)
	return e.b
}

func decodeUpload(b []byte) (*upload, error) {
	d := decoder{b: b}
	u := &upload{bucket: d.str(), key: d.str(), started: d.time()}
	u.meta = d.headers()
	return u, d.err
}

// A part is the index record of a part of an upload.
type part struct {
	s3server.Part
	stored   time.Time
	segments []segment // none for an empty part, else one
}

func (p *part) encode() []byte {
	var e encoder
	e.num(p.Size)
	e.str(string(p.MD5[:]))
	e.time(p.stored)
	encodeSegments(&e, p.segments)
	return e.b
}

func decodePart(b []byte) (*part, error) {
	d := decoder{b: b}
	p := &part{Part: s3server.Part{Size: d.num()}}
	copy(p.MD5[:], d.str())
	p.stored = d.time()
	p.segments = decodeSegments(&d)
	return p, d.err
}
