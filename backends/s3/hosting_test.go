package s3

import (
	"encoding/json"
	"testing"
)

// TestAddressesOfWebsites are from AWS's table of website endpoints.
func TestAddressesOfWebsites(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "http://b.s3-website-us-east-1.amazonaws.com", "eu-west-1": "http://b.s3-website-eu-west-1.amazonaws.com",
		"eu-central-1": "http://b.s3-website.eu-central-1.amazonaws.com", "us-east-2": "http://b.s3-website.us-east-2.amazonaws.com",
		"cn-north-1": "http://b.s3-website.cn-north-1.amazonaws.com.cn", "us-gov-west-1": "http://b.s3-website-us-gov-west-1.amazonaws.com",
	} {
		if got := websiteAddress("b", region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

// TestPoliciesAreJSON checks that a policy can be given to AWS as it is, and that it
// names the prefix.
func TestPoliciesAreJSON(t *testing.T) {
	for _, prefix := range []string{"", "docs/"} {
		tree, _ := serve(t, Options{Prefix: prefix})
		for _, p := range tree.WebsitePolicies() {
			var doc struct {
				Version   string
				Statement []struct {
					Effect   string
					Resource string
				}
			}
			if err := json.Unmarshal([]byte(p.Text), &doc); err != nil || doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
				t.Errorf("%s: %v in %s", p.Name, err, p.Text)
			}
			last := doc.Statement[len(doc.Statement)-1]
			if want := "arn:aws:s3:::test/" + prefix + "*"; last.Resource != want || last.Effect != "Allow" {
				t.Errorf("%s: %+v, want it for %s", p.Name, last, want)
			}
		}
	}
}
