package shard

import (
	"strings"
	"testing"
)

func TestIndex(t *testing.T) {
	for _, tt := range []struct {
		flag string
		env  map[string]string
		want int
		err  string
	}{
		{"3", nil, 3, ""},
		{"3", map[string]string{"SLURM_ARRAY_TASK_ID": "5"}, 3, ""},
		{"", map[string]string{"SLURM_ARRAY_TASK_ID": "5"}, 5, ""},
		{"", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "0"}, 0, ""},
		{"", map[string]string{"JOB_COMPLETION_INDEX": "7"}, 7, ""},
		{"", map[string]string{"JOB_COMPLETION_INDEX": "2", "SLURM_ARRAY_TASK_ID": "2"}, 2, ""},
		{"", map[string]string{"JOB_COMPLETION_INDEX": "1", "SLURM_ARRAY_TASK_ID": "2"}, 0, "give --index"},
		{"", nil, 0, "no index"},
		{"x", nil, 0, "expected a number"},
		{"-1", nil, 0, "the shards 0 to 7"},
		{"8", nil, 0, "--index is 8, and the run has the shards 0 to 7"},
	} {
		got, err := Index(tt.flag, func(name string) string { return tt.env[name] }, 8)
		if tt.err == "" && (err != nil || got != tt.want) || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%q %v: got %d, %v, want %d, %q", tt.flag, tt.env, got, err, tt.want, tt.err)
		}
	}
}
