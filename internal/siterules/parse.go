package siterules

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/suggest"
)

// keys are the keys of a rule.
var keys = append([]string{"match", "precompressed", "metadata"}, core.HeaderNames...)

// Parse reads the text of a rules file. The name is for errors, each of which is an
// [Error]; all mistakes are reported together, joined.
func Parse(name string, text []byte) (*Rules, error) {
	p := &parser{file: name, doc: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))}
	if err := p.syntax(); err != nil {
		return nil, err
	}
	p.expressions()
	p.finishRule()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return &Rules{rules: p.rules}, nil
}

type parser struct {
	file  string
	doc   []byte
	toml  unstable.Parser
	rules []*rule
	errs  []error

	rule   *rule // the one that is being read, nil before the first
	header unstable.Range
	table  []string // the table that is being read
	flaws  int      // how many errors there were before rule
}

// syntax checks all that TOML itself demands, duplicate keys too.
func (p *parser) syntax() error {
	if i := invalidUTF8(p.doc); i >= 0 {
		return errorAt(p.file, p.doc, i, 1, "this byte is not UTF-8: save the file as UTF-8")
	}
	var any map[string]any
	err := toml.Unmarshal(p.doc, &any)
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		row, column := decode.Position()
		return errorAt(p.file, p.doc, offsetOf(p.doc, row, column), 1, "%s", strings.TrimPrefix(decode.Error(), "toml: "))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	return nil
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// offsetOf returns the offset of a line and a column in bytes, both from 1.
func offsetOf(doc []byte, row, column int) int {
	offset := 0
	for ; row > 1; row-- {
		i := bytes.IndexByte(doc[offset:], '\n')
		if i < 0 {
			break
		}
		offset += i + 1
	}
	return min(offset+max(column-1, 0), len(doc))
}

func (p *parser) expressions() {
	p.toml.Reset(p.doc)
	for p.toml.NextExpression() {
		node := p.toml.Expression()
		switch node.Kind {
		case unstable.ArrayTable, unstable.Table:
			p.enter(node)
		case unstable.KeyValue:
			p.assign(node, p.table)
		}
	}
}

// keyOf returns the parts of a node's key and where it is.
func keyOf(node *unstable.Node) (parts []string, at unstable.Range) {
	for it := node.Key(); it.Next(); {
		raw := it.Node().Raw
		if len(parts) == 0 {
			at.Offset = raw.Offset
		}
		at.Length = raw.Offset + raw.Length - at.Offset
		parts = append(parts, string(it.Node().Data))
	}
	return parts, at
}

func (p *parser) fail(at unstable.Range, format string, args ...any) {
	p.errs = append(p.errs, errorAt(p.file, p.doc, int(at.Offset), int(at.Length), format, args...))
}

const brackets = "each rule begins with [[rule]], and its metadata with [rule.metadata]"

// enter begins a table: a rule, or a rule's metadata.
func (p *parser) enter(node *unstable.Node) {
	parts, at := keyOf(node)
	p.table = parts
	switch name := strings.Join(parts, "."); {
	case name == "rule":
		p.finishRule()
		p.rule, p.header = &rule{line: bytes.Count(p.doc[:at.Offset], []byte("\n")) + 1}, at
		p.flaws = len(p.errs)
		if node.Kind != unstable.ArrayTable {
			p.fail(at, brackets)
		}
	case name == "rule.metadata" && node.Kind == unstable.Table && p.rule != nil:
	case name == "rule.metadata":
		p.fail(at, brackets)
	default:
		p.fail(at, "unknown table %q%s: rules begin with [[rule]]", name, meant(parts[len(parts)-1], []string{"rule", "metadata"}))
	}
}

// meant returns ": did you mean …?" where a known word is near.
func meant(word string, known []string) string {
	if k := suggest.Nearest(strings.ToLower(word), known); k != "" && k != word {
		return ": did you mean " + k + "?"
	}
	return ""
}

// assign takes a key and its value in the table.
func (p *parser) assign(node *unstable.Node, table []string) {
	parts, at := keyOf(node)
	full := slices.Concat(table, parts)
	switch {
	case full[0] != "rule" && len(table) > 0 && table[0] != "rule":
		return // the table's error was reported
	case p.rule == nil || full[0] != "rule":
		p.fail(at, "%q stands in no rule: begin one with [[rule]]", strings.Join(parts, "."))
	case len(full) == 3 && full[1] == "metadata":
		p.metadata(full[2], at, node.Value())
	case len(full) == 2 && full[1] == "metadata" && node.Value().Kind == unstable.InlineTable:
		for it := node.Value().Children(); it.Next(); {
			p.assign(it.Node(), full)
		}
	case len(full) == 2:
		p.key(full[1], at, node.Value())
	default:
		p.fail(at, "unknown key %q", strings.Join(full[1:], "."))
	}
}

// key takes a key of a rule.
func (p *parser) key(name string, at unstable.Range, value *unstable.Node) {
	switch {
	case name == "match":
		p.match(at, value)
	case name == "metadata":
		p.fail(at, "metadata is a table: write [rule.metadata] and a line for each name")
	case name == "precompressed":
		if value.Kind != unstable.Bool {
			p.fail(at, "precompressed is true or false")
		}
		p.rule.precompressed = string(value.Data) == "true"
	case !slices.Contains(core.HeaderNames, name):
		p.fail(at, "unknown key %q%s", name, orKeys(name))
	default:
		text, ok := p.text(name, at, value)
		if !ok {
			return
		}
		if err := checkHeader(name, text); err != nil {
			p.fail(rangeOf(value, at), "%s: %v", name, err)
			return
		}
		p.rule.headers.Set(name, text)
	}
}

func orKeys(name string) string {
	if m := meant(name, keys); m != "" {
		return m
	}
	return ": the keys are " + strings.Join(keys, ", ")
}

func (p *parser) text(name string, at unstable.Range, value *unstable.Node) (string, bool) {
	if value.Kind != unstable.String {
		p.fail(at, "%s is a text: write it in quotes", name)
		return "", false
	}
	return string(value.Data), true
}

// rangeOf returns where a value is, or at where its parser does not tell.
func rangeOf(value *unstable.Node, at unstable.Range) unstable.Range {
	if value.Raw.Length > 0 {
		return value.Raw
	}
	return at
}

// match takes a rule's patterns: one, or an array of them.
func (p *parser) match(at unstable.Range, value *unstable.Node) {
	values := []*unstable.Node{value}
	if value.Kind == unstable.Array {
		values = nil
		for it := value.Children(); it.Next(); {
			values = append(values, it.Node())
		}
	}
	for _, v := range values {
		text, ok := p.text("match", at, v)
		if !ok {
			return
		}
		if err := p.rule.patterns.Exclude(text); err != nil {
			p.fail(rangeOf(v, at), "match: %v", err)
		}
		p.rule.match = append(p.rule.match, text)
	}
}

func (p *parser) metadata(name string, at unstable.Range, value *unstable.Node) {
	text, ok := p.text(name, at, value)
	if !ok {
		return
	}
	name = strings.ToLower(name)
	if err := checkMetadata(name, text); err != nil {
		p.fail(at, "%v", err)
		return
	}
	if p.rule.headers.Metadata == nil {
		p.rule.headers.Metadata = make(map[string]string)
	}
	p.rule.headers.Metadata[name] = text
}

// finishRule checks the rule that was read as a whole, and adds it.
func (p *parser) finishRule() {
	if p.rule == nil {
		return
	}
	size := 0
	for k, v := range p.rule.headers.Metadata {
		size += len(k) + len(v)
	}
	switch {
	case len(p.errs) > p.flaws: // it may lack something because of them
	case len(p.rule.match) == 0:
		p.fail(p.header, "the rule has no match: add match = \"*.html\", or match = \"*\" for all files")
	case p.rule.headers.Empty() && !p.rule.precompressed:
		p.fail(p.header, "the rule for %s gives no header", quoted(p.rule.match))
	case size > maxMetadata:
		p.fail(p.header, "the metadata takes %d bytes, and S3 stores %d", size, maxMetadata)
	}
	p.rules = append(p.rules, p.rule)
	p.rule = nil
}

func quoted(match []string) string {
	q := make([]string, len(match))
	for i, m := range match {
		q[i] = strconv.Quote(m)
	}
	return strings.Join(q, ", ")
}
