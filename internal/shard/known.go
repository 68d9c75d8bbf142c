package shard

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Known reads keys to choose cuts from: at is the path or URL of the run.json of an
// earlier run, of the manifest.json of an S3 Inventory of one of the two trees, or of
// a file with one key a line.
func (t *Tasks) Known(ctx context.Context, at, src, dst string) (*Known, error) {
	u, err := t.Mux.Parse(at)
	if err != nil {
		return nil, err
	}
	body, err := t.openFile(ctx, u, 1, "")
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // It was only read.
	r := bufio.NewReader(body)
	if first, err := r.Peek(1); err != nil || first[0] != '{' {
		known, err := keysByLine(r)
		return known, named(at, err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxRecord))
	if err != nil {
		return nil, named(at, err)
	}
	var j struct {
		Run int `json:"s3fc_run"`
		inventory
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, named(at, err)
	}
	switch {
	case j.Run == Format:
		var run Run
		err := json.Unmarshal(text, &run)
		return &Known{cuts: run.Cuts}, named(at, err)
	case len(j.Files) > 0:
		known, err := t.inventoryKeys(ctx, u, &j.inventory, src, dst)
		return known, named(at, err)
	}
	return nil, fmt.Errorf("%s is neither the run.json of a run, nor the manifest.json of an S3 Inventory with files, nor a list of keys", at)
}

func named(at string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", at, err)
	}
	return err
}

// openFile opens the file at u, or, if key is not empty, the file key in the directory
// that is up levels above it.
func (t *Tasks) openFile(ctx context.Context, u *url.URL, up int, key string) (io.ReadCloser, error) {
	dir := *u
	name := ""
	for range up {
		dir.Path = strings.TrimRight(dir.Path, "/")
		i := strings.LastIndexByte(dir.Path, '/')
		if i < 0 {
			return nil, fmt.Errorf("%s names no file in a directory", u.Redacted())
		}
		name = path.Join(dir.Path[i+1:], name)
		dir.Path, dir.RawPath = dir.Path[:i+1], ""
	}
	if key == "" {
		key = name
	}
	tree, err := t.Mux.Open(ctx, &dir, core.Env{Log: t.Options.Log})
	if err != nil {
		return nil, err
	}
	body, _, err := tree.Open(ctx, key)
	if err == nil && body == nil {
		err = fmt.Errorf("%s is a link", key)
	}
	if err != nil {
		return nil, errors.Join(err, core.Close(tree))
	}
	return &fileOfTree{body, tree}, nil
}

// fileOfTree is an open file that closes its tree with it.
type fileOfTree struct {
	io.ReadCloser
	tree core.Tree
}

func (f *fileOfTree) Close() error { return errors.Join(f.ReadCloser.Close(), core.Close(f.tree)) }

// keysByLine reads a key a line, in quotes or not.
func keysByLine(r io.Reader) (*Known, error) {
	s := new(sample)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if key := strings.Trim(lines.Text(), "\"\r"); core.ValidKey(key) {
			s.add(key)
		}
	}
	return &Known{keys: s}, lines.Err()
}

// inventory is the manifest of an S3 Inventory, as far as it matters here.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
type inventory struct {
	SourceBucket string `json:"sourceBucket"`
	FileFormat   string `json:"fileFormat"`
	FileSchema   string `json:"fileSchema"` // "Bucket, Key, Size, …"
	Files        []struct {
		Key string `json:"key"`
	} `json:"files"`
}

// inventoryKeys samples the keys of an inventory that lie below the tree of the two
// that is in its bucket. The data files lie in the directory data beside that of the
// manifest.
func (t *Tasks) inventoryKeys(ctx context.Context, manifest *url.URL, v *inventory, src, dst string) (*Known, error) {
	if v.FileFormat != "CSV" {
		return nil, fmt.Errorf("the inventory is in the format %s: configure one in CSV", v.FileFormat)
	}
	prefix, err := t.inventoryPrefix(v, src, dst)
	if err != nil {
		return nil, err
	}
	rows := inventoryRows{prefix: prefix, sample: new(sample)}
	if err := rows.columns(v.FileSchema); err != nil {
		return nil, err
	}
	for _, f := range v.Files {
		body, err := t.openFile(ctx, manifest, 2, "data/"+path.Base(f.Key))
		if err == nil {
			err = errors.Join(rows.read(body), body.Close())
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return &Known{keys: rows.sample}, nil
}

// inventoryPrefix returns the prefix of the keys of the tree that the inventory is of.
func (t *Tasks) inventoryPrefix(v *inventory, trees ...string) (string, error) {
	for _, tree := range trees {
		u, err := t.Mux.Parse(tree)
		if err == nil && u.Host == v.SourceBucket && u.Host != "" {
			prefix := strings.Trim(u.Path, "/")
			if prefix != "" {
				prefix += "/"
			}
			return prefix, nil
		}
	}
	return "", fmt.Errorf("it is an inventory of the bucket %s, and neither %s is in it", v.SourceBucket, strings.Join(trees, " nor "))
}

// inventoryRows reads the data files of an inventory.
type inventoryRows struct {
	prefix               string
	key, latest, deleted int // the columns; -1 for one that is not there
	sample               *sample
}

func (r *inventoryRows) columns(schema string) error {
	names := strings.Split(schema, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	r.key, r.latest, r.deleted = slices.Index(names, "Key"), slices.Index(names, "IsLatest"), slices.Index(names, "IsDeleteMarker")
	if r.key < 0 {
		return fmt.Errorf("the inventory has no column Key: %q", schema)
	}
	return nil
}

// read reads a data file, which may be compressed.
func (r *inventoryRows) read(body io.Reader) error {
	in := bufio.NewReaderSize(body, 64<<10)
	var text io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		text = z
	}
	rows := csv.NewReader(text)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := r.row(row); err != nil {
			return err
		}
	}
}

func (r *inventoryRows) row(row []string) error {
	is := func(column int, value string) bool { return column >= 0 && column < len(row) && row[column] == value }
	if len(row) <= r.key || is(r.latest, "false") || is(r.deleted, "true") {
		return nil
	}
	key, err := url.QueryUnescape(row[r.key])
	if err != nil {
		return err
	}
	if key, below := strings.CutPrefix(key, r.prefix); below && core.ValidKey(key) {
		r.sample.add(strings.Clone(key))
	}
	return nil
}
