// Package reach tests how the program reaches a store: through proxies, by
// authorities of one's own, over IPv6, in another region, and without credentials.
// It has tests only.
package reach
