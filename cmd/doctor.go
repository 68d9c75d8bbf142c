package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

const doctorHelp = `Find out whether a copy to and from TREE works, and where its store differs: can it be
listed, read, written and deleted; are links kept, and changes by others noticed; and
what else its store can be asked, such as credentials, clock, hosting and unfinished
uploads of a bucket, or case, times and free space of a directory. Each finding has a
remedy where there is one.

It writes entries named .s3fc-doctor-… and removes them; --read-only writes nothing.

  ok       as it should be
  note     a copy works, with this difference
  unknown  not looked at, or not told
  fault    a copy would fail

Exit code: 0 no faults; 1 faults, or something failed; 2 usage.`

func newDoctor(a *app) *cobra.Command {
	d := &doctor{app: a}
	cmd := &cobra.Command{
		Use: "doctor [flags] TREE", Short: "find out what would keep a copy from working", Long: doctorHelp,
		Example: `  $0 doctor s3://bucket
  $0 doctor --read-only s3://bucket
  $0 doctor --json ./site`,
		DisableFlagsInUseLine: true, Args: expectArgs("TREE"), ValidArgsFunction: a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) error { return explained(cmd, d.run(cmd, args[0])) },
	}
	cmd.Flags().BoolVar(&d.readOnly, "read-only", false, "write nothing")
	d.limits.bind(cmd)
	d.output.bind(cmd)
	return cmd
}

// doctor is one run of doctor.
type doctor struct {
	*app
	output
	limits
	readOnly bool
	counts   [core.VerdictFault + 1]int
}

func (d *doctor) run(cmd *cobra.Command, name string) error {
	if err := d.output.check(cmd); err != nil {
		return err
	}
	if err := d.openLog(cmd, &d.output); err != nil {
		return err
	}
	requests, err := s3fc.DiagnoseURL(cmd.Context(), d.mux, name, s3fc.DiagnoseOptions{
		Env: d.env(newLog(d.con, &d.output, nil)), ReadOnly: d.readOnly, Report: d.print, Prices: d.prices.table,
	})
	if err != nil {
		return err
	}
	faults := d.counts[core.VerdictFault]
	switch {
	case d.json:
		d.con.print(encode(struct {
			Event    string           `json:"event"`
			Faults   int              `json:"faults"`
			Notes    int              `json:"notes"`
			Unknown  int              `json:"unknown"`
			Requests map[string]int64 `json:"requests"`
		}{"summary", faults, d.counts[core.VerdictNote], d.counts[core.VerdictUnknown], requests.Map()}))
	case !d.quiet:
		text := plural(int64(faults), "fault") + ", " + plural(int64(d.counts[core.VerdictNote]), "note")
		if requests.Total() > 0 {
			text += "; requests: " + requests.String()
		}
		d.con.print(text + "\n")
	}
	if faults > 0 {
		return errReported
	}
	return nil
}

var verdictColours = map[core.Verdict]colour{core.VerdictOK: green, core.VerdictNote: yellow, core.VerdictUnknown: faint, core.VerdictFault: red}

// print prints a finding.
func (d *doctor) print(f core.Diagnosis) {
	d.counts[f.Verdict]++
	if d.quiet && f.Verdict != core.VerdictFault {
		return
	}
	if d.json {
		d.con.print(encode(struct {
			Event string `json:"event"`
			core.Diagnosis
		}{"diagnosis", f}))
		return
	}
	word := f.Verdict.String()
	text := fmt.Sprintf("%s%*s%-20s%s\n", d.con.outColour(verdictColours[f.Verdict], word), 9-len(word), "", f.Check, inert(f.Text))
	if f.Remedy != "" {
		text += fmt.Sprintf("%29s→ %s\n", "", inert(f.Remedy))
	}
	d.con.print(text)
}
