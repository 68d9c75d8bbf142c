//go:build unix

// Command recording runs the commands of the README in a pseudo-terminal, against a store
// of its own, and writes an SVG that shows them as a terminal would, in the light and in
// the dark:
//
//	go run ./docs/recording > docs/run.svg
//
// Texts, colours and times are those of the program; only the keys are typed by this one.
package main

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// The size of the terminal in characters.
const (
	columns = 84
	rows    = 20
)

// commands are shown in their order.
var commands = []string{
	"s3fc copy examples/site embedded://demo",
	"s3fc copy examples/site embedded://demo",
	"s3fc ls --links embedded://demo",
}

// The pace at which the recording is shown.
const (
	perKey    = 35 * time.Millisecond
	afterRun  = 2500 * time.Millisecond
	atTheEnd  = 6 * time.Second
	perSample = 60 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("recording: ", err)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "recording")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A directory for temporary files.
	program := filepath.Join(dir, "s3fc")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/s3fc").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	r := &recorder{screen: vt.NewEmulator(columns, rows), env: append(os.Environ(),
		"TERM=xterm-256color", "NO_COLOR=", "S3FC_EMBEDDED_DIR=/tmp/s3fc-demo", "S3FC_CACHE_DIR="+filepath.Join(dir, "cache"), "PATH="+dir+":"+os.Getenv("PATH"))}
	if err := os.RemoveAll("/tmp/s3fc-demo"); err != nil {
		return err
	}
	defer os.RemoveAll("/tmp/s3fc-demo") //nolint:errcheck // As above.
	for _, c := range commands {
		if err := r.command(c); err != nil {
			return err
		}
	}
	r.prompt()
	r.wait(atTheEnd)
	_, err = os.Stdout.WriteString(r.svg())
	return err
}

// frame is the screen from a time on.
type frame struct {
	at   time.Duration
	text string // as SVG
}

// recorder keeps the frames of a terminal.
type recorder struct {
	screen *vt.Emulator
	env    []string
	now    time.Duration
	frames []frame
}

func (r *recorder) write(text string) {
	_, _ = r.screen.Write([]byte(text)) // to memory
	r.add()
}

func (r *recorder) wait(d time.Duration) { r.now += d }

// add keeps the screen as it is now, if it changed.
func (r *recorder) add() {
	text := r.picture()
	last := len(r.frames) - 1
	switch {
	case last >= 0 && r.frames[last].text == text:
	case last >= 0 && r.frames[last].at == r.now:
		r.frames[last].text = text
	default:
		r.frames = append(r.frames, frame{r.now, text})
	}
}

func (r *recorder) prompt() { r.write("\x1b[32m$\x1b[0m ") }

// command types a command, and shows its run.
func (r *recorder) command(line string) error {
	r.prompt()
	r.wait(400 * time.Millisecond)
	for word := range strings.SplitAfterSeq(line, " ") {
		r.write(word)
		r.wait(time.Duration(len(word)) * perKey)
	}
	r.write("\r\n")
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = r.env
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // It was only read.
	if err := r.follow(f); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	r.wait(afterRun)
	return nil
}

// follow shows what is written to the terminal, until it is closed.
func (r *recorder) follow(f *os.File) error {
	chunks := make(chan []byte)
	go func() {
		defer close(chunks)
		buf := make([]byte, 32<<10)
		for {
			n, err := f.Read(buf)
			if n > 0 {
				chunks <- bytes.Clone(buf[:n])
			}
			if err != nil {
				return // EIO or EOF: the program has ended
			}
		}
	}()
	began, base := time.Now(), r.now
	for chunk := range chunks {
		if _, err := r.screen.Write(chunk); err != nil {
			return err
		}
		r.now = base + time.Since(began).Round(perSample)
		r.add()
	}
	r.now = base + time.Since(began)
	return nil
}

// picture is the screen as SVG: a text element a line.
func (r *recorder) picture() string {
	var b strings.Builder
	for y := range rows {
		var line strings.Builder
		class, open := "", false
		for x := 0; x < columns; {
			cell := r.screen.CellAt(x, y)
			content, width, now := " ", 1, ""
			if cell != nil && cell.Content != "" && cell.Width > 0 {
				content, width, now = cell.Content, cell.Width, classOf(cell.Style.Fg, cell.Style.Attrs)
			}
			if now != class {
				if open {
					line.WriteString("</tspan>")
				}
				if open = now != ""; open {
					fmt.Fprintf(&line, `<tspan class="%s">`, now)
				}
				class = now
			}
			line.WriteString(html.EscapeString(content))
			x += width
		}
		if open {
			line.WriteString("</tspan>")
		}
		if text := strings.TrimRight(line.String(), " "); text != "" {
			fmt.Fprintf(&b, "<text y=\"%d\">%s</text>", top+y*lineHeight, text)
		}
	}
	return b.String()
}

// attrFaint and attrBold are the bits of a cell's style.
const (
	attrBold  = 1
	attrFaint = 2
)

// classOf is the class of a style, "" for plain text.
func classOf(fg color.Color, attrs uint8) string {
	switch c := fg.(type) {
	case ansi.BasicColor:
		return fmt.Sprintf("c%d", int(c)%8)
	case ansi.IndexedColor:
		return fmt.Sprintf("c%d", int(c)%8)
	}
	switch {
	case attrs&attrFaint != 0:
		return "faint"
	case attrs&attrBold != 0:
		return "bold"
	}
	return ""
}

// Sizes of the picture.
const (
	fontSize   = 14
	lineHeight = 20
	top        = 56
	width      = 760
	height     = top + rows*lineHeight
)

const style = `
text{font:14px ui-monospace,SFMono-Regular,"DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace;white-space:pre;fill:var(--text)}
svg{--back:#fff;--edge:#d0d7de;--text:#1f2328;--faint:#656d76;--red:#b3261e;--green:#116329;--yellow:#7d4e00;--blue:#0550ae;--magenta:#6639ba;--cyan:#1b6c78}
@media (prefers-color-scheme:dark){svg{--back:#0d1117;--edge:#30363d;--text:#e6edf3;--faint:#8b949e;--red:#ff7b72;--green:#56d364;--yellow:#e3b341;--blue:#79c0ff;--magenta:#d2a8ff;--cyan:#76e3ea}}
.box{fill:var(--back);stroke:var(--edge)}.dot{fill:var(--edge)}
.c1{fill:var(--red)}.c2{fill:var(--green)}.c3{fill:var(--yellow)}.c4{fill:var(--blue)}.c5{fill:var(--magenta)}.c6{fill:var(--cyan)}.c0,.faint{fill:var(--faint)}.bold{font-weight:bold}
.f{visibility:hidden}
`

// svg is the whole recording. Where nothing may move, it shows the last frame.
func (r *recorder) svg() string {
	var css, body strings.Builder
	total := r.now
	share := func(d time.Duration) float64 { return 100 * float64(d) / float64(total) }
	for i, f := range r.frames {
		end, last := total, i == len(r.frames)-1
		if !last {
			end = r.frames[i+1].at
		}
		fmt.Fprintf(&css, "@keyframes k%d{0%%{visibility:hidden}%.2f%%{visibility:visible}%.2f%%{visibility:%s}100%%{visibility:%s}}\n",
			i, share(f.at), share(end), state(last), state(last))
		fmt.Fprintf(&css, "#f%d{animation:k%d %.1fs step-end infinite}\n", i, i, total.Seconds())
		fmt.Fprintf(&body, "<g class=\"f\" id=\"f%d\" transform=\"translate(20 0)\">%s</g>\n", i, f.text)
	}
	last := len(r.frames) - 1
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A terminal: s3fc copies a site with links, copies it again with one request, and lists its links">
<style>%s%s@media (prefers-reduced-motion:reduce){.f{animation:none!important}#f%d{visibility:visible}}
</style>
<rect class="box" x=".5" y=".5" width="%d" height="%d" rx="8"/>
<circle class="dot" cx="22" cy="20" r="6"/><circle class="dot" cx="42" cy="20" r="6"/><circle class="dot" cx="62" cy="20" r="6"/>
%s</svg>
`, width, height, width, height, style, css.String(), last, width-1, height-1, body.String())
}

func state(visible bool) string {
	if visible {
		return "visible"
	}
	return "hidden"
}
