package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// files returns a directory's entries: contents, and the texts of links behind an
// arrow.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type()&os.ModeSymlink != 0 {
			text, err := os.Readlink(path)
			out[filepath.ToSlash(rel)] = "→" + text
			return err
		}
		b, err := os.ReadFile(path)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := files(t, dir)
	for key := range got {
		if got[key] != want[key] {
			t.Errorf("%s: %s is %q, want %q", dir, key, got[key], want[key])
		}
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			t.Errorf("%s: %s is missing", dir, key)
		}
	}
}

func (w *world) directory(contents map[string]string) string {
	w.t.Helper()
	dir := w.t.TempDir()
	w.tree("of "+dir, contents)
	w.trees["made"] = w.trees["of "+dir]
	w.run("copy", "t://made", dir).want(w.t, 0, "", "")
	delete(w.trees, "made")
	return dir
}

// theOnly returns the one directory in dir.
func theOnly(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v, %v; want one directory", dir, list, err)
	}
	return filepath.Join(dir, list[0].Name())
}

func TestABackupIsNamedByTheTimeAndRestores(t *testing.T) {
	w := newWorld(t)
	old := map[string]string{"a": "old", "d/gone": "gone", "l": "→d", "same": "same"}
	w.tree("a", map[string]string{"a": "new", "l": "→a", "same": "same", "x": "1"})
	dst, undo := w.directory(old), filepath.Join(t.TempDir(), "un do")
	got := w.run("copy", "--backup-dir", undo, "t://a", dst)
	got.want(t, 0, "1 new, 1 changed (4 B), 1 retargeted, 1 deleted, 1 empty directory removed, 3 saved, 1 unchanged in ", "overwritten and deleted entries are saved in "+undo)
	at := theOnly(t, undo)
	stamp, err := time.Parse("2006-01-02T15-04-05Z", filepath.Base(at))
	if err != nil || time.Since(stamp) > time.Minute || time.Since(stamp) < -time.Second {
		t.Errorf("the backup is named %s: %v", filepath.Base(at), err)
	}
	wantFiles(t, at, map[string]string{"a": "old", "d/gone": "gone", "l": "→d"})
	back := regexp.MustCompile(`to restore them: s3fc (.*)\n`).FindStringSubmatch(got.err)
	if back == nil || back[1] != "copy --delete=never '"+at+"' "+dst {
		t.Fatalf("the way back is not named: %q", got.err)
	}
	w.run("copy", "--delete=never", at, dst).want(t, 0, "1 new, 1 changed", "")
	old["x"] = "1"
	wantFiles(t, dst, old)
}

func TestABackupInTheDestinationIsNoneOfItsEntries(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"a": "1", "undo/x": "of the source"})
	dst := w.directory(map[string]string{"a": "old", "gone": "g", "undo/older": "of an older run", "undone": "u"})
	w.run("copy", "--backup-dir", dst+"/undo", "--max-delete=9", "t://a", dst).want(t, 0, "1 changed (1 B), 2 deleted, 3 saved in", "")
	if got := files(t, dst); got["a"] != "1" || got["undo/older"] == "" || got["undo/x"] != "" || got["gone"] != "" || got["undone"] != "" || len(got) != 5 {
		t.Errorf("the destination has %v", got)
	}
	w.run("copy", "--backup-dir", dst+"/undo", "t://a", dst).want(t, 0, "nothing to do, 1 unchanged", "")
}

func TestATreeThatSharesWithABackupIsAUsageError(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"a": "1"})
	src, dst := w.directory(map[string]string{"a": "1", "d/x": "2"}), w.directory(map[string]string{"a": "old"})
	for _, undo := range []string{src, src + "/d", filepath.Dir(src), dst, filepath.Dir(dst), dst + "/a", "no://such"} {
		w.run("copy", "--backup-dir", undo, src, dst).want(t, 2, "", "--backup-dir: ")
	}
	wantFiles(t, dst, map[string]string{"a": "old"})
}

func TestADryRunMakesNoBackup(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"a": "1"})
	dst, undo := w.directory(map[string]string{"a": "old"}), filepath.Join(t.TempDir(), "undo")
	w.run("copy", "-n", "--backup-dir", undo, "t://a", dst).want(t, 0, "dry run: 1 changed", "would be saved in "+undo)
	w.run("copy", "--backup-dir", undo, dst, dst+"2").want(t, 0, "1 new", "")
	if _, err := os.Stat(undo); err == nil {
		t.Error("a backup was made where nothing is saved")
	}
}

func TestAnEntryThatCannotBeSavedStaysWithExitCode1(t *testing.T) {
	w := newWorld(t)
	w.tree("a", map[string]string{"a": "1", "b": "2", "u": "now a file"})
	b := w.tree("b", map[string]string{"a": "1", "u": "→https://example.com/", "gone": "g"})
	undo := t.TempDir()
	w.run("copy", "--backup-dir", undo, "t://a", "t://b").want(t, 1, "1 not deleted because of errors, 1 error in", "error: save u: left as it is: it cannot be saved in the backup: the backup cannot hold it: link not supported")
	if e, err := b.Stat(t.Context(), "u"); err != nil || e.Kind != core.Link || b.Len() != 4 {
		t.Errorf("%+v, %v", e, err)
	}
	w.run("copy", "--json", "--backup-dir", undo+"/2", "--exclude=u", "t://a", "t://b").want(t, 0, `"saved":1,`, "")
}

func TestShellWords(t *testing.T) {
	for in, want := range map[string]string{
		"./a/b-1_c.d": "./a/b-1_c.d", "s3://b/x?region=a": "'s3://b/x?region=a'", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
