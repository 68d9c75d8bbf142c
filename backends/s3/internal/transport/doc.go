// Package transport carries HTTP requests to a store: it keeps connections,
// limits how many requests wait for an answer at once, counts and pays for each
// attempt, and ends those on which nothing moves. It knows S3 only as far as
// prices and signs of overload go.
//
// A request passes, from the outside in:
//
//	breaker     waits while the store gives no answer at all, and gives up in the end
//	throttle    waits for a place among the requests that may be under way
//	meter       counts the attempt by class and takes it from the budget
//	stallGuard  ends the attempt when no byte has moved for too long
//	connections one idle connection for each job
//
// Nothing here sends a request twice. [Tries] says when a sender should.
package transport
