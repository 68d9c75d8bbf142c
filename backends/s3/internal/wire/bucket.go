package wire

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
)

// Website is the website configuration of a bucket.
type Website struct {
	IndexDocument         *Verbatim     `xml:",omitempty"`
	ErrorDocument         *Verbatim     `xml:",omitempty"`
	RedirectAllRequestsTo *AllRequests  `xml:",omitempty"`
	RoutingRules          []RoutingRule `xml:"RoutingRules>RoutingRule"`
}

// Verbatim is a part of a document that is written as it was read.
type Verbatim struct {
	Inner string `xml:",innerxml"`
}

// AllRequests says where a website that is somewhere else as a whole is.
type AllRequests struct {
	HostName string
	Protocol string `xml:",omitempty"`
}

// RoutingRule sends visitors elsewhere. One that was read is written as it was
// read, with all that these fields do not have.
type RoutingRule struct {
	Condition *RuleCondition `xml:",omitempty"`
	Redirect  *RuleRedirect  `xml:",omitempty"`

	read string
}

// RuleCondition says which requests a rule is for. A nil field is not there.
type RuleCondition struct {
	KeyPrefixEquals             *string `xml:",omitempty"`
	HttpErrorCodeReturnedEquals *string `xml:",omitempty"` //nolint:revive,staticcheck // The name in S3's XML.
}

// RuleRedirect says where a rule sends visitors. A nil field is not there.
type RuleRedirect struct {
	HostName             *string `xml:",omitempty"`
	HttpRedirectCode     *string `xml:",omitempty"` //nolint:revive,staticcheck // The name in S3's XML.
	Protocol             *string `xml:",omitempty"`
	ReplaceKeyPrefixWith *string `xml:",omitempty"`
	ReplaceKeyWith       *string `xml:",omitempty"`
}

// UnmarshalXML implements [xml.Unmarshaler].
func (r *RoutingRule) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var doc struct {
		Condition *RuleCondition
		Redirect  *RuleRedirect
		Verbatim
	}
	err := d.DecodeElement(&doc, &start)
	*r = RoutingRule{Condition: doc.Condition, Redirect: doc.Redirect, read: doc.Inner}
	return err
}

// MarshalXML implements [xml.Marshaler].
func (r RoutingRule) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if r.read != "" {
		return e.EncodeElement(Verbatim{r.read}, start)
	}
	type fields RoutingRule // without these methods
	return e.EncodeElement(fields(r), start)
}

// GetWebsite returns the bucket's website configuration. Where hosting is off, the
// error is one with the code NoSuchWebsiteConfiguration.
func (s *Sender) GetWebsite(ctx context.Context) (*Website, error) {
	r := NewRequest(http.MethodGet, "")
	r.Query = url.Values{"website": {""}}
	w := new(Website)
	_, err := s.call(ctx, r, w, "WebsiteConfiguration")
	return w, err
}

// PutWebsite replaces the bucket's website configuration.
func (s *Sender) PutWebsite(ctx context.Context, w *Website) error {
	r := NewRequest(http.MethodPut, "")
	r.Query = url.Values{"website": {""}}
	doc := struct {
		*Website
		RoutingRules *ruleList `xml:",omitempty"` // S3 refuses an empty one
	}{Website: w}
	if len(w.RoutingRules) > 0 {
		doc.RoutingRules = &ruleList{w.RoutingRules}
	}
	if err := r.withDocument("WebsiteConfiguration", doc); err != nil {
		return err
	}
	_, err := s.Send(ctx, r)
	return err
}

type ruleList struct{ RoutingRule []RoutingRule }

// GetVersioning returns the versioning status of the bucket: Enabled, Suspended, or
// empty where it never was on.
func (s *Sender) GetVersioning(ctx context.Context) (status string, err error) {
	r := NewRequest(http.MethodGet, "")
	r.Query = url.Values{"versioning": {""}}
	var doc struct{ Status string }
	_, err = s.call(ctx, r, &doc, "VersioningConfiguration")
	return doc.Status, err
}
