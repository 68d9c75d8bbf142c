package shard

import (
	"errors"
	"fmt"
	"strconv"
)

// IndexVariables are the environment variables in which engines tell a task its
// index, from 0.
var IndexVariables = []string{
	"JOB_COMPLETION_INDEX",      // Kubernetes, Indexed Jobs
	"AWS_BATCH_JOB_ARRAY_INDEX", // AWS Batch, array jobs
	"SLURM_ARRAY_TASK_ID",       // Slurm, arrays
}

// Index returns the index of this task of shards many: flag, if it is not empty,
// or the one of IndexVariables that the environment has. Two that differ are an
// error: an engine inside another would make every task do the same.
func Index(flag string, getenv func(string) string, shards int) (int, error) {
	source, text := "--index", flag
	if flag == "" {
		for _, name := range IndexVariables {
			value := getenv(name)
			switch {
			case value == "":
			case text != "" && value != text:
				return 0, fmt.Errorf("%s is %s and %s is %s: give --index", source, text, name, value)
			default:
				source, text = name, value
			}
		}
	}
	if text == "" {
		return 0, errors.New("no index: give --index, from 0, or run as a task of an array")
	}
	i, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s is %q: expected a number from 0", source, text)
	case i < 0 || i >= shards:
		return 0, fmt.Errorf("%s is %d, and the run has the shards 0 to %d", source, i, shards-1)
	}
	return i, nil
}
