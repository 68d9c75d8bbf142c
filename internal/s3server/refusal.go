package s3server

import (
	"encoding/xml"
	"io"
	"maps"
	"net/http"

	"github.com/johannesboyne/gofakes3"
)

// A refusal is an S3 error with a status of its own.
type refusal struct {
	status        int
	code, message string
	more          []element   // of the error, after code and message
	header        http.Header // of the answer
}

type element struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

// say adds an element to the refusal.
func (e *refusal) say(name, text string) *refusal {
	e.more = append(e.more, element{xml.Name{Local: name}, text})
	return e
}

// send answers a request. Like AWS, it reads the body unless the client waits for a
// 100 Continue.
func (e *refusal) send(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, drained)
	}
	maps.Copy(w.Header(), e.header)
	answerXML(w, r, e.status, struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
		More    []element
	}{Code: e.code, Message: e.message, More: e.more})
}

func notImplemented(message string) *refusal {
	return &refusal{status: http.StatusNotImplemented, code: string(gofakes3.ErrNotImplemented), message: message}
}

func accessDenied() *refusal {
	return &refusal{status: http.StatusForbidden, code: "AccessDenied", message: "Access Denied"}
}
