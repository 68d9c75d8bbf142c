package siterules

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/schema/s3fc.toml.schema.json"

// TestTheSchemaIsThatOfTheParser compares the keys, the words and the verdicts of the JSON
// Schema with those of Parse.
func TestTheSchemaIsThatOfTheParser(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		Defs map[string]struct {
			Properties map[string]struct{ Enum []string } `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	properties := root.Defs["rule"].Properties
	if got := slices.Sorted(maps.Keys(properties)); !slices.Equal(got, slices.Sorted(slices.Values(keys))) {
		t.Errorf("the schema has the keys %q, and the parser %q", got, keys)
	}
	for _, name := range []string{"acl", "server-side-encryption"} {
		for _, v := range properties[name].Enum {
			if checks[name](v) != nil {
				t.Errorf("%s: the parser refuses %q of the schema", name, v)
			}
		}
		if err := checks[name]("none of them"); err == nil || strings.Count(err.Error(), ",")+1 != len(properties[name].Enum) {
			t.Errorf("%s: the schema has %d words, and the parser says %v", name, len(properties[name].Enum), err)
		}
	}
	schema := compile(t, text)
	for name, doc := range verdicts() {
		_, parseErr := Parse(FileName, []byte(doc))
		var v map[string]any
		if err := toml.Unmarshal([]byte(doc), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if schemaErr := schema.Validate(value); (schemaErr == nil) != (parseErr == nil) {
			t.Errorf("%s: the parser says %v, and the schema %v", name, parseErr, schemaErr)
		}
	}
}

// verdicts are rules files, good and bad ones, about which both have to agree.
func verdicts() map[string]string {
	docs := map[string]string{
		"site": site, "empty": "", "no match": "[[rule]]\nacl = \"private\"\n", "no header": "[[rule]]\nmatch = \"*\"\n",
		"another table": "[[rules]]\nmatch = \"*\"\n", "a number": "[[rule]]\nmatch = \"*\"\ncache-control = 5\n",
		"patterns": "[[rule]]\nmatch = [\"a\", \"!b\"]\nacl = \"private\"\n", "precompressed": "[[rule]]\nmatch = \"*.gz\"\nprecompressed = true\n",
		"precompressed as a text": "[[rule]]\nmatch = \"*.gz\"\nprecompressed = \"yes\"\n",
		"own metadata":            "[[rule]]\nmatch = \"*\"\n[rule.metadata]\nMD5 = \"x\"\n",
		"metadata":                "[[rule]]\nmatch = \"*\"\n[rule.metadata]\nowner = \"web\"\n",
		"a name with a space":     "[[rule]]\nmatch = \"*\"\n[rule.metadata]\n\"a b\" = \"web\"\n",
	}
	for name, values := range map[string][]string{
		"content-type": {"text/html", "text/html; charset=utf-8", "html", ""}, "cache-control": {"no-cache", " no-cache", "a\u00e4"},
		"content-encoding": {"gzip", "gzip, br", "gziped"}, "content-language": {"en", "en, de-AT", "en_US"},
		"content-disposition": {"inline", "attachment; filename=\\\"a.pdf\\\"", "attachement"}, "storage-class": {"STANDARD_IA", "standard"},
		"server-side-encryption": {"AES256", "aes"}, "acl": {"public-read", "public"}, "expires": {"0"},
	} {
		for _, v := range values {
			docs[name+"="+v] = "[[rule]]\nmatch = \"*\"\n" + name + " = \"" + v + "\"\n"
		}
	}
	return docs
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rules.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
