package transport

import "net/http"

// throttle passes requests through a gate. A place is held until the answer
// begins, not until its body was read: who holds a body may ask for more.
type throttle struct {
	next http.RoundTripper
	gate *gate
}

// RoundTrip implements [http.RoundTripper].
func (t *throttle) RoundTrip(req *http.Request) (*http.Response, error) {
	held, err := t.gate.enter(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	t.gate.leave(held, err == nil && slowDown(resp.StatusCode), err == nil)
	return resp, err
}

func slowDown(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}
