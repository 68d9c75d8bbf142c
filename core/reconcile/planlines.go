package reconcile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"

	"github.com/s3fc/s3fc/core"
)

// maxPlanLine is the length in bytes of the longest line that is read: far
// more than two entries with the longest keys and targets take.
const maxPlanLine = 1 << 20

// planLines reads the lines of a plan file.
type planLines struct {
	r      *bufio.Reader
	sum    hash.Hash // of the lines that were taken
	number int       // of the line that was read last
	buf    []byte
	group  string // the replacement whose deletes may follow
}

func newPlanLines(r io.Reader) *planLines {
	return &planLines{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
}

// next returns the next line with its newline, until the one after it is read.
func (l *planLines) next() ([]byte, error) {
	l.buf = l.buf[:0]
	l.number++
	for {
		part, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		switch {
		case err == nil:
			return l.buf, nil
		case len(l.buf) > maxPlanLine:
			return nil, badPlan("line %d is longer than any line of a plan", l.number)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, badPlan("it is cut off in line %d: its last line, with the checksum, is missing; make the plan again", l.number)
		default:
			return nil, err
		}
	}
}

func (l *planLines) header() (h PlanHeader, err error) {
	if _, err := l.r.Peek(1); errors.Is(err, io.EOF) {
		return h, badPlan("the file is empty")
	}
	line, err := l.next()
	if err != nil {
		return h, err
	}
	if err := checkFormat(line); err != nil {
		return h, err
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, badPlan("its first line is damaged: %w", err)
	}
	l.sum.Write(line)
	return h, nil
}

// checkFormat looks for the format alone: all else may be different in another.
func checkFormat(line []byte) error {
	var f struct {
		Format  *int   `json:"s3fc_plan"`
		Program string `json:"program"`
	}
	switch err := json.Unmarshal(line, &f); {
	case err != nil || f.Format == nil:
		return badPlan(`its first line is not that of a plan, {"s3fc_plan":1,…}`)
	case *f.Format > PlanFormat:
		return badPlan("it is of format %d, written by %s, and this program reads formats 1 to %d: use a newer one", *f.Format, core.DisplayKey(f.Program), PlanFormat)
	case *f.Format < 1:
		return badPlan("it is of format %d, and this program reads formats 1 to %d: make the plan again", *f.Format, PlanFormat)
	}
	return nil
}

// actions reads all lines behind the header into p.
func (l *planLines) actions(p *Plan) error {
	for {
		line, err := l.next()
		if err != nil {
			return err
		}
		if isEnd(line) {
			return l.end(line, p.acts.Count())
		}
		l.sum.Write(line)
		act, err := l.action(line)
		if err != nil {
			return badPlan("its line %d is damaged: %w", l.number, err)
		}
		p.totals.count(act)
		if err := p.add(act); err != nil {
			return err
		}
	}
}

func (l *planLines) action(line []byte) (act Action, err error) {
	if err := json.Unmarshal(line, &act); err != nil {
		return act, err
	}
	if act.Op != OpDelete || act.Group == "" {
		l.group = ""
	}
	if err := act.checkPlanned(l.group); err != nil {
		return act, err
	}
	if act.Op == OpPut {
		l.group = act.Group
	}
	return act, nil
}

// end checks the checksum and the count of actions against the last line.
func (l *planLines) end(line []byte, actions int64) error {
	var end planEnd
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&end); err != nil {
		return badPlan("its last line is damaged: %w", err)
	}
	sum := hex.EncodeToString(l.sum.Sum(nil))
	switch _, err := l.r.Peek(1); {
	case end.SHA256 != sum:
		return badPlan("it was changed after it was written: its checksum is %s, and its last line says %s; make the plan again", sum, core.DisplayKey(end.SHA256))
	case end.Actions != actions:
		return badPlan("it has %d actions, and its last line says %d", actions, end.Actions)
	case !errors.Is(err, io.EOF):
		return badPlan("something follows its last line")
	}
	return nil
}

// checkPlanned returns an error if an action of a plan file cannot be carried out.
// group is the replacement that it may belong to.
func (a Action) checkPlanned(group string) error {
	switch a.Op {
	case OpPut:
		return a.checkPlannedPut()
	case OpHeaders:
		return a.checkPlannedHeaders()
	case OpDelete:
		return a.checkPlannedDelete(group)
	case OpRefuse, OpConflict, OpFail:
		return nil
	case OpRemoveDir:
		return core.CheckKey(a.Key)
	}
	return errors.New("it is no put and no delete")
}

func (a Action) checkPlannedPut() error {
	switch {
	case a.Src == nil || a.Src.Kind == core.Other || a.Src.Key != a.Key || a.Src.Size < 0:
		return errors.New("a put needs a file or a link of the source at its key")
	case a.Dst != nil && (a.Dst.Kind == core.Other || a.Dst.Key != a.Key):
		return errors.New("a put cannot replace an entry that cannot be copied, nor one at another key")
	case a.Obstacle != nil && (a.Obstacle.Kind == core.Other || !core.Below(a.Key, a.Obstacle.Key)):
		return errors.New("only a file or a link at a parent of its key can be in the way of a put")
	case a.Group != "" && a.Group != a.Key:
		return errors.New("a put is the head of its group")
	case a.Src.Kind == core.Link && a.Src.Target.Check() != nil:
		return a.Src.Target.Check()
	}
	return core.CheckKey(a.Key)
}

func (a Action) checkPlannedHeaders() error {
	switch {
	case a.Src == nil || a.Src.Kind != core.File || a.Src.Key != a.Key || a.Src.Size < 0 || a.Src.HeaderMark == "":
		return errors.New("a change of headers needs a file of the source at its key, and the mark of its headers")
	case a.Dst == nil || a.Dst.Kind != core.File || a.Dst.Key != a.Key:
		return errors.New("a change of headers needs a file of the destination at its key")
	case a.Group != "" || a.Obstacle != nil:
		return errors.New("a change of headers replaces nothing")
	}
	return core.CheckKey(a.Key)
}

func (a Action) checkPlannedDelete(group string) error {
	switch {
	case a.Dst == nil || a.Dst.Kind == core.Other || a.Dst.Key != a.Key:
		return errors.New("a delete needs a file or a link of the destination at its key")
	case a.Group != group:
		return errors.New("a delete that makes way does not follow its put")
	case group != "" && !core.Below(a.Key, group):
		return errors.New("a delete that makes way is not below its put")
	}
	return core.CheckKey(a.Key)
}
