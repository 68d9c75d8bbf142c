package cmd

import "testing"

func TestFlagsFromTheEnvironment(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1", "y.tmp": "2"})
	w.tree("b", map[string]string{"x": "1", "y.tmp": "2"})
	t.Setenv("S3FC_EXCLUDE", "*.tmp")
	w.run("copy", "t://a", "t://c").want(t, 0, "1 new (1 B) in", "")
	t.Setenv("S3FC_JOBS", "many")
	w.run("copy", "t://a", "t://c").want(t, 2, "", "S3FC_JOBS=many: expected a whole number")
	w.run("copy", "--jobs=2", "t://a", "t://c").want(t, 0, "", "")
	t.Setenv("S3FC_JOBS", "")
	t.Setenv("S3FC_QUIET", "true")
	if got := w.run("copy", "t://a", "t://d"); got.code != 0 || got.out != "" || got.err != "" {
		t.Errorf("S3FC_QUIET: %+v", got)
	}
}

// TestNoVariableLoosensAGuard checks that an option that lets a run delete more has
// to be on its command line.
func TestNoVariableLoosensAGuard(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{})
	b := w.tree("b", map[string]string{"x": "1", "y": "2"})
	t.Setenv("S3FC_ALLOW_EMPTY_SOURCE", "true")
	t.Setenv("S3FC_MAX_DELETE", "100%")
	t.Setenv("S3FC_DELETE", "all")
	t.Setenv("S3FC_MAX_REQUESTS", "1000000000")
	w.run("copy", "t://a", "t://b").want(t, 3, "", "--allow-empty-source")
	if b.Len() != 2 {
		t.Errorf("%d entries are left, want 2", b.Len())
	}
	w.tree("c", map[string]string{"x": "1"})
	t.Setenv("S3FC_DANGLING", "true")
	t.Setenv("S3FC_REPLACE", "true")
	w.run("link", "t://c", "l", "none").want(t, 3, "", "--dangling")
	w.run("link", "t://c", "x", ".").want(t, 3, "", "--replace")
	for _, f := range planFlags {
		if f.guard {
			found := false
			for _, name := range notFromEnvironment {
				found = found || name == f.name
			}
			if !found {
				t.Errorf("--%s loosens a guard, and can be set by %s", f.name, envName(f.name))
			}
		}
	}
}
