package s3server

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// A chunkedReader decodes an aws-chunked body: chunks, each with its length in
// hexadecimal and perhaps a signature, then trailing headers. Signatures are
// not checked.
type chunkedReader struct {
	in      *bufio.Reader
	left    int64 // of the chunk
	started bool
	ended   bool
	trailer http.Header // once the body has ended
}

func newChunkedReader(r io.Reader) *chunkedReader {
	return &chunkedReader{in: bufio.NewReaderSize(r, 16<<10), trailer: make(http.Header)}
}

// Read returns io.EOF only after the trailer; a body that breaks off is
// io.ErrUnexpectedEOF.
func (c *chunkedReader) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, unexpected(err)
		}
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.in.Read(p)
	c.left -= int64(n)
	return n, unexpected(err)
}

// next reads the line before a chunk, and all that follows the last one.
func (c *chunkedReader) next() error {
	if c.started {
		if line, err := c.line(); err != nil || line != "" {
			return io.ErrUnexpectedEOF
		}
	}
	c.started = true
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	c.left, err = strconv.ParseInt(size, 16, 64)
	if err != nil || c.left < 0 {
		c.left = 0
		return io.ErrUnexpectedEOF
	}
	if c.left == 0 {
		return c.end()
	}
	return nil
}

// end reads the trailing headers. Some clients leave out the last empty line.
func (c *chunkedReader) end() error {
	c.ended = true
	for {
		line, err := c.line()
		if name, value, ok := strings.Cut(line, ":"); ok {
			c.trailer.Add(name, strings.TrimSpace(value))
		}
		if err == io.EOF || err == nil && line == "" { //nolint:errorlint // bufio returns io.EOF as it is.
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *chunkedReader) line() (string, error) {
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // Readers return io.EOF as it is.
		return io.ErrUnexpectedEOF
	}
	return err
}
