//go:build unix

package main

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/terminal"
)

// TestCtrlCOnATerminalLeavesOneLine types Ctrl-C into the controlling terminal of a
// run, as a user does, while a file is sent and the bar is shown.
func TestCtrlCOnATerminalLeavesOneLine(t *testing.T) {
	began := make(chan struct{})
	server := s3server.New(t, slowPuts(began))
	term := terminal.New(t, 100)
	run, _, _ := program(t, server.URL, "copy", "-j1", site(t), "s3://test")
	run.Env = append(run.Env, "TERM=xterm", "NO_COLOR=")
	run.Stdin, run.Stdout, run.Stderr = term.File(), term.File(), term.File()
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	<-began
	awaitScreen(t, term, "copying ")
	term.Type("\x03")
	if got := exitCode(run.Wait()); got != 130 {
		t.Errorf("exit code %d, want 130", got)
	}
	term.Close()
	want := regexp.MustCompile(`^interrupted: 1 new \(1 B\), 1 given up in \d\.\ds; run the same command again to go on$`)
	lines := strings.Split(strings.TrimSpace(term.Screen()), "\n")
	if len(lines) < 2 || !want.MatchString(lines[len(lines)-2]) || strings.Contains(term.Screen(), "^C") || strings.Contains(term.Screen(), "copying") {
		t.Errorf("the screen shows:\n%s\nwant one line with the counts, and nothing of the bar or of ^C", term.Screen())
	}
}

// TestATerminalThatGoesAwayEndsARun closes the window of a run.
func TestATerminalThatGoesAwayEndsARun(t *testing.T) {
	began := make(chan struct{})
	server := s3server.New(t, slowPuts(began))
	term := terminal.New(t, 100)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	template, _, _ := program(t, server.URL, "copy", "-j1", site(t), "s3://test")
	run := exec.CommandContext(ctx, template.Path, template.Args[1:]...)
	run.Env = append(template.Env, "TERM=xterm")
	run.Stdin, run.Stdout, run.Stderr = term.File(), term.File(), term.File()
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	<-began
	term.HangUp()
	if got := exitCode(run.Wait()); got != 128+int(syscall.SIGHUP) {
		t.Errorf("exit code %d, want 129", got)
	}
}

func awaitScreen(t *testing.T, term *terminal.Terminal, text string) {
	t.Helper()
	for range 3000 {
		if strings.Contains(term.Screen(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not shown, but:\n%s", text, term.Screen())
}
