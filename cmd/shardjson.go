package cmd

import "github.com/s3fc/s3fc/internal/shard"

// shardRunJSON is the line of shard plan --json.
type shardRunJSON struct {
	Event string `json:"event"`
	ID    string `json:"run"`
	*shard.Run
}

// shardHeadJSON is the line of shard list --json.
type shardHeadJSON struct {
	Event string `json:"event"`
	*shard.Head
}

// shardVerdictJSON is the line of shard check --json.
type shardVerdictJSON struct {
	Event string `json:"event"`
	*shard.Verdict
}

// shardDoneJSON is the line of shard apply --json.
type shardDoneJSON struct {
	Event string `json:"event"`
	Index int    `json:"index"`
	Phase string `json:"phase"`
	shard.Done
}

// shardGateJSON is the line of shard gate --json.
type shardGateJSON struct {
	Event string `json:"event"`
	Phase string `json:"phase"`
}
