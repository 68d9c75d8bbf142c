package mediatype

import (
	"bytes"
	_ "embed"
	"path"
	"strings"
	"sync"

	"github.com/gabriel-vasile/mimetype"
)

// Unknown is the type of a file that neither name nor content tells.
const Unknown = "application/octet-stream"

var (
	//go:embed types.txt
	dbText string
	//go:embed ours.txt
	oursText string
)

// table returns the types by extension. It is made on first use, which takes
// well under a millisecond.
var table = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 1500)
	add(m, dbText)
	add(m, oursText)
	return m
})

func add(m map[string]string, text string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		for _, ext := range fields[min(1, len(fields)):] {
			m[ext] = fields[0]
		}
	}
}

// ByName returns the media type that key's extension stands for, without
// parameters, or "" if it says nothing. It is safe for concurrent use.
func ByName(key string) string { return table()[extension(key)] }

// Detect returns the media type of the file at key whose content begins with
// head: by the name, else by the content, else [Unknown].
// A textual type gets a charset parameter where the content bears it out. A
// head of 3 KiB is enough; more is looked at for the charset only. It is safe
// for concurrent use.
func Detect(key string, head []byte) string {
	t := ByName(key)
	if t == "" || contradicts(extension(key), t, head) {
		t, _, _ = strings.Cut(mimetype.Detect(head).String(), ";")
	}
	if textual(t) {
		return t + charset(t, head)
	}
	return t
}

// shared are extensions that a binary format owns and a textual one uses too.
var shared = map[string]bool{"ts": true, "mts": true, "key": true, "pub": true, "doc": true, "dot": true, "msg": true}

// contradicts reports whether head shows that the extension's type t is not
// meant: text under a name that a binary format shares with a textual one, or
// bytes that are no text under a name that promises plain text.
func contradicts(ext, t string, head []byte) bool {
	if shared[ext] {
		return isPlainText(head)
	}
	return t == "text/plain" && bytes.IndexByte(head, 0) >= 0
}

// extension returns the text after the last dot of key's last segment, in lower
// case. A leading dot hides a file, and makes no extension.
func extension(key string) string {
	base := strings.TrimLeft(path.Base(key), ".")
	i := strings.LastIndexByte(base, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(base[i+1:])
}
