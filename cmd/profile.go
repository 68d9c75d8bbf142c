package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
)

// The names of environment variables that name a file for a profile of the run,
// to be read with go tool pprof.
const (
	envCPUProfile = "S3FC_CPUPROFILE"
	envMemProfile = "S3FC_MEMPROFILE"
)

// profiled runs f, and writes the profiles that the environment asks for. A
// profile that cannot be written is said on stderr, and changes nothing else.
func profiled(stderr io.Writer, f func() int) int {
	stop, err := startCPUProfile(os.Getenv(envCPUProfile))
	code := f()
	if err == nil {
		err = stop()
	}
	if err = errors.Join(err, writeMemProfile(os.Getenv(envMemProfile))); err != nil {
		fmt.Fprintln(stderr, "s3fc: a profile could not be written:", err)
	}
	return code
}

func startCPUProfile(name string) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// writeMemProfile writes the allocations of the run, and the memory still in use.
func writeMemProfile(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
