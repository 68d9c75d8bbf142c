//go:build ignore

// Gen writes types.txt from the db.json of the npm package mime-db:
//
//	npm pack mime-db@1.54.0 && tar xzf mime-db-1.54.0.tgz
//	go run gen.go package/db.json types.txt
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

// mediaType is one value of db.json, as far as it matters here.
type mediaType struct {
	Source     string   `json:"source"`
	Extensions []string `json:"extensions"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go run gen.go db.json types.txt")
	}
	b, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var db map[string]mediaType
	if err := json.Unmarshal(b, &db); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], []byte(render(byType(db))), 0o644); err != nil {
		log.Fatal(err)
	}
}

// byType gives each extension to one type and returns the extensions by type.
func byType(db map[string]mediaType) map[string][]string {
	owner := make(map[string]string)
	for name, t := range db {
		for _, ext := range t.Extensions {
			if prev, taken := owner[ext]; !taken || prefer(db, name, prev) {
				owner[ext] = name
			}
		}
	}
	out := make(map[string][]string)
	for ext, name := range owner {
		out[name] = append(out[name], ext)
	}
	return out
}

// prefer reports whether type a is the better owner of an extension than b:
// the registered one, and of two registered ones the first by name, so that
// the result does not depend on the order of a map.
func prefer(db map[string]mediaType, a, b string) bool {
	rank := func(s string) int { return slices.Index([]string{"iana", "apache", "nginx", ""}, db[s].Source) }
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra < rb
	}
	return a < b
}

func render(types map[string][]string) string {
	var lines []string
	for name, exts := range types {
		slices.Sort(exts)
		lines = append(lines, fmt.Sprintf("%s %s\n", name, strings.Join(exts, " ")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
