// Package prices has the price lists of known stores for requests, without
// storage and traffic.
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

// date is when the prices below were looked up.
const date = "2026-11-22"

// aws is the price list of general purpose buckets; other regions cost up to
// half as much again.
var aws = &core.Prices{Store: "AWS S3 Standard, us-east-1", Date: date, Per1000: classes(0.005, 0.005, 0.0004)}

var express = &core.Prices{Store: "AWS S3 Express One Zone, us-east-1", Date: date, Per1000: classes(0.00113, 0.00113, 0.00003)}

// byHost are the stores that are recognised by the end of their endpoint's host.
var byHost = []struct {
	suffix string
	table  *core.Prices
}{
	{"amazonaws.com", aws},
	{"r2.cloudflarestorage.com", &core.Prices{Store: "Cloudflare R2 Standard", Date: date, Per1000: classes(0.0045, 0.0045, 0.00036)}},
	{"storage.googleapis.com", &core.Prices{Store: "Google Cloud Storage Standard", Date: date, Per1000: classes(0.005, 0.005, 0.0004)}},
	{"backblazeb2.com", &core.Prices{Store: "Backblaze B2", Date: date, Per1000: map[string]float64{"LIST": 0.004, "COPY": 0.004, "GET": 0.0004, "HEAD": 0.0004}}},
	{"wasabisys.com", &core.Prices{Store: "Wasabi", Date: date}},
	{"idrivee2.com", &core.Prices{Store: "IDrive e2", Date: date}},
}

// classes is the price list of a store with three prices: for writes and copies,
// for listings, and for reads.
func classes(put, list, get float64) map[string]float64 {
	return map[string]float64{"PUT": put, "COPY": put, "LIST": list, "GET": get, "HEAD": get}
}

// For returns the prices of the store at an endpoint's host, with or without a
// port, empty for AWS's own; or nil if they are not known.
func For(host, bucket string) *core.Prices {
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

// Parse reads a price list of the user's own, in JSON.
func Parse(text []byte) (*core.Prices, error) {
	var t core.Prices
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
