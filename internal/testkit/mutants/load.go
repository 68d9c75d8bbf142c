package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// source is a package with its types.
type source struct {
	dir   string
	fset  *token.FileSet
	names []string // of the files, in the order of files
	files []*ast.File
	info  *types.Info
}

// listed is a package as go list describes it.
type listed struct {
	Dir, ImportPath, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load reads the package at path, as built for this system, without its tests.
func load(ctx context.Context, path string) (*source, error) {
	pkg, exports, err := list(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &source{dir: pkg.Dir, fset: token.NewFileSet(), names: pkg.GoFiles}
	for _, name := range pkg.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, f)
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", lookup)}
	s.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}}
	if _, err := conf.Check(pkg.ImportPath, s.fset, s.files, s.info); err != nil {
		return nil, err
	}
	return s, nil
}

// list returns the package at path, and where the compiled packages are that it
// imports.
func list(ctx context.Context, path string) (pkg listed, exports map[string]string, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles,DepOnly", path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return pkg, nil, fmt.Errorf("go list %s: %w\n%s", path, err, stderr.Bytes())
	}
	exports = map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkg, exports, nil
		} else if err != nil {
			return pkg, nil, err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			pkg = p
		}
	}
}
