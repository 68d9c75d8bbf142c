package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

var _ core.Diagnoser = (*Tree)(nil)

// Diagnose implements [core.Diagnoser] with up to 4 HEAD, 2 GET and 22 LIST. It writes
// nothing: the probes before it have shown what the store does.
func (t *Tree) Diagnose(ctx context.Context, _ bool, report func(core.Diagnosis)) {
	d := &diagnosis{t, ctx, report}
	d.credentials()
	if !d.reach() {
		return
	}
	d.abilities()
	d.hosting()
	d.anonymous()
	d.versioning()
	d.unfinished()
}

// diagnosis is one diagnosis of a bucket.
type diagnosis struct {
	*Tree
	ctx    context.Context
	report func(core.Diagnosis)
}

func (d *diagnosis) say(check string, v core.Verdict, text, remedy string) {
	d.report(core.Diagnosis{Check: check, Verdict: v, Text: text, Remedy: remedy})
}

// sources are the SDK's names for the origins of credentials, as they begin.
var sources = []struct{ name, text string }{
	{"EnvConfigCredentials", "the environment"}, {"SharedConfigCredentials", "the AWS configuration files"}, {"EC2RoleProvider", "the role of this machine"},
	{"WebIdentityCredentials", "a role, by a token of an identity provider"}, {"AssumeRole", "an assumed role"}, {"ProcessProvider", "a program that the configuration names"},
	{"SSOProvider", "a sign-on of the AWS CLI"}, {"CredentialsEndpoint", "the endpoint of the container"}, {"StaticCredentials", "this program's settings"},
}

// expiresSoon is how long before their end credentials are remarked on.
const expiresSoon = 15 * time.Minute

func (d *diagnosis) credentials() {
	p := d.client.Options().Credentials
	if p == nil || aws.IsCredentialsProvider(p, (*aws.AnonymousCredentials)(nil)) {
		d.say("credentials", core.VerdictNote, "none: requests are anonymous, so nothing can be written", "leave anonymous=true away to use credentials")
		return
	}
	c, err := p.Retrieve(d.ctx)
	if err != nil {
		d.say("credentials", core.VerdictFault, err.Error(), "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile")
		return
	}
	from := cmp.Or(c.Source, "this program")
	for _, s := range sources {
		if strings.HasPrefix(c.Source, s.name) {
			from = s.text
		}
	}
	text := "from " + from + ", key …" + c.AccessKeyID[max(0, len(c.AccessKeyID)-4):]
	switch left := time.Until(c.Expires); {
	case !c.CanExpire:
		d.say("credentials", core.VerdictOK, text+", with no end", "")
	case left < 0:
		d.say("credentials", core.VerdictFault, text+", which ended at "+c.Expires.UTC().Format(time.RFC3339), "get new ones")
	case left < expiresSoon:
		d.say("credentials", core.VerdictNote, fmt.Sprintf("%s, which end in %v", text, left.Round(time.Second)), "a longer run asks for new ones; where there are none, it stops")
	default:
		d.say("credentials", core.VerdictOK, text+", until "+c.Expires.UTC().Format(time.RFC3339), "")
	}
}

// clockLimit is how far clocks may be apart: S3 refuses requests beyond 15 minutes.
const clockLimit = time.Minute

// reach asks for the bucket a few times, and reports whether it can be reached.
func (d *diagnosis) reach() bool {
	before := d.wire.Region()
	best := time.Hour
	var date string
	for range 3 {
		began := time.Now()
		a, err := d.wire.Send(d.ctx, wire.NewRequest(http.MethodHead, ""))
		if err != nil {
			d.say("reach", core.VerdictFault, explainer(d.bucketName).plain(err).Error(), d.reachRemedy(err))
			return false
		}
		best, date = min(best, time.Since(began)), a.Get("Date")
	}
	where := d.Endpoint()
	if where == "" {
		where = "AWS"
	}
	d.say("reach", core.VerdictOK, fmt.Sprintf("%s answers in %v", where, best.Round(100*time.Microsecond)), "")
	d.region(before)
	d.clock(date)
	return true
}

func (d *diagnosis) reachRemedy(err error) string {
	switch {
	case refused(err, http.StatusNotFound):
		return "the bucket has to be made first, or its name is another"
	case refused(err, http.StatusForbidden):
		return "these credentials may not see the bucket: s3:ListBucket has to be allowed, or the bucket is somebody else's"
	}
	return "check the endpoint, the network, and proxies"
}

// region reports whether the store named another region than the configuration.
func (d *diagnosis) region(before string) {
	configured := d.client.Options().Region
	if now := d.wire.Region(); now != configured && before == now {
		d.say("region", core.VerdictNote, "the bucket is in "+now+", and "+configured+" is set: the first request of each run is sent twice", "add region="+now+" to the URL")
		return
	}
	d.say("region", core.VerdictOK, d.wire.Region(), "")
}

func (d *diagnosis) clock(date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		d.say("clock", core.VerdictUnknown, "the store does not say which time it is", "")
		return
	}
	if off := time.Since(at).Round(time.Second); off.Abs() > clockLimit {
		d.say("clock", core.VerdictNote, fmt.Sprintf("this machine's clock and the store's are %v apart: requests are signed for the store's time", off.Abs()), "set this machine's clock")
		return
	}
	d.say("clock", core.VerdictOK, "this machine's clock is the store's", "")
}

// abilities reports what the requests so far have shown of the store.
func (d *diagnosis) abilities() {
	deleted := d.Requests()[core.ClassDelete] > 0
	tried := map[string]bool{"redirects": d.can.Proved(ability.KeptRedirects), "form of conditions": deleted, "batch deletes": deleted, "other abilities": deleted}
	notes := []struct {
		check, fine string
		of          []ability.Ability
	}{
		{"redirects", "redirects are kept", []ability.Ability{ability.Redirects, ability.KeptRedirects}},
		{"form of conditions", "with ETags in quotes, as S3 has it", []ability.Ability{ability.PutConditions, ability.QuotedConditions, ability.DeleteConditions, ability.BatchConditions, ability.ETags}},
		{"batch deletes", "many objects are deleted with one request", []ability.Ability{ability.BatchDelete}},
		{"other abilities", "nothing else that s3fc uses is refused", []ability.Ability{ability.Lengths, ability.PlainMD5, ability.KeyCount, ability.CachePolicy, ability.Expect, ability.Ranges}},
	}
	for _, n := range notes {
		var lacks []string
		for _, a := range n.of {
			if !d.can.Has(a) {
				lacks = append(lacks, strings.TrimPrefix(a.Note(), ability.Warning))
			}
		}
		switch {
		case len(lacks) > 0:
			d.say(n.check, core.VerdictNote, strings.Join(lacks, "; "), "")
		case !tried[n.check]:
			d.say(n.check, core.VerdictUnknown, "not tried, because nothing was written", "")
		default:
			d.say(n.check, core.VerdictOK, n.fine, "")
		}
	}
}

func (d *diagnosis) hosting() {
	config, err := d.site.Config(d.ctx)
	switch {
	case errors.Is(err, website.ErrOff):
		d.say("hosting", core.VerdictNote, "off: links answer no visitor with a 301", "the command website turns it on")
	case err != nil:
		d.say("hosting", core.VerdictUnknown, explainer(d.bucketName).plain(err).Error(), "s3:GetBucketWebsite has to be allowed; a store without website endpoints has none")
	case config.RedirectAllRequestsTo != nil:
		d.say("hosting", core.VerdictNote, "on, and all visitors are sent to "+config.RedirectAllRequestsTo.HostName, "")
	default:
		d.say("hosting", core.VerdictOK, "on", "")
	}
}

// anonymous asks for an object without credentials.
func (d *diagnosis) anonymous() {
	key := ""
	for e, err := range d.List(d.ctx, "") {
		if err != nil {
			break
		}
		if e.Kind == core.File {
			key = e.Key
			break
		}
	}
	if key == "" {
		d.say("anonymous read", core.VerdictUnknown, "there is no object to ask for", "")
		return
	}
	u := d.wire.URL(d.full(key))
	req, err := http.NewRequestWithContext(d.ctx, http.MethodHead, u.String(), nil)
	var resp *http.Response
	if err == nil {
		resp, err = d.transport.Client().Do(req)
	}
	if err != nil {
		d.say("anonymous read", core.VerdictUnknown, err.Error(), "")
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body) // of a HEAD there is none
	_ = resp.Body.Close()                 // as above
	switch resp.StatusCode {
	case http.StatusOK:
		d.say("anonymous read", core.VerdictOK, "everybody may read the objects", "")
	case http.StatusForbidden, http.StatusUnauthorized:
		d.say("anonymous read", core.VerdictNote, "visitors may not read the objects, as a website needs", "the command website prints the policy that lets them")
	default:
		d.say("anonymous read", core.VerdictUnknown, "the store answers "+resp.Status, "")
	}
}

func (d *diagnosis) versioning() {
	v, err := d.Versioning(d.ctx)
	switch {
	case err != nil:
		d.say("versioning", core.VerdictUnknown, err.Error(), "")
	case v == core.VersionsKept:
		d.say("versioning", core.VerdictOK, "on: whatever is overwritten or deleted can be had back, and is paid for", "")
	case v == core.VersionsGone:
		d.say("versioning", core.VerdictNote, "off: whatever is overwritten or deleted is gone", "turn it on, or use --backup-dir")
	default:
		d.say("versioning", core.VerdictUnknown, "the store does not say", "s3:GetBucketVersioning has to be allowed")
	}
}

const (
	measured  = 20    // unfinished uploads whose parts are added up
	perGB     = 0.023 // US dollars a GB and month at AWS, us-east-1, STANDARD; 2026-11
	lifecycle = "a lifecycle rule with AbortIncompleteMultipartUpload removes them"
)

// unfinished counts the uploads that were begun and not ended, by whomever.
func (d *diagnosis) unfinished() {
	ups, more, err := d.wire.ListUploads(d.ctx, d.prefix)
	switch {
	case err != nil:
		d.say("unfinished uploads", core.VerdictUnknown, explainer(d.bucketName).plain(err).Error(), "s3:ListBucketMultipartUploads has to be allowed")
		return
	case len(ups) == 0:
		d.say("unfinished uploads", core.VerdictOK, "none", "")
		return
	}
	size, oldest := int64(0), time.Now()
	for i, up := range ups {
		if up.Initiated.Before(oldest) {
			oldest = up.Initiated
		}
		if i < measured {
			parts, _ := d.wire.ListParts(d.ctx, up.Key, up.UploadID) // one that has ended by now has none
			for _, p := range parts {
				size += p.Size
			}
		}
	}
	text := fmt.Sprintf("%d, the oldest of %s", len(ups), oldest.UTC().Format(time.DateOnly))
	if more {
		text = "at least " + text
	}
	if text += fmt.Sprintf("; %.1f MB stored in parts", float64(size)/1e6); len(ups) > measured {
		text += fmt.Sprintf(" by the first %d", measured)
	}
	if d.aws {
		text += fmt.Sprintf(", about $%.4f a month", float64(size)/1e9*perGB)
	}
	d.say("unfinished uploads", core.VerdictNote, text, lifecycle)
}
