package wrap

import "io"

// A tap stands in every Read and ReadAt of a body: it may shorten p, wait
// before, count after, or fail instead.
type tap func(p []byte, read func([]byte) (int, error)) (int, error)

// tapBody puts t into body, and keeps its ability to be read more than once.
// nil stays nil.
func tapBody(body io.Reader, t tap) io.Reader {
	if body == nil {
		return nil
	}
	r := tapped{body, t}
	seeker, seeks := body.(io.Seeker)
	at, random := body.(io.ReaderAt)
	switch {
	case seeks && random:
		return tappedFile{r, tappedAt{at, t}, seeker}
	case seeks:
		return tappedSeeker{r, seeker}
	case random:
		return tappedRandom{r, tappedAt{at, t}}
	}
	return r
}

// tapContent is tapBody for what Open returned.
func tapContent(rc io.ReadCloser, t tap) io.ReadCloser {
	if rc == nil {
		return nil
	}
	switch r := tapBody(rc, t).(type) {
	case tappedFile:
		return struct {
			tappedFile
			io.Closer
		}{r, rc}
	case tappedSeeker:
		return struct {
			tappedSeeker
			io.Closer
		}{r, rc}
	case tappedRandom:
		return struct {
			tappedRandom
			io.Closer
		}{r, rc}
	default:
		return struct {
			io.Reader
			io.Closer
		}{r, rc}
	}
}

type tapped struct {
	r io.Reader
	t tap
}

func (r tapped) Read(p []byte) (int, error) { return r.t(p, r.r.Read) }

type tappedAt struct {
	r io.ReaderAt
	t tap
}

// ReadAt fills p or fails, as io.ReaderAt demands, however short the tap cuts.
func (r tappedAt) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.t(p[n:], func(q []byte) (int, error) { return r.r.ReadAt(q, off+int64(n)) })
		n += m
	}
	return n, err
}

type tappedSeeker struct {
	tapped
	io.Seeker
}

type tappedRandom struct {
	tapped
	tappedAt
}

type tappedFile struct {
	tapped
	tappedAt
	io.Seeker
}
