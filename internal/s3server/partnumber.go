package s3server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// PartsKey is the name in an object's metadata of the sizes of the parts that it was
// uploaded in, as [PartSizes] writes them.
const PartsKey = "X-Fakes3-Parts"

// mpCount is the header of an answer about a part: the number of parts.
const mpCount = "X-Amz-Mp-Parts-Count"

// PartSizes returns the sizes of the parts in a client's request to complete an
// upload, for [PartsKey]: runs of equal sizes, as "8388608*3,17".
func PartSizes(in *gofakes3.CompleteMultipartUploadRequest, size func(number int) int64) string {
	var runs []string
	for i := 0; i < len(in.Parts); {
		n, first := 0, size(in.Parts[i].PartNumber)
		for i < len(in.Parts) && size(in.Parts[i].PartNumber) == first {
			n, i = n+1, i+1
		}
		runs = append(runs, fmt.Sprintf("%d*%d", first, n))
	}
	return strings.Join(runs, ",")
}

// partRange returns where part n, from 1, begins and ends, and how many parts there
// are; ok is false if there is no such part.
func partRange(sizes string, n int) (off, end int64, count int, ok bool) {
	at := int64(0)
	for run := range strings.SplitSeq(sizes, ",") {
		var size int64
		var times int
		if k, _ := fmt.Sscanf(run, "%d*%d", &size, &times); k != 2 {
			return 0, 0, 0, false
		}
		if count < n && n <= count+times {
			off = at + int64(n-1-count)*size
			end, ok = off+size, true
		}
		at += int64(times) * size
		count += times
	}
	return off, end, count, ok
}

// readPart prepares a read of one part: inner, the request to gofakes3, asks for its
// range. The answer says how many parts there are.
func (h *handler) readPart(w http.ResponseWriter, r, inner *http.Request, bucket, key string) error {
	number, err := partNumber(r)
	if err != nil {
		return err
	}
	o, err := h.store.HeadObject(bucket, key)
	if err != nil {
		return err
	}
	defer o.Contents.Close() //nolint:errcheck // A HEAD has no content.
	sizes := o.Metadata[PartsKey]
	if sizes == "" {
		sizes = fmt.Sprintf("%d*1", o.Size)
	}
	off, end, count, ok := partRange(sizes, number)
	if !ok {
		return gofakes3.ErrorMessage(errInvalidPartNumber, "The requested partnumber is not satisfiable")
	}
	if o.Metadata[PartsKey] != "" {
		w.Header().Set(mpCount, strconv.Itoa(count))
	}
	if end > off {
		inner.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", off, end-1))
	}
	return nil
}
