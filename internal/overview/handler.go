package overview

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// policy lets the page load only from this handler.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler returns a handler of the page at "/", which reads its data by read when it
// is asked for, one call at a time. It answers GET and HEAD, and is safe for
// concurrent use.
func Handler(read func(context.Context) (*Data, error)) http.Handler {
	mux := http.NewServeMux()
	for path, file := range map[string]string{"GET /{$}": "index.html", "GET /app.js": "app.js", "GET /style.css": "style.css"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, static, "static/"+file)
		})
	}
	var one sync.Mutex
	mux.HandleFunc("GET /data.json", func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		serveData(w, r, read)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func serveData(w http.ResponseWriter, r *http.Request, read func(context.Context) (*Data, error)) {
	d, err := read(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	var b bytes.Buffer
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
		err = json.NewEncoder(z).Encode(d)
		if cerr := z.Close(); err == nil {
			err = cerr
		}
	} else {
		err = json.NewEncoder(&b).Encode(d)
	}
	if err != nil {
		h.Del("Content-Encoding")
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(b.Bytes()) // a browser that has gone needs none
}
