package httpfault

import "net/http"

// Classes returns the ways in which requests to S3 fail.
func Classes() []Class {
	busy := refuse(http.StatusServiceUnavailable, "SlowDown")
	broken := refuse(http.StatusInternalServerError, "InternalError")
	return []Class{
		{Name: "503 SlowDown", Serve: busy, Heals: true},
		{Name: "a storm of 503 SlowDown", Serve: busy, Times: 6, Heals: true},
		{Name: "503 SlowDown without end", Serve: busy, Times: Forever},
		{Name: "500 InternalError", Serve: broken, Heals: true},
		{Name: "500 without end", Serve: broken, Times: Forever},
		{Name: "500 after success", Serve: after(broken), Heals: true},
		{Name: "400 InvalidRequest", Serve: refuse(http.StatusBadRequest, "InvalidRequest")},
		{Name: "403 AccessDenied", Serve: refuse(http.StatusForbidden, "AccessDenied")},
		{Name: "403 AccessDenied from then on", Serve: refuse(http.StatusForbidden, "AccessDenied"), Times: Forever},
		{Name: "a connection reset", Serve: reset, Heals: true},
		{Name: "a connection reset after success", Serve: after(reset), Heals: true},
		{Name: "resets without end", Serve: reset, Times: Forever},
		{Name: "a body cut on its way up", Serve: cutRequest, Heals: true},
		{Name: "a body cut on its way down", Serve: cutAnswer, Heals: true},
		{Name: "a body that ends early in good order", Serve: endEarly, Heals: true},
		{Name: "a Content-Length that is too long", Serve: tooLong, Heals: true},
		{Name: "a Content-Length that is too short", Serve: tooShort},
		{Name: "an answer that stops in the middle", Serve: stall, Heals: true},
		{Name: "no answer", Serve: silence, Heals: true},
		{Name: "a login page instead of an answer", Serve: loginPage},
		{Name: "login pages from then on", Serve: loginPage, Times: Forever},
		{Name: "a redirect to a login page", Serve: loginRedirect},
		{Name: "an empty 200", Serve: emptyAnswer},
		{Name: "an error inside a 200", Concerns: maySucceedLate, Serve: lateError, Heals: true},
		{Name: "a page that comes twice", Concerns: isLaterPage, Serve: firstPage},
		{Name: "a page that comes backwards", Concerns: isList, Serve: rewrite(backwards), Heals: true},
		{Name: "a listing that says there is more, but not where", Concerns: isList, Serve: rewrite(endless)},
		{Name: "errors of single keys in a batch delete that is 200", Concerns: isBatchDelete, Serve: refuseEverySecond},
	}
}
