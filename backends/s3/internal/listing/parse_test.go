package listing

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listDoc is a listing of n objects as S3 writes it.
func listDoc(n int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
		"<Name>bucket</Name><Prefix></Prefix><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>" +
		"<KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>")
	for i := range n {
		fmt.Fprintf(&b, "<Contents><Key>site/dir%03d/page%%3A%06d.html</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified>"+
			"<ETag>&quot;%032x&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>%d</Size>"+
			"<Owner><ID>ab</ID><DisplayName>me</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>", i/100, i, i, i)
	}
	b.WriteString("</ListBucketResult>")
	return b.Bytes()
}

func TestAListingIsReadAsS3WritesIt(t *testing.T) {
	got, ok := scanPage(listDoc(2))
	if !ok {
		t.Fatal("the scanner gave up on a listing as S3 writes it")
	}
	want := Page{
		Count: 1000, Encoded: true, Truncated: true, Next: "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=",
		Objects: []Object{
			{`site/dir000/page%3A000000.html`, `"00000000000000000000000000000000"`, 0, time.Date(2026, 10, 12, 17, 50, 30, 0, time.UTC)},
			{`site/dir000/page%3A000001.html`, `"00000000000000000000000000000001"`, 1, time.Date(2026, 10, 12, 17, 50, 30, 0, time.UTC)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want, got:\n%s", diff)
	}
}

func TestAnAnswerThatIsNoListingIsAnError(t *testing.T) {
	for _, doc := range []string{
		"", " ", "ok", "<html><body>Sign in</body></html>", "<Error><Code>SlowDown</Code></Error>", "{}",
		"<ListBucketResult>", "<ListBucketResult></ListBucketResult>", "<ListBucketResult><Contents>", string(listDoc(3)[:300]), strings.TrimSuffix(string(listDoc(3)), "</ListBucketResult>"),
		"<ListBucketResult><IsTruncated>perhaps</IsTruncated></ListBucketResult>",
		"<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>",
	} {
		if p, err := Parse([]byte(doc)); err == nil {
			t.Errorf("%q was read as %+v; want an error", doc, p)
		}
	}
}

// seeds are listings with all that XML can do to a reader.
var seeds = []string{
	"<ListBucketResult/>", "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>\n",
	"<ListBucketResult><Contents/><Contents><Key/></Contents></ListBucketResult>",
	"<ListBucketResult><Contents><Key>a&amp;b&lt;&#34;&#39;&#x20;</Key></Contents></ListBucketResult>",
	"<ListBucketResult><Contents><Key><![CDATA[a<b]]></Key></Contents></ListBucketResult>",
	"<ListBucketResult><!-- c --><Contents><Key>a<!-- c -->b</Key></Contents></ListBucketResult>",
	"<s:ListBucketResult xmlns:s=\"x\"><s:Contents><s:Key>a</s:Key></s:Contents></s:ListBucketResult>",
	"<ListBucketResult><Contents><Key>a\r\nb</Key><Key>c</Key><Size> 7 </Size></Contents></ListBucketResult>",
	"<ListBucketResult><Contents><Owner><Key>x</Key></Owner><Key>a</Key></Contents></ListBucketResult>",
	"<ListBucketResult><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType></ListBucketResult>",
	"<?xml version=\"1.0\" encoding=\"latin1\"?><ListBucketResult></ListBucketResult>",
	"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>3</KeyCount></ListBucketResult>",
	"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount></KeyCount></ListBucketResult>",
	"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount> -1 </KeyCount></ListBucketResult>",
	"<?xml version=\"0\"?><ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
	"<ListBucketResult><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>",
	"<ListBucketResult><Contents><Key>\xff</Key></Contents></ListBucketResult>",
	"<ListBucketResult><Contents><Key>a]]>b</Key></Contents></ListBucketResult>",
	"<ListBucketResult><Contents></Contents></ListBucketResult><x/>",
}

// FuzzListing checks that the scanner reads the same as encoding/xml.
func FuzzListing(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add(listDoc(2))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, ok := scanPage(bytes.Clone(doc))
		if !ok {
			return
		}
		if n := elements(t, doc); n > 1 {
			return // encoding/xml stops behind the first element
		}
		want, err := decodePage(doc)
		if err != nil {
			t.Fatalf("the scanner read %+v, and encoding/xml says %v", got, err)
		}
		if len(got.Objects) == 0 {
			got.Objects = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("encoding/xml, scanner:\n%s", diff)
		}
	})
}

// elements counts the outermost elements of doc.
func elements(t *testing.T, doc []byte) (n int) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(doc))
	depth := 0
	for {
		tok, err := d.Token()
		if err != nil {
			return n
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				n++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

func BenchmarkListing(b *testing.B) {
	doc := listDoc(1000)
	for _, r := range []struct {
		name string
		read func([]byte) (Page, error)
	}{{"scanner", Parse}, {"xml", decodePage}} {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if p, err := r.read(doc); err != nil || len(p.Objects) != 1000 {
					b.Fatal(len(p.Objects), err)
				}
			}
		})
	}
}
