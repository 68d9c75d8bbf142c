package mediatype

import (
	"mime"
	"strings"
	"testing"
)

func TestByName(t *testing.T) {
	for key, want := range map[string]string{
		"index.html":                "text/html",
		"docs/v2/INDEX.HTML":        "text/html",
		"a.b/c.css":                 "text/css",
		"app.js":                    "text/javascript",
		"app.mjs":                   "text/javascript",
		"app.js.map":                "application/json",
		"app.wasm":                  "application/wasm",
		"site.webmanifest":          "application/manifest+json",
		"font.woff2":                "font/woff2",
		"README.md":                 "text/markdown",
		"feed.rss":                  "application/rss+xml",
		"feed.atom":                 "application/atom+xml",
		"logo.svg":                  "image/svg+xml",
		"photo.avif":                "image/avif",
		"clip.mp4":                  "video/mp4",
		"pool/t/tool_1.2_amd64.deb": "application/vnd.debian.binary-package",
		"tool-1.2.x86_64.rpm":       "application/x-rpm",
		"tool-1.2.tar.gz":           "application/gzip",
		"tool-1.2.tgz":              "application/gzip",
		"tool-1.2.tar.xz":           "application/x-xz",
		"tool-1.2.tar.zst":          "application/zstd",
		"main.rs":                   "text/plain",
		"LICENSE":                   "",
		".htaccess":                 "",
		".json":                     "",
		"x.":                        "",
		"a.html/b":                  "",
		"x.no-such-type":            "",
		"":                          "",
	} {
		if got := ByName(key); got != want {
			t.Errorf("ByName(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestDetect(t *testing.T) {
	const elf = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00"
	ts := "G" + strings.Repeat("\x00", 187) + "G" + strings.Repeat("\x00", 187)
	for _, tt := range []struct{ name, key, head, want string }{
		{"UTF-8 text", "a.html", "<!doctype html><p>é", "text/html; charset=utf-8"},
		{"nothing in it", "a.css", "", "text/css; charset=utf-8"},
		{"last character cut", "a.txt", "caf\xc3", "text/plain; charset=utf-8"},
		{"Latin-1", "a.txt", "caf\xe9 au lait", "text/plain"},
		{"declared in a meta", "a.html", `<meta charset="ISO-8859-1">plain`, "text/html"},
		{"declared in a meta, old form", "a.html", `<meta http-equiv=x content="text/html; charset=windows-1252">`, "text/html"},
		{"declared UTF-8", "a.html", `<META CHARSET=UTF-8>`, "text/html; charset=utf-8"},
		{"declared in XML", "a.xml", `<?xml version="1.0" encoding="iso-8859-15"?><a/>`, "application/xml"},
		{"declared in CSS", "a.css", `@charset "koi8-r"; a{}`, "text/css"},
		{"a script that says the word", "a.js", `let encoding="latin1", charset="latin1"`, "text/javascript; charset=utf-8"},
		{"JSON", "a.json", `{"é":1}`, "application/json; charset=utf-8"},
		{"SVG", "a.svg", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "image/svg+xml; charset=utf-8"},
		{"feed", "a.rss", `<rss/>`, "application/rss+xml; charset=utf-8"},
		{"image", "a.png", "\x89PNG\r\n\x1a\n", "image/png"},
		{"page without extension", "about", "<!DOCTYPE html><html><body>x", "text/html; charset=utf-8"},
		{"text without extension", "LICENSE", "Apache License\n", "text/plain; charset=utf-8"},
		{"program without extension", "tool", elf, "application/x-sharedlib"},
		{"image without extension", "logo", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"},
		{"nothing known", "blob", "\x00\x01\x02\xff\xfe", Unknown},
		{"TypeScript", "a.ts", "export const x: number = 1;\n", "text/plain; charset=utf-8"},
		{"transport stream", "a.ts", ts, "video/mp2t"},
		{"public key", "id_ed25519.pub", "ssh-ed25519 AAAA user@host\n", "text/plain; charset=utf-8"},
		{"log that is not one", "a.log", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "application/gzip"},
	} {
		if got := Detect(tt.key, []byte(tt.head)); got != tt.want {
			t.Errorf("%s: Detect(%q) = %q, want %q", tt.name, tt.key, got, tt.want)
		}
	}
}

// Every line of both tables must be well formed, and no extension may be given
// twice in one: the later line would win unseen.
func TestTables(t *testing.T) {
	for name, text := range map[string]string{"types.txt": dbText, "ours.txt": oursText} {
		seen := make(map[string]string)
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			fields := strings.Fields(line)
			if len(fields) < 2 {
				t.Errorf("%s: %q has no extension", name, line)
			}
			if _, params, err := mime.ParseMediaType(fields[0]); err != nil || len(params) > 0 {
				t.Errorf("%s: %q is not a plain media type: %v", name, fields[0], err)
			}
			for _, ext := range fields[1:] {
				if ext != strings.ToLower(ext) || strings.Contains(ext, ".") {
					t.Errorf("%s: extension %q can never match", name, ext)
				}
				if prev, twice := seen[ext]; twice {
					t.Errorf("%s: extension %q stands under %s and %s", name, ext, prev, fields[0])
				}
				seen[ext] = fields[0]
			}
		}
		if len(seen) < 50 {
			t.Errorf("%s gives %d extensions, which cannot be all", name, len(seen))
		}
	}
	if n := len(dbText) + len(oursText); n > 120<<10 {
		t.Errorf("the tables take %d bytes, want at most 120 KiB", n)
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("a.html", []byte(`<meta charset=x>`))
	f.Add("a.ts", []byte("G\x00"))
	f.Add("x", []byte{0xc3})
	f.Fuzz(func(t *testing.T, key string, head []byte) {
		got := Detect(key, head)
		if _, _, err := mime.ParseMediaType(got); err != nil {
			t.Errorf("Detect(%q, %q) = %q, which is no media type: %v", key, head, got, err)
		}
		if again := Detect(key, head); again != got {
			t.Errorf("Detect(%q, %q) = %q, then %q", key, head, got, again)
		}
	})
}

func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		m := make(map[string]string, 1500)
		add(m, dbText)
		add(m, oursText)
	}
}

func BenchmarkByName(b *testing.B) {
	for b.Loop() {
		ByName("docs/v2/index.html")
	}
}
