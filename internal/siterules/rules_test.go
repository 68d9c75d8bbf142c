package siterules

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

const site = `# headers of the site
[[rule]]
match = "*.html"
cache-control = "max-age=0, must-revalidate"
content-language = "en"

[[rule]]
match = ["/assets/**", "!*.map"]
cache-control = "max-age=31536000, immutable"
[rule.metadata]
Owner = "web"

[[rule]]
match = "assets/legacy/"
content-language = "de"
metadata = {owner = "archive", build = "7"}

[[rule]]
match = "*.never"
content-type = "text/plain; charset=utf-8"
`

func parse(t *testing.T, text string) *Rules {
	t.Helper()
	r, err := Parse(FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheLastRuleOfEachHeaderCounts(t *testing.T) {
	r := parse(t, site)
	for key, want := range map[string]*core.Headers{
		"a.txt":           nil,
		"docs/index.html": {CacheControl: "max-age=0, must-revalidate", ContentLanguage: "en"},
		"assets/a.js":     {CacheControl: "max-age=31536000, immutable", Metadata: map[string]string{"owner": "web"}},
		"assets/a.js.map": nil,
		"x/assets/a.js":   nil,
		"assets/p.html":   {CacheControl: "max-age=31536000, immutable", ContentLanguage: "en", Metadata: map[string]string{"owner": "web"}},
		"assets/legacy/x/a.css": {
			CacheControl: "max-age=31536000, immutable", ContentLanguage: "de", Metadata: map[string]string{"owner": "archive", "build": "7"},
		},
	} {
		if got, mark := r.Headers(key); !got.Equal(want) || mark != want.Mark() {
			t.Errorf("%s: got %+v, %s, want %+v", key, got, mark, want)
		}
	}
	if got := r.Unused(); len(got) != 1 || got[0].Line != 18 || got[0].Match[0] != "*.never" {
		t.Errorf("unused: %+v", got)
	}
	var none *Rules
	if h, mark := none.Headers("a"); h != nil || mark != h.Mark() || none.Unused() != nil || none.Len() != 0 {
		t.Error("no rules give no headers")
	}
}

func TestExplainNamesTheRuleOfEachHeader(t *testing.T) {
	want := "cache-control=max-age=31536000, immutable (7) content-language=de (13) metadata.build=7 (13) metadata.owner=archive (13)"
	var got []string
	for _, g := range parse(t, site).Explain("assets/legacy/a.html") {
		got = append(got, g.Header+"="+g.Value+" ("+string(rune('0'+g.Line/10))+string(rune('0'+g.Line%10))+")")
	}
	if s := strings.ReplaceAll(strings.Join(got, " "), "(0", "("); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestPrecompressed(t *testing.T) {
	r := parse(t, "[[rule]]\nmatch = \"*.gz\"\nprecompressed = true\n")
	if !r.Precompressed("a.html.gz") || r.Precompressed("a.html") {
		t.Error("the rule is for *.gz")
	}
	if h, _ := r.Headers("a.html.gz"); h != nil {
		t.Errorf("the rule gives no header, and got %+v", h)
	}
}

func TestMistakesAreFoundWithTheirPlaceAndIntention(t *testing.T) {
	rule := "[[rule]]\nmatch = \"*\"\n"
	for name, tt := range map[string]struct{ text, want string }{
		"an unknown key": {"# a\n[[rule]]\nmatch = \"*\"\ncache_control = \"no-cache\"\n", `s3fc.toml:4:1: unknown key "cache_control": did you mean cache-control?
    4 | cache_control = "no-cache"
      | ^^^^^^^^^^^^^`},
		"a key far from all": {rule + "colour = \"x\"\n", `s3fc.toml:3:1: unknown key "colour": the keys are match, `},
		"another table":      {"[[rules]]\nmatch = \"*\"\n", `s3fc.toml:1:3: unknown table "rules": did you mean rule?`},
		"one bracket":        {"[rule]\nmatch = \"*\"\n", `s3fc.toml:1:2: each rule begins with [[rule]]`},
		"outside":            {"match = \"*\"\n", `s3fc.toml:1:1: "match" stands in no rule`},
		"no match":           {"\n[[rule]]\nacl = \"private\"\n", `s3fc.toml:2:3: the rule has no match`},
		"no header":          {rule, `s3fc.toml:1:3: the rule for "*" gives no header`},
		"a number":           {rule + "cache-control = 5\n", `s3fc.toml:3:1: cache-control is a text: write it in quotes`},
		"a pattern":          {"[[rule]]\nmatch = \"[a\"\nacl = \"private\"\n", `s3fc.toml:2:9: match: the pattern can never match`},
		"a directive":        {rule + "cache-control = \"max_age=5\"\n", `s3fc.toml:3:17: cache-control: unknown directive "max_age": did you mean max-age?`},
		"no seconds":         {rule + "cache-control = \"max-age\"\n", `cache-control: max-age takes a number of seconds`},
		"spaces for commas":  {rule + "cache-control = \"max-age=5 immutable\"\n", `cache-control: max-age takes a number of seconds`},
		"a control":          {rule + "cache-control = \"no-cache\\r\\nSet-Cookie: a\"\n", `has a character that no header can have`},
		"an encoding":        {rule + "content-encoding = \"gziped\"\n", `"gziped": did you mean gzip?`},
		"a type":             {rule + "content-type = \"html\"\n", `"html" is no media type`},
		"a language":         {rule + "content-language = \"en_US\"\n", `"en_US" is no language`},
		"a disposition":      {rule + "content-disposition = \"attachement\"\n", `"attachement": did you mean attachment?`},
		"an acl":             {rule + "acl = \"public\"\n", `"public": expected one of private, public-read`},
		"own metadata":       {rule + "[rule.metadata]\nMD5 = \"x\"\n", `s3fc.toml:4:1: metadata name "md5" is written by s3fc itself`},
		"much metadata":      {rule + "[rule.metadata]\na = \"" + strings.Repeat("x", 2000) + "\"\n", "the metadata takes 2001 bytes"},
		"a key twice":        {rule + "acl = \"private\"\nacl = \"private\"\n", "s3fc.toml:4:"},
		"no TOML":            {rule + "acl = \n", "s3fc.toml:3:"},
		"not UTF-8":          {rule + "acl = \"\xff\"\n", "s3fc.toml:3:8: this byte is not UTF-8"},
		"tabs and umlauts":   {rule + "\tcontent-type = \"ä\"\n", "s3fc.toml:3:17: content-type: the value has a character that no header can have: use printable ASCII\n    3 | \tcontent-type = \"ä\"\n      | \t               ^^^"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(FileName, []byte(tt.text))
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if n := strings.Count(fmt.Sprint(err), FileName+":"); n != 1 {
				t.Errorf("%d errors for one mistake:\n%v", n, err)
			}
		})
	}
}

func TestAllMistakesAreReportedTogether(t *testing.T) {
	_, err := Parse(FileName, []byte("[[rule]]\nmatch = \"*\"\nalc = \"private\"\nacl = \"publik-read\"\n"))
	if err == nil || !strings.Contains(err.Error(), "did you mean acl?") || !strings.Contains(err.Error(), "did you mean public-read?") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(site)
	f.Add("\xef\xbb\xbf[[rule]]\r\nmatch = '*'\r\nmetadata.a.b = 1\n")
	f.Add("rule = [{match = \"*\", acl = \"private\"}]")
	f.Add("[rule.metadata]\na = 1")
	f.Add("[[rule]]\n[[rule.metadata]]\na = \"1\"")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(FileName, []byte(text))
		if err == nil {
			r.Headers("a/b.html")
			r.Explain("assets/x")
			return
		}
		var e *Error
		if errors.As(err, &e) && (e.Line < 1 || e.Column < 1 || e.Line > strings.Count(text, "\n")+1) {
			t.Errorf("the place %d:%d is not in the text", e.Line, e.Column)
		}
	})
}
