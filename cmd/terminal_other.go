//go:build !windows

package cmd

import "os"

// movesCursor reports that a terminal obeys codes that move the cursor.
func movesCursor(*os.File) bool { return true }
