package docs

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of json.md anew, by the schemas")

// jsonSchema is as much of a JSON Schema as the tables show.
type jsonSchema struct {
	Description string                `json:"description"`
	Ref         string                `json:"$ref"`
	Type        any                   `json:"type"`
	Const       any                   `json:"const"`
	Enum        []any                 `json:"enum"`
	Items       *jsonSchema           `json:"items"`
	OneOf       []jsonSchema          `json:"oneOf"`
	Defs        map[string]jsonSchema `json:"$defs"`
	Required    []string              `json:"required"`

	Properties json.RawMessage `json:"properties"`
}

// fields returns the names of the properties, in the order of the file, and the
// properties.
func (s *jsonSchema) fields(t *testing.T) (names []string, of map[string]jsonSchema) {
	if s.Properties == nil {
		return nil, nil
	}
	if err := json.Unmarshal(s.Properties, &of); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(s.Properties)))
	for depth := 0; ; {
		tok, err := d.Token()
		if err != nil {
			return names, of
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if _, ok := of[v]; ok && depth == 1 {
				names = append(names, v)
				var skipped json.RawMessage
				if err := d.Decode(&skipped); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func readSchema(t *testing.T, file string) *jsonSchema {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := new(jsonSchema)
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// kind returns the type of a field in words, and the name of a definition that has a
// table of its own, or "".
func (s *jsonSchema) kind(t *testing.T, root *jsonSchema) string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		def, ok := root.Defs[name]
		switch {
		case !ok:
			t.Fatalf("there is no %s", s.Ref)
		case def.Properties != nil, def.OneOf != nil:
			return "[" + name + "](#" + strings.ToLower(name) + ")"
		}
		return def.kind(t, root)
	case s.Const != nil:
		return fmt.Sprintf("`%v`", s.Const)
	case s.Enum != nil:
		return "string"
	case s.Items != nil:
		return "list of " + s.Items.kind(t, root)
	case s.Type == "object":
		return "object"
	}
	if one, ok := s.Type.(string); ok {
		return one
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Type), "[]"), " ", " or ")
}

// about returns the description of a field, with its values.
func (s *jsonSchema) about(root *jsonSchema) string {
	def := *s
	if s.Ref != "" {
		def = root.Defs[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	text := s.Description
	if text == "" {
		text = def.Description
	}
	var values []string
	for _, v := range def.Enum {
		if !strings.Contains(text, fmt.Sprint(v)) {
			values = append(values, fmt.Sprintf("`%v`", v))
		}
	}
	if len(values) > 0 && len(values) == len(def.Enum) {
		text += ": " + strings.Join(values, ", ")
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

// tables returns the tables of a schema: of each line first, then of the objects in
// them.
func tables(t *testing.T, file string) string {
	var b strings.Builder
	root := readSchema(t, file)
	var lines, inside []string
	for _, one := range root.OneOf {
		lines = append(lines, one.Ref[strings.LastIndexByte(one.Ref, '/')+1:])
	}
	for name, def := range root.Defs {
		if !slices.Contains(lines, name) && (def.Properties != nil || def.OneOf != nil) {
			inside = append(inside, name)
		}
	}
	slices.Sort(inside)
	for _, name := range append(lines, inside...) {
		def := root.Defs[name]
		if def.OneOf != nil {
			fmt.Fprintf(&b, "### %s\n\n| value | |\n|---|---|\n", name)
			for _, v := range def.OneOf {
				fmt.Fprintf(&b, "| `%v` | %s |\n", v.Const, v.Description)
			}
			b.WriteString("\n")
			continue
		}
		names, of := def.fields(t)
		title := name
		if event, ok := of["event"].Const.(string); ok {
			title = event
		}
		fmt.Fprintf(&b, "### %s\n\n%s.\n\n| field | | |\n|---|---|---|\n", title, strings.ToUpper(def.Description[:1])+def.Description[1:])
		for _, f := range names {
			field := of[f]
			if f == "event" && field.Const != nil {
				continue
			}
			shown := "`" + f + "`"
			if slices.Contains(def.Required, f) {
				shown = "**" + shown + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", shown, field.kind(t, root), field.about(root))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestJSONIsDocumented compares json.md with the schemas: its tables are made from them.
func TestJSONIsDocumented(t *testing.T) {
	page, err := os.ReadFile("json.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, file := range []string{"schema/events.schema.json", "schema/plan.schema.json"} {
		begin, end := "<!-- by "+file+" -->\n\n", "<!-- end -->"
		head, rest, ok := strings.Cut(text, begin)
		_, tail, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("json.md has no place for %s", file)
		}
		text = head + begin + tables(t, file) + end + tail
	}
	if text == string(page) {
		return
	}
	if *update {
		if err := os.WriteFile("json.md", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("json.md does not have the fields of the schemas: go test ./docs -run JSON -update")
}

// TestReasonsAreInTheSchemas compares the words of the schemas with those of the program.
func TestReasonsAreInTheSchemas(t *testing.T) {
	for _, c := range []struct{ file, schema, def, word string }{
		{"../core/reconcile/action.go", "schema/events.schema.json", "reason", "Reason"},
		{"../core/reconcile/action.go", "schema/plan.schema.json", "reason", "Reason"},
		{"../core/audit.go", "schema/events.schema.json", "finding", "Finding"},
	} {
		code, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, m := range regexp.MustCompile(`(?m)^\t\w+ +`+c.word+` += "([^"]+)"`).FindAllStringSubmatch(string(code), -1) {
			want = append(want, m[1])
		}
		root := readSchema(t, c.schema)
		for _, v := range root.Defs[c.def].OneOf {
			got = append(got, fmt.Sprint(v.Const))
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) < 10 || !slices.Equal(got, want) {
			t.Errorf("%s: %s has %q, and %s has %q", c.schema, c.def, got, c.file, want)
		}
	}
}
