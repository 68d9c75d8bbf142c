package mutants

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// activePath is the import path of the package that mutated code asks.
const activePath = "github.com/s3fc/s3fc/internal/testkit/mutants/active"

// A Mutant is one change of a package.
type Mutant struct {
	ID   int    // in this generation
	Name string // stays the same while the code around it does
	Line int
}

// A Package is a package that has all its mutants in it.
type Package struct {
	Path    string
	Mutants []Mutant
	// Files are the rewritten files by the path of the original.
	Files map[string][]byte
}

// Generate makes the mutants of the package at the import path, as it is built for
// this system. It changes no file.
func Generate(ctx context.Context, path string) (*Package, error) {
	s, err := load(ctx, path)
	if err != nil {
		return nil, err
	}
	g := &generator{source: s, pkg: &Package{Path: path, Files: map[string][]byte{}}, seen: map[string]int{}}
	for i, f := range s.files {
		if err := g.file(s.names[i], f); err != nil {
			return nil, err
		}
	}
	return g.pkg, nil
}

// A generator rewrites the files of one package.
type generator struct {
	*source
	pkg    *Package
	seen   map[string]int // how many mutants have a name
	name   string         // of the file
	fn     string         // the function that is rewritten
	result types.Type     // the last result of the function around the statement
	text   []byte         // of the file
	spans  map[ast.Node]span
}

// span is where a node was before anything was rewritten.
type span struct{ from, to, line int }

// spansOf returns where the nodes of a file are.
func (g *generator) spansOf(f *ast.File) map[ast.Node]span {
	spans := map[ast.Node]span{}
	ast.Inspect(f, func(n ast.Node) bool {
		if n != nil {
			from := g.fset.Position(n.Pos())
			spans[n] = span{from.Offset, g.fset.Position(n.End()).Offset, from.Line}
		}
		return true
	})
	return spans
}

// file rewrites one file.
func (g *generator) file(name string, f *ast.File) error {
	p := filepath.Join(g.dir, name)
	text, err := os.ReadFile(p)
	if err != nil {
		return err
	}
	g.name, g.text = name, text
	g.spans = g.spansOf(f)
	before := len(g.pkg.Mutants)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			g.function(fn)
		}
	}
	if len(g.pkg.Mutants) == before {
		return nil
	}
	f.Decls = append([]ast.Decl{&ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{
		&ast.ImportSpec{Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(activePath)}},
	}}}, f.Decls...)
	var out bytes.Buffer
	out.WriteString(constraint(text))
	if err := format.Node(&out, token.NewFileSet(), f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	g.pkg.Files[p] = out.Bytes()
	return nil
}

// constraint returns the build constraint of a file.
func constraint(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "//go:build ") {
			return line + "\n"
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	return ""
}

// function rewrites one function, unless it only makes text for people.
func (g *generator) function(fn *ast.FuncDecl) {
	switch fn.Name.Name {
	case "String", "Error", "MarshalText", "UnmarshalText":
		return
	}
	g.fn = fn.Name.Name
	if fn.Recv != nil {
		g.fn = strings.TrimPrefix(g.code(fn.Recv.List[0].Type), "*") + "." + g.fn
	}
	g.body(fn.Type, fn.Body)
}

// body rewrites the body of a function of this type.
func (g *generator) body(t *ast.FuncType, b *ast.BlockStmt) {
	outer := g.result
	defer func() { g.result = outer }()
	g.result = nil
	if t.Results != nil {
		last := t.Results.List[len(t.Results.List)-1]
		g.result = g.info.Types[last.Type].Type
	}
	b.List = g.statements(b.List)
}

// code is the text of a node as it was written, on one line.
func (g *generator) code(n ast.Node) string {
	s := g.spans[n]
	return strings.Join(strings.Fields(string(g.text[s.from:s.to])), " ")
}

// longestCode is how much of the code a mutant's name has, in bytes.
const longestCode = 70

// add makes a mutant of n, and returns the number that switches it on.
func (g *generator) add(op string, n ast.Node) ast.Expr {
	code := g.code(n)
	if len(code) > longestCode {
		code = code[:longestCode] + "…"
	}
	name := fmt.Sprintf("%s %s: %s: %s", g.name, g.fn, op, code)
	if g.seen[name]++; g.seen[name] > 1 {
		name += fmt.Sprintf(" #%d", g.seen[name])
	}
	id := len(g.pkg.Mutants)
	g.pkg.Mutants = append(g.pkg.Mutants, Mutant{ID: id, Name: name, Line: g.spans[n].line})
	return &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(id)}
}

// call calls a function of package active.
func call(name string, args ...ast.Expr) ast.Expr {
	return &ast.CallExpr{Fun: &ast.SelectorExpr{X: ast.NewIdent("active"), Sel: ast.NewIdent(name)}, Args: args}
}
