// Package ignore decides which keys the user's rules hide, in the language of
// git's ignore files.
//
// A rule is a glob. One without a slash, but for a final one, is matched against
// the last segment of a key, at any depth; any other is matched against the whole
// key, relative to the directory that the rule stands in. A final slash restricts a
// rule to directories, a leading "!" makes it an exception, and of the rules that
// match, the last decides. Keys below a hidden directory are hidden, and no
// exception brings them back.
//
// Globs work on bytes, as git's do: "?" is one byte, "*" is any number of them
// but for a slash, and "**" between slashes is any number of directories.
package ignore
