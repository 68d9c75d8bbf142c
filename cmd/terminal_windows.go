package cmd

import (
	"os"

	"golang.org/x/sys/windows"
)

// movesCursor makes the console of f obey codes that move the cursor, and reports
// whether it does.
func movesCursor(f *os.File) bool {
	console := windows.Handle(f.Fd())
	var mode uint32
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
