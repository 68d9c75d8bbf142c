// Package torture holds no code: its tests run the whole program through the ways
// in which tools that mirror trees are known to have lost data, or sent their users
// a bill. Each names the guarantee that it tests; docs/safety.md lists them.
package torture
