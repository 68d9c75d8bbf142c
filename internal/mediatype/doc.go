// Package mediatype tells the media type of a file from its name and its first
// bytes. It carries its own table, so that the same file gets the same type
// from every machine; the system's tables differ from one to the next.
//
// types.txt is derived from mime-db (see NOTICE). The types in ours.txt, each with
// a reason, win over it.
package mediatype

//go:generate go run gen.go package/db.json types.txt
