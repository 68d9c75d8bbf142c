package core

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

// entryJSON is an Entry in a plan and in a sorted run.
type entryJSON struct {
	Key       string    `json:"key"`
	KeyBytes  string    `json:"key_bytes,omitempty"`
	Kind      Kind      `json:"kind"`
	Partial   bool      `json:"partial,omitempty"`
	MaybeLink bool      `json:"maybe_link,omitempty"`
	Size      int64     `json:"size"`
	MD5       MD5       `json:"md5,omitzero"`
	Target    Target    `json:"target,omitzero"`
	ModTime   time.Time `json:"mtime,omitzero"`
	ModUnix   *unixTime `json:"mtime_unix,omitempty"` // instead of ModTime
	Token     string    `json:"token,omitempty"`
	Reuse     string    `json:"reuse,omitempty"`
	Headers   *Headers  `json:"headers,omitempty"`
	Mark      string    `json:"header_mark,omitempty"`
	Problem   string    `json:"problem,omitempty"`
	Excluded  bool      `json:"excluded,omitempty"`
}

// unixTime is a time that RFC 3339 cannot express, in seconds and nanoseconds from
// 1970.
type unixTime [2]int64

// maxYear is the last year that RFC 3339 can express.
const maxYear = 9999

func newEntryJSON(e *Entry) *entryJSON {
	j := &entryJSON{
		Key: e.Key, KeyBytes: EncodeKey(e.Key), Kind: e.Kind, Partial: e.Partial, MaybeLink: e.MaybeLink,
		Size: e.Size, MD5: e.MD5, Target: e.Target, ModTime: e.ModTime, Token: e.Token, Reuse: e.Reuse,
		Headers: e.Headers, Mark: string(e.HeaderMark),
	}
	if year := e.ModTime.Year(); year < 0 || year > maxYear {
		j.ModTime, j.ModUnix = time.Time{}, &unixTime{e.ModTime.Unix(), int64(e.ModTime.Nanosecond())}
	}
	if e.Problem != nil {
		j.Problem, j.Excluded = e.Problem.Error(), errors.Is(e.Problem, ErrExcluded)
	}
	return j
}

func (j *entryJSON) entry() (*Entry, error) {
	key, err := DecodeKey(j.Key, j.KeyBytes)
	if err != nil {
		return nil, err
	}
	e := &Entry{
		Key: key, Kind: j.Kind, Partial: j.Partial, MaybeLink: j.MaybeLink,
		Size: j.Size, MD5: j.MD5, Target: j.Target, ModTime: j.ModTime, Token: j.Token, Reuse: j.Reuse,
		Headers: j.Headers, HeaderMark: HeaderMark(j.Mark),
	}
	if j.ModUnix != nil {
		e.ModTime = time.Unix(j.ModUnix[0], j.ModUnix[1])
	}
	switch {
	case j.Excluded:
		e.Problem = ErrExcluded
	case j.Problem != "":
		e.Problem = errors.New(j.Problem)
	}
	return e, nil
}

// MarshalJSON returns the entry as it stands in plans. A key that is not valid
// UTF-8 is carried whole, in base64, beside a readable form.
func (e Entry) MarshalJSON() ([]byte, error) { return json.Marshal(newEntryJSON(&e)) }

// UnmarshalJSON is the inverse of MarshalJSON, but for the type of Problem.
func (e *Entry) UnmarshalJSON(b []byte) error {
	var j entryJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	v, err := j.entry()
	if err != nil {
		return err
	}
	*e = *v
	return nil
}

// EncodeKey returns, for JSON, the base64 of a key that is not valid UTF-8, and
// "" for any other key, which JSON can carry as it is.
func EncodeKey(key string) string {
	if utf8.ValidString(key) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(key))
}

// DecodeKey returns the key that JSON carries as key and, beside it, as the raw
// that EncodeKey made of it.
func DecodeKey(key, raw string) (string, error) {
	if raw == "" {
		return key, nil
	}
	b, err := base64.StdEncoding.DecodeString(raw)
	return string(b), err
}
