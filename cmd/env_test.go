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

// TestNoVariableDecidesWhatIsDeleted checks that an option that says what a run may
// delete or write has to be on its command line, and that nobody relies on a variable.
func TestNoVariableDecidesWhatIsDeleted(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"new": "1"})
	b := w.tree("b", map[string]string{"x": "1", "y": "2"})
	w.tree("c", map[string]string{"x": "1"})
	for name, args := range map[string][]string{
		"S3FC_ALLOW_EMPTY_SOURCE": {"copy", "t://a", "t://b"},
		"S3FC_MAX_DELETE":         {"copy", "t://a", "t://b"},
		"S3FC_DELETE":             {"copy", "t://a", "t://b"},
		"S3FC_MAX_REQUESTS":       {"copy", "t://a", "t://b"},
		"S3FC_DRY_RUN":            {"copy", "t://a", "t://b"},
		"S3FC_DANGLING":           {"link", "t://c", "l", "none"},
		"S3FC_REPLACE":            {"link", "t://c", "x", "."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "1")
			w.run(args...).want(t, 2, "", name+" is not read from the environment: give --")
		})
	}
	if b.Len() != 2 {
		t.Errorf("%d entries are left, want 2", b.Len())
	}
	t.Setenv("S3FC_VERSION", "1.2.3")
	w.run("copy", "--dry-run", "t://a", "t://b").want(t, 0, "dry run", "")
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

// TestAnEmptyValueIsAMistake checks that an unset variable of a script does not turn a
// flag off silently.
func TestAnEmptyValueIsAMistake(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"x": "1"})
	for _, flag := range []string{"backup-dir", "reuse", "rules", "log", "changed", "on-change", "max-delete", "exclude", "prices", "bwlimit", "delete", "detect", "jobs"} {
		w.run("copy", "--"+flag+"=", "t://a", "t://b").want(t, 2, "", "--"+flag)
	}
}
