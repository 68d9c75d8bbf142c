// Package overview shows a tree to the person in charge of it, as one page: the
// directories with their sizes; every link with its target, the links in between and
// the links that lead to it; and, where there are any, the changes that a copy would
// make.
//
// The page works without a network, by keyboard, in dark mode and on a phone. Keys
// and targets are strangers' text: the page gets them as JSON and never as markup.
package overview
