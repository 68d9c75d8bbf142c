package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime/metrics"
	"time"
)

// measureTo, in the environment, names a file for the program's greatest use of
// memory.
const measureTo = "S3FC_TEST_MEASURE_TO"

// measured runs f, and writes down the memory that the process had until then,
// if it is asked to.
func measured(f func() int) int {
	to := os.Getenv(measureTo)
	if to == "" {
		return f()
	}
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakLive(stop) }()
	code := f()
	close(stop)
	status, err := os.ReadFile("/proc/self/status")
	hwm := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if err == nil && hwm != nil {
		err = os.WriteFile(to, fmt.Appendf(nil, "%d %s", <-peak, hwm[1]), 0o600)
	}
	if err != nil || hwm == nil {
		fmt.Fprintln(os.Stderr, "nothing was measured:", err)
		return 1
	}
	return code
}

// peakLive is the most that any collection found in use, until stop.
func peakLive(stop <-chan struct{}) (peak uint64) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		metrics.Read(live)
		peak = max(peak, live[0].Value.Uint64())
		select {
		case <-stop:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}
