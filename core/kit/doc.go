// Package kit has the parts that each backend of a store with directories needs,
// so that all of them do the same, tested thing. docs/backend-directories.md builds a
// backend of them.
//
//   - [Walk]: a listing in key order, after any key, of directories that the store reads
//   - [Resolver]: the target of a symbolic link, as a file system finds it
//   - [CopyBody], [CopyToFile]: a body written and checked; [Content]: a file read and checked
//   - [TempName], [IsTemp], [Temps]: temporary files, and those of killed runs
//   - [CheckPut], [CheckDelete], [CheckName], [CheckOld]: refusals that are the same everywhere
//   - [AsNotExist], [ParentError], [Fail]: errors of file systems as core has them
//   - [DescribeType]: the type of a file, in words
//
// It imports the model and the standard library only. A base for decorators is
// wrap.Base in core/wrap.
package kit
