package s3fc

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/ignore"
)

// planOption is an option that changes a plan's actions. It is saved with the plan,
// and restored from it, through this table alone.
type planOption struct {
	name   string
	values []string       // that it takes, the default first; nil for others than words
	clear  func(*Options) // of an option to which each set adds a value
	get    func(*Options) []string
	set    func(*Options, string) error
}

var planOptions = []planOption{
	{
		name: "delete", values: []string{"after", "never", "all"},
		get: func(o *Options) []string { return []string{o.Delete.String()} },
		set: func(o *Options, v string) (err error) {
			o.Delete, err = reconcile.ParseDeleteMode(v)
			return err
		},
	},
	{
		name: "max-delete",
		get:  func(o *Options) []string { return []string{o.MaxDelete.String()} },
		set: func(o *Options, v string) (err error) {
			o.MaxDelete = DeleteLimit{}
			if v != "" {
				o.MaxDelete, err = reconcile.ParseDeleteLimit(v)
			}
			return err
		},
	},
	{
		name: "detect", values: []string{"auto", "head", "size-time"},
		get: func(o *Options) []string { return []string{o.Detect.String()} },
		set: func(o *Options, v string) (err error) {
			o.Detect, err = reconcile.ParseDetect(v)
			return err
		},
	},
	{
		name: "headers", values: []string{"auto", "keep", "check"},
		get: func(o *Options) []string { return []string{o.Headers.String()} },
		set: func(o *Options, v string) (err error) {
			o.Headers, err = reconcile.ParseHeaders(v)
			return err
		},
	},
	boolOption("allow-empty-source", func(o *Options) *bool { return &o.AllowEmptySource }),
	boolOption("delete-releases", func(o *Options) *bool { return &o.DeleteReleases }),
	wordOption("links", func(o *Options) *string { return &o.Links }, "keep", "follow", "skip"),
	wordOption("link-body", func(o *Options) *string { return &o.LinkBody }, "page", "empty"),
	wordOption("dir-links", func(o *Options) *string { return (*string)(&o.DirLinks) },
		string(DirLinksRedirect), string(DirLinksExpand), string(DirLinksRules)),
	{
		name: "site-rules",
		get:  func(o *Options) []string { return []string{o.SiteRules} },
		set: func(o *Options, v string) error {
			o.SiteRules = v
			return nil
		},
	},
	boolOption("strict", func(o *Options) *bool { return &o.Strict }),
	patternsOption("rules", func(o *Options) *[]string { return &o.Rules }),
	patternsOption("pages", func(o *Options) *[]string { return &o.Pages }),
}

// patternsOption is an option of patterns in gitignore syntax.
func patternsOption(name string, field func(*Options) *[]string) planOption {
	return planOption{
		name:  name,
		clear: func(o *Options) { *field(o) = nil },
		get:   func(o *Options) []string { return slices.Clone(*field(o)) },
		set: func(o *Options, v string) error {
			err := new(ignore.Rules).Exclude(v)
			if err == nil {
				*field(o) = append(*field(o), v)
			}
			return err
		},
	}
}

func boolOption(name string, field func(*Options) *bool) planOption {
	return planOption{
		name: name,
		get:  func(o *Options) []string { return []string{strconv.FormatBool(*field(o))} },
		set: func(o *Options, v string) (err error) {
			*field(o), err = strconv.ParseBool(v)
			return err
		},
	}
}

func wordOption(name string, field func(*Options) *string, words ...string) planOption {
	return planOption{
		name: name, values: words,
		get: func(o *Options) []string {
			if *field(o) == "" {
				return words[:1]
			}
			return []string{*field(o)}
		},
		set: func(o *Options, v string) error {
			*field(o) = v
			return nil
		},
	}
}

// OptionNames returns the names of the options that are saved with a plan.
func OptionNames() []string {
	names := make([]string, len(planOptions))
	for i, p := range planOptions {
		names[i] = p.name
	}
	return names
}

// OptionValues returns the words that the option name takes, the default first,
// or nil if it takes other values.
func OptionValues(name string) []string {
	if p, ok := optionNamed(name); ok {
		return slices.Clone(p.values)
	}
	return nil
}

// Get returns the value of an option by its name: one, but any number for
// "rules" and "pages". An unknown name has none.
func (o *Options) Get(name string) []string {
	if p, ok := optionNamed(name); ok {
		return p.get(o)
	}
	return nil
}

// Set sets an option by its name; "rules" and "pages" add one. The names are those of
// [OptionNames].
func (o *Options) Set(name, value string) error {
	p, ok := optionNamed(name)
	if !ok {
		return errors.New("it is not known here")
	}
	if words := (core.Option{Values: p.values}); p.values != nil && !slices.Contains(p.values, value) {
		return fmt.Errorf("expected %s", words.Expected())
	}
	return p.set(o, value)
}

func optionNamed(name string) (planOption, bool) {
	i := slices.IndexFunc(planOptions, func(p planOption) bool { return p.name == name })
	if i < 0 {
		return planOption{}, false
	}
	return planOptions[i], true
}

// Saved returns the options that a plan is saved with.
func (o *Options) Saved() map[string][]string {
	m := make(map[string][]string)
	for _, p := range planOptions {
		m[p.name] = p.get(o)
	}
	return m
}

// Restore sets the options that a plan was saved with; those that it does not
// have are set to their defaults.
func (o *Options) Restore(saved map[string][]string) error {
	for _, p := range planOptions {
		if err := p.reset(o); err != nil {
			return err
		}
	}
	for name, values := range saved {
		p, ok := optionNamed(name)
		if ok && p.clear == nil && len(values) != 1 {
			return fmt.Errorf("its option %s has %d values", core.DisplayKey(name), len(values))
		}
		for _, v := range values {
			if err := o.Set(name, v); err != nil {
				return fmt.Errorf("its option %s=%s: %w", core.DisplayKey(name), core.DisplayKey(v), err)
			}
		}
	}
	return nil
}

// reset sets the option to its default.
func (p *planOption) reset(o *Options) error {
	if p.clear != nil {
		p.clear(o)
		return nil
	}
	return p.set(o, p.get(new(Options))[0])
}

// check reports the first option with a value that it does not take.
func (o *Options) check() error {
	for _, p := range planOptions {
		for _, v := range p.get(o) {
			if err := new(Options).Set(p.name, v); err != nil {
				return &OptionError{Option: p.name, Err: fmt.Errorf("%q: %w", v, err)}
			}
		}
	}
	return nil
}

// params are the options for backends, by the names of their parameters. The
// defaults are left out, so that they fit every scheme.
func (o *Options) params() url.Values {
	params := url.Values{}
	for name, param := range paramOptions {
		p, _ := optionNamed(name)
		if v := p.get(o)[0]; v != p.values[0] {
			params.Set(param, v)
		}
	}
	return params
}

// paramOptions are the options that are parameters of URLs.
var paramOptions = map[string]string{"links": "links", "link-body": "link_body"}
