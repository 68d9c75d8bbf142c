// Package website serves a tree as the website endpoint of S3 does. It is behind
// the project's own S3 server and behind the preview of a tree.
//
// In this order: a site that is elsewhere as a whole redirects; the first rule for
// the key redirects; a path that ends in a slash stands for the index document in
// it; an object with a redirect is answered 301; a path that lacks only its slash
// is answered 302; the first rule for the error redirects; all else is an error, with
// the site's document for errors, whose own redirect counts too.
package website
