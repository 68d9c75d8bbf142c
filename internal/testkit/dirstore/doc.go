// Package dirstore gives the hooks of a [conformance.Store] for stores that are a
// directory of this machine, however they are reached. They need a Unix system.
package dirstore
