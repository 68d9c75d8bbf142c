// Package s3fc makes one tree of files and links equal to another. It is the
// assembly behind the command s3fc, for programs.
//
// [Copy], [Diff], [Check] and [Plan] work on two open trees; [CopyURL], [DiffURL],
// [CheckURL] and [PlanURL] on two URLs or paths, which a [core.Mux] opens. [Apply]
// carries out a plan. A Mux knows the stores that were registered with it, such
// as s3.Scheme and localfs.Scheme.
//
// The zero [Options] are safe: memory and requests are bounded, nothing is
// deleted after a failure, and a plan that would empty the destination stops
// before its first write.
//
// Nothing here prints, reads flags or ends the program. Functions in Options
// receive an [Action] for each entry, [Progress], and remarks. Errors name no
// flags; package cmd adds those. Every function is safe for concurrent use on
// different trees.
package s3fc
