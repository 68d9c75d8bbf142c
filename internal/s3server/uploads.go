package s3server

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"crypto/rand"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// memoryUploads stores multipart uploads in memory. It is safe for concurrent use.
type memoryUploads struct {
	uploadsMu sync.Mutex
	uploads   map[gofakes3.UploadID]*memoryUpload
}

type memoryUpload struct {
	bucket, key string
	meta        map[string]string
	started     time.Time
	parts       map[int]memoryPart
}

type memoryPart struct {
	Part
	content []byte
	stored  time.Time
}

// CreateMultipartUpload implements [gofakes3.MultipartBackend].
func (u *memoryUploads) CreateMultipartUpload(bucket, key string, meta map[string]string) (gofakes3.UploadID, error) {
	id := gofakes3.UploadID(rand.Text())
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	u.uploads[id] = &memoryUpload{bucket: bucket, key: key, meta: meta, started: time.Now(), parts: make(map[int]memoryPart)}
	return id, nil
}

// find returns an upload. The caller has locked uploadsMu.
func (u *memoryUploads) find(bucket, key string, id gofakes3.UploadID) (*memoryUpload, error) {
	up := u.uploads[id]
	if up == nil || up.bucket != bucket || up.key != key {
		return nil, NoSuchUpload()
	}
	return up, nil
}

// NoSuchUpload returns the error for an unknown upload, or one that has ended.
func NoSuchUpload() error {
	return gofakes3.ErrorMessage(gofakes3.ErrNoSuchUpload, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
}

// UploadPart implements [gofakes3.MultipartBackend].
func (u *memoryUploads) UploadPart(bucket, key string, id gofakes3.UploadID, number int, size int64, input io.Reader) (string, error) {
	content, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return "", err
	}
	part := memoryPart{Part: Part{Size: size, MD5: md5.Sum(content)}, content: content, stored: time.Now()} //nolint:gosec // S3's ETag.
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	up, err := u.find(bucket, key, id)
	if err != nil {
		return "", err
	}
	up.parts[number] = part
	return quote(hex.EncodeToString(part.MD5[:])), nil
}

// AbortMultipartUpload implements [gofakes3.MultipartBackend].
func (u *memoryUploads) AbortMultipartUpload(bucket, key string, id gofakes3.UploadID) error {
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	if _, err := u.find(bucket, key, id); err != nil {
		return err
	}
	delete(u.uploads, id)
	return nil
}

// assemble returns the object of a completed upload.
func (u *memoryUploads) assemble(bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (meta map[string]string, content []byte, etag string, err error) {
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	up, err := u.find(bucket, key, id)
	if err != nil {
		return nil, nil, "", err
	}
	etag, err = AssembleParts(in, func(n int) (Part, bool) {
		p, ok := up.parts[n]
		return p.Part, ok
	})
	if err != nil {
		return nil, nil, "", err
	}
	for _, p := range in.Parts {
		content = append(content, up.parts[p.PartNumber].content...)
	}
	meta = maps.Clone(up.meta)
	meta[PartsKey] = PartSizes(in, func(n int) int64 { return up.parts[n].Size })
	return meta, content, etag, nil
}

// ListParts implements [gofakes3.MultipartBackend].
func (u *memoryUploads) ListParts(bucket, key string, id gofakes3.UploadID, marker int, limit int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	up, err := u.find(bucket, key, id)
	if err != nil {
		return nil, err
	}
	out := &gofakes3.ListMultipartUploadPartsResult{Bucket: bucket, Key: key, UploadID: id, PartNumberMarker: marker, MaxParts: limit, StorageClass: "STANDARD"}
	for _, n := range slices.Sorted(maps.Keys(up.parts)) {
		p := up.parts[n]
		if !AddPart(out, n, p.Part, p.stored) {
			break
		}
	}
	return out, nil
}

// AddPart adds a part to a listing of parts, and reports whether there is
// room for more.
func AddPart(out *gofakes3.ListMultipartUploadPartsResult, number int, p Part, stored time.Time) bool {
	switch {
	case number <= out.PartNumberMarker:
		return true
	case int64(len(out.Parts)) == out.MaxParts:
		out.IsTruncated = true
		return false
	}
	out.NextPartNumberMarker = number
	out.Parts = append(out.Parts, gofakes3.ListMultipartUploadPartItem{
		PartNumber: number, Size: p.Size, ETag: quote(hex.EncodeToString(p.MD5[:])),
		LastModified: gofakes3.NewContentTime(stored.Truncate(time.Second)),
	})
	return true
}

// ListMultipartUploads implements [gofakes3.MultipartBackend].
func (u *memoryUploads) ListMultipartUploads(bucket string, marker *gofakes3.UploadListMarker, prefix gofakes3.Prefix, limit int64) (*gofakes3.ListMultipartUploadsResult, error) {
	u.uploadsMu.Lock()
	defer u.uploadsMu.Unlock()
	var all []gofakes3.ListMultipartUploadItem
	for id, up := range u.uploads {
		if up.bucket == bucket {
			all = append(all, gofakes3.ListMultipartUploadItem{Key: up.key, UploadID: id, Initiated: gofakes3.NewContentTime(up.started)})
		}
	}
	return UploadPage(bucket, all, marker, prefix, limit), nil
}

// UploadPage makes one page of a listing of uploads, in order of key and ID.
// A delimiter is not looked at.
func UploadPage(bucket string, all []gofakes3.ListMultipartUploadItem, marker *gofakes3.UploadListMarker, prefix gofakes3.Prefix, limit int64) *gofakes3.ListMultipartUploadsResult {
	slices.SortFunc(all, func(a, b gofakes3.ListMultipartUploadItem) int {
		return strings.Compare(a.Key+"\x00"+string(a.UploadID), b.Key+"\x00"+string(b.UploadID))
	})
	out := &gofakes3.ListMultipartUploadsResult{Bucket: bucket, Prefix: prefix.Prefix, MaxUploads: limit}
	if marker != nil {
		out.KeyMarker, out.UploadIDMarker = marker.Object, marker.UploadID
	}
	for _, up := range all {
		if !strings.HasPrefix(up.Key, prefix.Prefix) || marker != nil && !followsMarker(up, *marker) {
			continue
		}
		if int64(len(out.Uploads)) == limit {
			out.IsTruncated = true
			break
		}
		up.StorageClass = "STANDARD"
		out.Uploads = append(out.Uploads, up)
		out.NextKeyMarker, out.NextUploadIDMarker = up.Key, up.UploadID
	}
	return out
}

func followsMarker(up gofakes3.ListMultipartUploadItem, m gofakes3.UploadListMarker) bool {
	return up.Key > m.Object || up.Key == m.Object && m.UploadID != "" && up.UploadID > m.UploadID
}
