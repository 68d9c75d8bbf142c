package wrap

import "io"

// A readHook stands in every Read and ReadAt of a body: it may shorten p, wait
// before, count after, or fail instead.
type readHook func(p []byte, read func([]byte) (int, error)) (int, error)

// hookBody puts t into body, and keeps its ability to be read more than once.
// nil stays nil.
func hookBody(body io.Reader, t readHook) io.Reader { return hookedBody(body, t, false) }

// paceBody is hookBody for a readHook that only waits, so that reads may do without it.
func paceBody(body io.Reader, t readHook) io.Reader { return hookedBody(body, t, true) }

func hookedBody(body io.Reader, t readHook, waits bool) io.Reader {
	if body == nil {
		return nil
	}
	r := hooked{body, t, waits}
	seeker, seeks := body.(io.Seeker)
	at, random := body.(io.ReaderAt)
	switch {
	case seeks && random:
		return hookedFile{r, hookedAt{at, t}, seeker}
	case seeks:
		return hookedSeeker{r, seeker}
	case random:
		return hookedRandom{r, hookedAt{at, t}}
	}
	return r
}

// hookContent is hookBody for a body that Open returned.
func hookContent(rc io.ReadCloser, t readHook) io.ReadCloser {
	if rc == nil {
		return nil
	}
	switch r := hookBody(rc, t).(type) {
	case hookedFile:
		return struct {
			hookedFile
			io.Closer
		}{r, rc}
	case hookedSeeker:
		return struct {
			hookedSeeker
			io.Closer
		}{r, rc}
	case hookedRandom:
		return struct {
			hookedRandom
			io.Closer
		}{r, rc}
	default:
		return struct {
			io.Reader
			io.Closer
		}{r, rc}
	}
}

type hooked struct {
	r     io.Reader
	t     readHook
	waits bool // t only waits
}

// Unpaced is found by [core.Unpaced].
func (r hooked) Unpaced() io.Reader {
	if r.waits {
		return r.r
	}
	return nil
}

func (r hooked) Read(p []byte) (int, error) { return r.t(p, r.r.Read) }

type hookedAt struct {
	r io.ReaderAt
	t readHook
}

// ReadAt fills p or fails, as io.ReaderAt demands, however short the readHook cuts.
func (r hookedAt) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.t(p[n:], func(q []byte) (int, error) { return r.r.ReadAt(q, off+int64(n)) })
		n += m
	}
	return n, err
}

type hookedSeeker struct {
	hooked
	io.Seeker
}

type hookedRandom struct {
	hooked
	hookedAt
}

type hookedFile struct {
	hooked
	hookedAt
	io.Seeker
}
