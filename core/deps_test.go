package core_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/s3fc/s3fc/"

// TestImports checks the imports of core, its decorators and the conformance suite,
// also without the linter: the standard library, and of this module only the named
// packages.
func TestImports(t *testing.T) {
	for _, tt := range []struct {
		pkg     string
		allowed []string
	}{
		{"core", []string{"core"}},
		{"core/wrap", []string{"core", "core/wrap", "internal/sleep"}},
		{"core/kit", []string{"core", "core/kit", "internal/fanout"}},
		{"core/reconcile", []string{"core", "core/wrap", "core/reconcile", "internal/fanout", "internal/sleep", "internal/sortedrun", "internal/spool"}},
		{"conformance", []string{"core", "core/wrap", "core/reconcile", "internal/fanout", "internal/sleep", "internal/sortedrun", "internal/spool", "conformance"}},
	} {
		t.Run(tt.pkg, func(t *testing.T) {
			allowed := make(map[string]bool)
			for _, p := range tt.allowed {
				allowed[module+p] = true
			}
			for _, dep := range nonStandardDeps(t, module+tt.pkg) {
				if !allowed[dep] {
					t.Errorf("%s imports %s, directly or not; it may import the standard library and %s", tt.pkg, dep, strings.Join(tt.allowed, ", "))
				}
			}
		})
	}
}

// nonStandardDeps lists the dependencies of pkg, itself included, outside the
// standard library.
func nonStandardDeps(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, stderr.String())
	}
	deps := strings.Fields(string(out))
	if len(deps) == 0 {
		t.Fatalf("go list -deps %s lists nothing, not even itself", pkg)
	}
	return deps
}

// TestImportsPointOneWay: the library knows no backend, and the command line
// no backend either.
func TestImportsPointOneWay(t *testing.T) {
	for pkg, forbidden := range map[string][]string{
		"":    {"backends/", "cmd", "conformance"},
		"cmd": {"backends/", "conformance", "internal/s3server", "internal/filestore"},
	} {
		for _, dep := range nonStandardDeps(t, strings.TrimSuffix(module+pkg, "/")) {
			for _, f := range forbidden {
				if strings.HasPrefix(dep, module+f) {
					t.Errorf("%s imports %s, directly or not", module+pkg, dep)
				}
			}
		}
	}
}

// TestBackendsKnowTheModelOnly: a backend answers questions and never decides, so
// none of them links the reconciler.
func TestBackendsKnowTheModelOnly(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", module+"backends/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		for _, dep := range nonStandardDeps(t, pkg) {
			if dep == module+"core/reconcile" || dep == strings.TrimSuffix(module, "/") || strings.HasPrefix(dep, module+"cmd") {
				t.Errorf("%s imports %s, directly or not", pkg, dep)
			}
		}
	}
}
