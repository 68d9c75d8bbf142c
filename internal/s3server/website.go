package s3server

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/website"
)

// websiteConfiguration is a bucket's website configuration, as S3's XML has it.
type websiteConfiguration struct {
	XMLName       xml.Name `xml:"WebsiteConfiguration"`
	IndexDocument struct{ Suffix string }
	ErrorDocument struct{ Key string }
	RedirectAll   struct{ HostName, Protocol string } `xml:"RedirectAllRequestsTo"`
	RoutingRules  []routingRule                       `xml:"RoutingRules>RoutingRule"`
}

// check reports why S3 would not take the configuration.
func (c *websiteConfiguration) check() error {
	all := c.RedirectAll.HostName != ""
	bad := (c.IndexDocument.Suffix != "") == all || all && len(c.RoutingRules) > 0
	for _, u := range c.RoutingRules {
		bad = bad || !u.valid()
	}
	switch {
	case bad:
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, gofakes3.ErrMalformedXML.Message())
	case len(c.RoutingRules) > maxRules:
		return gofakes3.ErrorMessage(gofakes3.ErrInvalidArgument, fmt.Sprintf("%d routing rules were given; a website has %d at most", len(c.RoutingRules), maxRules))
	}
	return nil
}

// site is the website that the configuration describes.
func (c *websiteConfiguration) site() core.Website {
	site := core.Website{Index: c.IndexDocument.Suffix, Error: c.ErrorDocument.Key}
	if c.RedirectAll.HostName != "" {
		site.RedirectAll = cmp.Or(c.RedirectAll.Protocol, "http") + "://" + c.RedirectAll.HostName
	}
	for _, u := range c.RoutingRules {
		site.Rules = append(site.Rules, u.rule())
	}
	return site
}

// websiteConfig reads, stores and removes a bucket's website configuration.
func (h *handler) websiteConfig(w http.ResponseWriter, r *http.Request, bucket, _ string) error {
	switch r.Method {
	case http.MethodGet:
		raw, err := h.store.BucketConfig(bucket, "website")
		if err != nil {
			return err
		}
		if raw == nil {
			return gofakes3.ErrorMessage(errNoSuchWebsite, "The specified bucket does not have a website configuration")
		}
		w.Header().Set("Content-Type", "application/xml")
		_, err = w.Write(raw)
		return err
	case http.MethodPut:
		return h.putWebsite(w, r, bucket)
	case http.MethodDelete:
		if err := h.store.SetBucketConfig(bucket, "website", nil); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return gofakes3.ErrMethodNotAllowed
}

func (h *handler) putWebsite(w http.ResponseWriter, r *http.Request, bucket string) error {
	b, err := openBody(r)
	if err != nil {
		return err
	}
	raw, err := b.all()
	if err != nil {
		return err
	}
	var config websiteConfiguration
	if err := xml.Unmarshal(raw, &config); err != nil {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, gofakes3.ErrMalformedXML.Message())
	}
	if err := config.check(); err != nil {
		return err
	}
	if err := h.store.SetBucketConfig(bucket, "website", raw); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// website serves a bucket as its website endpoint does, by the configuration
// that it has at the time of the request.
func (h *handler) website(bucket string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := h.store.BucketConfig(bucket, "website")
		var config websiteConfiguration
		switch {
		case err != nil:
			website.Answer{Status: http.StatusInternalServerError, Code: string(gofakes3.ErrInternal), Message: err.Error()}.Send(w, r)
		case raw == nil || xml.Unmarshal(raw, &config) != nil:
			website.Answer{Status: http.StatusNotFound, Code: string(errNoSuchWebsite), Message: "The specified bucket does not have a website configuration"}.Send(w, r)
		default:
			site := website.Site{Pages: storePages{h.store, bucket}, Config: config.site()}
			site.ServeHTTP(w, r)
		}
	})
}

// storePages are the pages of a bucket.
type storePages struct {
	store  Store
	bucket string
}

// Page implements [website.Pages].
func (p storePages) Page(_ context.Context, key string, content bool) (*website.Page, error) {
	o, err := p.open(key, content)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	page := &website.Page{Header: make(http.Header), Modified: lastModified(o), Redirect: o.Metadata[redirectHeader], Size: o.Size, Content: o.Contents}
	if !content {
		page.Content, err = nil, o.Contents.Close()
	}
	for name, v := range o.Metadata {
		if name != ETagKey && name != PartsKey && name != redirectHeader {
			page.Header.Set(name, v)
		}
	}
	page.Header.Set("ETag", quote(ETagOf(o)))
	return page, err
}

func (p storePages) open(key string, content bool) (*gofakes3.Object, error) {
	if content {
		return p.store.GetObject(p.bucket, key, nil)
	}
	return p.store.HeadObject(p.bucket, key)
}
