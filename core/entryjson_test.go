package core

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Some file systems keep times that RFC 3339 cannot express; a plan has to carry
// them all the same.
func TestEntriesOfAnyTimeSurviveJSON(t *testing.T) {
	for _, tt := range []struct {
		time time.Time
		has  string
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), `"mtime":"2026-01-02T03:04:05.000000006Z"`},
		{time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), `"mtime":"2300-01-01T00:00:00Z"`},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), `"mtime":"9999-`},
		{time.Date(11476, 8, 15, 5, 20, 0, 7, time.UTC), `"mtime_unix":[300000000000,7]`},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), `"mtime_unix":[`},
		{time.Time{}, `"size":1}`},
	} {
		b, err := json.Marshal(Entry{Key: "k", Kind: File, Size: 1, ModTime: tt.time})
		if err != nil || !strings.Contains(string(b), tt.has) {
			t.Errorf("%v: got %s, %v; want %s", tt.time, b, err, tt.has)
			continue
		}
		var got Entry
		if err := json.Unmarshal(b, &got); err != nil || !got.ModTime.Equal(tt.time) {
			t.Errorf("%s: got %v, %v", b, got.ModTime, err)
		}
	}
}
