package servers_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// jobs are the main uses of s3fc, each done by its command line.
var jobs = []ability{
	{"files", "a directory of files is pushed and pulled back", files},
	{"odd names", "so are names with every character that is reserved somewhere", oddNames},
	{"links", "so are symbolic links; *page*: by our link page and its metadata, since the store keeps no redirect", links},
	{"301", "a visitor of the website is redirected by a link", redirects},
	{"overwrite", "a file is changed, of another size and of the same", overwrite},
	{"kinds", "a link gets another target, a file becomes a link, a link a file", kinds},
	{"delete", "files and links are deleted", deletes},
	{"large", "a file of 20 MiB, in parts: pushed, pulled, pushed again", large},
	{"idle", "a second copy of an unchanged tree is LISTs alone, both ways", idle},
	{"pages", "so it is with 1,010 files of odd names, which are then deleted", pages},
	{"prefix", "a tree below a prefix with odd characters", oddPrefix},
	{"check", "`check` finds nothing after a push, and a foreign change later", check},
	{"S3 to S3", "a tree is copied within the bucket, and unchanged again with LISTs alone", s3ToS3},
	{"foreign", "objects of other tools are pulled, replaced and deleted", foreign},
}

var yes = cell{word: "yes"}

func files(l *lab) (cell, error) {
	s := l.site()
	s.files()
	when := time.Date(2017, 7, 14, 2, 40, 0, 0, time.UTC)
	must(os.Chtimes(s.path("a.txt"), when, when))
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	back, err := l.pull()
	if err != nil {
		return cell{}, err
	}
	info, err := os.Stat(back.path("a.txt"))
	if err == nil && !info.ModTime().Equal(when) {
		err = fmt.Errorf("the time of a file came back as %s", info.ModTime().UTC())
	}
	return yes, errors.Join(s.differs(back), err)
}

func oddNames(l *lab) (cell, error) {
	s := l.site()
	s.oddFiles()
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	return yes, l.idle(string(s), l.url())
}

func links(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.links()
	s.oddFiles()
	s.oddLinks()
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	head, err := l.head("latest")
	if err != nil {
		return cell{}, err
	}
	if got := aws.ToString(head.WebsiteRedirectLocation); got == "" {
		return l.withoutRedirects(), nil
	} else if want := "/" + l.prefix + "/docs/v2/"; got != want {
		return cell{}, fmt.Errorf("the redirect is to %q, not %q", got, want)
	}
	return yes, nil
}

// withoutRedirects returns the cell of a store that does not keep redirects: they
// are refused or dropped.
func (l *lab) withoutRedirects() cell {
	err := l.put("redirect", "", func(in *s3.PutObjectInput) { in.WebsiteRedirectLocation = aws.String("/x") })
	if err != nil {
		return cell{"page", "the store refuses a redirect: " + code(err)}
	}
	return cell{"page", "the store drops a redirect, without an error"}
}

func redirects(l *lab) (cell, error) {
	if l.server.Website == "" {
		return cell{"no", "there is no website endpoint"}, nil
	}
	if err := l.host(); err != nil {
		return cell{}, err
	}
	s := l.site()
	s.files()
	s.links()
	s.write("odd/a b+é?#&.txt", "odd")
	s.link("to-odd", "odd/a b+é?#&.txt")
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	var errs []error
	for path, want := range map[string]string{"latest": "docs/v2/", "start.html": "index.html", "to-odd": "odd/a%20b%2B%C3%A9%3F%23%26.txt"} {
		want = "/" + l.prefix + "/" + want
		if status, location, _, err := l.visit("/" + l.prefix + "/" + path); err != nil {
			return cell{}, err
		} else if status != 301 || !strings.HasSuffix(location, want) {
			errs = append(errs, fmt.Errorf("%s: %d to %q, want 301 to %s", path, status, location, want))
		} else if status, _, body, err := l.visit(want); err != nil {
			return cell{}, err
		} else if status != 200 {
			errs = append(errs, fmt.Errorf("%s: %d %.100s", want, status, body))
		}
	}
	return yes, errors.Join(errs...)
}

func overwrite(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.write("same size", "old!")
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	s.write("same size", "new!")
	s.write("a.txt", "longer than it was\n")
	s.write("empty", "no longer")
	s.write("index.html", "")
	return yes, l.pushed(s)
}

func kinds(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.links()
	s.write("becomes a link", "a file")
	s.link("becomes a file", "a.txt")
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	s.link("latest", "docs/v1")
	s.link("becomes a link", "a.txt")
	s.write("becomes a file", "a file")
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	head, err := l.head("becomes a file")
	if err == nil && head.WebsiteRedirectLocation != nil {
		err = fmt.Errorf("the file is still a redirect to %s", *head.WebsiteRedirectLocation)
	}
	return yes, err
}

func deletes(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.links()
	s.oddFiles()
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	for _, name := range []string{"a.txt", "a", "docs", "latest", "later", "chain", "odd", "end"} {
		s.remove(name)
	}
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	got, err := l.keys()
	slices.Sort(got)
	want := []string{"a-b", "a0", "empty", "index.html", "start.html"}
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("what is left is %q, want %q", got, want)
	}
	return yes, err
}

func large(l *lab) (cell, error) {
	s := l.site()
	s.large("image.iso")
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	if err := l.idle(string(s), l.url()); err != nil {
		return cell{}, err
	}
	b := s.read("image.iso")
	s.write("image.iso", b[:len(b)-1]+"!") // of the same size
	return yes, l.pushed(s)
}

func idle(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.remove("empty") // an empty object may be a link of the classic form, and is asked
	s.links()
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	back, err := l.pull()
	if err != nil {
		return cell{}, err
	}
	return yes, errors.Join(l.idle(string(s), l.url()), l.idle(l.url(), string(back)))
}

func pages(l *lab) (cell, error) {
	s := l.site()
	s.write("stays", "here")
	for i := range 1010 {
		s.write(fmt.Sprintf("d+%02d/é &%%%04d?.txt", i/50, i), fmt.Sprint(i))
	}
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	if err := l.idle(string(s), l.url()); err != nil {
		return cell{}, err
	}
	for i := range 21 {
		s.remove(fmt.Sprintf("d+%02d", i))
	}
	if _, err := l.does("copy", "--max-delete=1010", string(s), l.url()); err != nil {
		return cell{}, err
	}
	got, err := l.keys()
	if err == nil && len(got) != 1 {
		err = fmt.Errorf("%d objects are left, want one", len(got))
	}
	return yes, err
}

// oddPrefix does it all once more below a prefix of odd characters.
func oddPrefix(l *lab) (cell, error) {
	l.prefix += "/my site+é%20&"
	s := l.site()
	s.files()
	s.links()
	if err := l.pushed(s); err != nil {
		return cell{}, err
	}
	s.write("a.txt", "changed")
	s.link("latest", "docs/v1")
	s.remove("docs/v1/api")
	return yes, l.pushed(s)
}

func check(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.links()
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	if _, err := l.does("check", string(s), l.url()); err != nil {
		return cell{}, err
	}
	if err := l.put("a.txt", strings.ToUpper(s.read("a.txt"))); err != nil {
		return cell{}, err
	}
	if got := l.run("check", string(s), l.url()); got.code != 1 || len(got.wrong) != 1 || !strings.Contains(got.wrong[0], `"a.txt"`) {
		return cell{}, fmt.Errorf("after a foreign change: exit code %d, %s%s", got.code, got.wrong, got.stderr)
	}
	return yes, nil
}

func s3ToS3(l *lab) (cell, error) {
	s := l.site()
	s.files()
	s.remove("empty") // an empty object may be a link of the classic form, and is asked
	s.links()
	s.oddFiles()
	s.oddLinks()
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	l.t.Setenv(noCache, "0") // the targets of links below another prefix are in the cache, not in the listing
	defer l.t.Setenv(noCache, "1")
	other := l.server.URL(l.bucket, l.prefix+"-copy")
	if _, err := l.does("copy", l.url(), other); err != nil {
		return cell{}, err
	}
	if err := l.idle(l.url(), other); err != nil {
		return cell{}, err
	}
	s.large("image.iso") // the copy is of other parts, and asked for until that is remembered
	if err := l.push(s); err != nil {
		return cell{}, err
	}
	if _, err := l.does("copy", l.url(), other); err != nil {
		return cell{}, err
	}
	back := l.site()
	if _, err := l.does("copy", other, string(back)); err != nil {
		return cell{}, err
	}
	return yes, s.differs(back)
}
