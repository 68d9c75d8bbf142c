package s3

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestProfilesOfTheUsersFiles checks which names are read from the two files of AWS.
func TestProfilesOfTheUsersFiles(t *testing.T) {
	dir := t.TempDir()
	config, keys := filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", keys)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_PROFILE", "")
	if got := (completer{}).Values("profile"); got != nil {
		t.Errorf("without files: %q", got)
	}
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(config, "[default]\nregion = x\n# [profile not]\n[profile prod]\n[ profile  two words ]\n[sso-session s]\n[profile open\n")
	write(keys, "[prod]\naws_access_key_id = [a]\n[old]\n")
	if got, want := (completer{}).Values("profile"), []string{"default", "old", "prod", "two words"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (completer{}).Values("region"); got != nil {
		t.Errorf("regions: %q", got)
	}
}

// TestCompletionAsksOnlyWithCredentials checks where a completion may send a request.
func TestCompletionAsksOnlyWithCredentials(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("[profile prod]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, key, profile, token string
		want                     bool
	}{
		{"s3://b", "", "", "", false},
		{"s3://b?anonymous=true", "", "", "", true},
		{"s3://b", "id", "", "", true},
		{"s3://b", "", "", "/token", true},
		{"s3://b", "", "prod", "", true},
		{"s3://b?profile=prod", "", "", "", true},
		{"s3://b?profile=none", "", "", "", false},
	} {
		t.Setenv("AWS_ACCESS_KEY_ID", c.key)
		t.Setenv("AWS_PROFILE", c.profile)
		t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", c.token)
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := (completer{}).Ready(u); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
