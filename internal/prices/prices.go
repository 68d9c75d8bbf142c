// Package prices knows about how much the requests to a store cost. It knows
// nothing of what storage and traffic cost.
package prices

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A Table is what the requests of one store cost, in US dollars.
type Table struct {
	// Store says whose prices they are, and for which class and region.
	Store string `json:"store"`
	// Date is when they were looked up, as 2026-11-22.
	Date string `json:"date"`
	// Per1000 is the price of 1,000 requests by the name of their class; what
	// is missing is free.
	Per1000 map[string]float64 `json:"per_1000"`
}

// Cost returns what r costs in US dollars.
func (t *Table) Cost(r core.Requests) float64 {
	var sum float64
	for class, n := range r.Map() {
		sum += float64(n) / 1000 * t.Per1000[class]
	}
	return sum
}

// date is when the tables below were looked up.
const date = "2026-11-22"

// aws is the price list of general purpose buckets; other regions ask for up
// to half as much again.
var aws = &Table{Store: "AWS S3 Standard, us-east-1", Date: date, Per1000: classes(0.005, 0.005, 0.0004)}

var express = &Table{Store: "AWS S3 Express One Zone, us-east-1", Date: date, Per1000: classes(0.00113, 0.00113, 0.00003)}

// byHost are the stores that their endpoint's host, or its end, tells.
var byHost = []struct {
	suffix string
	table  *Table
}{
	{"amazonaws.com", aws},
	{"r2.cloudflarestorage.com", &Table{Store: "Cloudflare R2 Standard", Date: date, Per1000: classes(0.0045, 0.0045, 0.00036)}},
	{"storage.googleapis.com", &Table{Store: "Google Cloud Storage Standard", Date: date, Per1000: classes(0.005, 0.005, 0.0004)}},
	{"backblazeb2.com", &Table{Store: "Backblaze B2", Date: date, Per1000: map[string]float64{"LIST": 0.004, "COPY": 0.004, "GET": 0.0004, "HEAD": 0.0004}}},
	{"wasabisys.com", &Table{Store: "Wasabi", Date: date}},
	{"idrivee2.com", &Table{Store: "IDrive e2", Date: date}},
}

// classes is the price list of a store that knows three: writes and copies,
// listings, and reads.
func classes(put, list, get float64) map[string]float64 {
	return map[string]float64{"PUT": put, "COPY": put, "LIST": list, "GET": get, "HEAD": get}
}

// For returns the prices of the store at an endpoint's host, with or without a
// port, empty for AWS's own; or nil if they are not known.
func For(host, bucket string) *Table {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(host)
	if host == "" {
		host = "amazonaws.com"
	}
	for _, p := range byHost {
		if host != p.suffix && !strings.HasSuffix(host, "."+p.suffix) {
			continue
		}
		if p.table == aws && strings.HasSuffix(bucket, "--x-s3") {
			return express
		}
		return p.table
	}
	return nil
}

// Local reports whether host is this machine, where requests cost nothing.
func Local(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// Parse reads a Table of the user's own, in JSON.
func Parse(text []byte) (*Table, error) {
	var t Table
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf(`%w (expected JSON such as {"store": "mine", "date": "2026-11-22", "per_1000": {"PUT": 0.005, "GET": 0.0004}})`, err)
	}
	if t.Per1000 == nil {
		return nil, errors.New(`"per_1000" is missing: the price of 1,000 requests by class`)
	}
	for class, price := range t.Per1000 {
		if !slices.Contains(classNames(), class) {
			return nil, fmt.Errorf("unknown class of requests %q: expected one of %s", class, strings.Join(classNames(), ", "))
		}
		if price < 0 {
			return nil, fmt.Errorf("the price of %s is negative", class)
		}
	}
	return &t, nil
}

func classNames() []string {
	var one core.Requests
	for c := range one {
		one[c] = 1
	}
	return slices.Sorted(maps.Keys(one.Map()))
}
