package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// Op is an action's kind of work or, once it was carried out, its outcome.
type Op uint8

const (
	// OpKeep: both sides are the same, or the destination's entry is not ours to
	// change; nothing is done.
	OpKeep Op = iota
	// OpPut: the source's entry is written at the destination.
	OpPut
	// OpDelete: the destination's entry is removed.
	OpDelete
	// OpRefuse: the entry cannot be copied; a warning.
	OpRefuse
	// OpConflict: both sides cannot be made equal here; nothing is touched.
	OpConflict
	// OpFail: something went wrong.
	OpFail
	// OpRemoveDir: a directory of the destination, which the run leaves empty, is
	// removed.
	OpRemoveDir
	// OpHeaders: the destination's file gets other headers; its content stays.
	OpHeaders
)

var opNames = [...]string{
	OpKeep: "keep", OpPut: "put", OpDelete: "delete", OpRefuse: "refuse", OpConflict: "conflict", OpFail: "error", OpRemoveDir: "rmdir",
	OpHeaders: "headers",
}

// String returns the op's name in events: keep, put, delete, refuse, conflict,
// error, rmdir or headers.
func (o Op) String() string { return opNames[o] }

// Reason says why decide chose an action, in a word that programs can test.
type Reason string

// The reasons.
const (
	ReasonNew         Reason = "new"          // nothing is at the destination
	ReasonSize        Reason = "size"         // two files of different size
	ReasonMD5         Reason = "md5"          // two files of one size and different md5
	ReasonUnproven    Reason = "unproven"     // two files of one size, and nothing tells whether they are the same
	ReasonKind        Reason = "kind"         // a file here, a link there
	ReasonTarget      Reason = "target"       // two links to different targets
	ReasonExtraneous  Reason = "extraneous"   // not in the source
	ReasonSame        Reason = "same"         // known to be equal
	ReasonProven      Reason = "proven"       // shown to be equal by the listing's token
	ReasonSizeTime    Reason = "size-time"    // of the same size and time, and not compared: see DetectSizeTime
	ReasonProtected   Reason = "protected"    // below, or itself, something that cannot be carried
	ReasonDeletesOff  Reason = "deletes-off"  // would be deleted, but deletes are not allowed
	ReasonUncarriable Reason = "uncarriable"  // an Other; Err describes it
	ReasonUnsupported Reason = "unsupported"  // the destination cannot hold it; Err says why
	ReasonUnholdable  Reason = "unholdable"   // at the destination, and of a kind that the source cannot hold
	ReasonInTheWay    Reason = "in-the-way"   // something of the destination stands where this has to go
	ReasonFileAndDir  Reason = "file-and-dir" // the source has both a and a/b, and the destination can hold only one
	ReasonList        Reason = "list"         // a listing could not read this
	ReasonRead        Reason = "read"         // the source could not be read
	ReasonWrite       Reason = "write"        // the destination could not be written
	ReasonAsk         Reason = "ask"          // a question to a tree failed
	ReasonNoTarget    Reason = "no-target"    // a link to an entry that could not be put
	ReasonChanged     Reason = "changed"      // something else is there than the plan saw
	ReasonUnsaved     Reason = "unsaved"      // the entry could not be saved in the backup
	ReasonHeaders     Reason = "headers"      // of equal content, and its headers are not those of the rules
	ReasonEmpty       Reason = "empty"        // a directory that holds nothing any more
)

// An Action is one step of a plan: the work at one key, and its reason. After it
// was carried out, the same type gives its outcome.
type Action struct {
	Op     Op
	Key    string
	Reason Reason
	// Src and Dst are the entries seen on each side, nil for none.
	Src, Dst *core.Entry
	// Page says that the file to be put refers to others, and is put after them.
	Page bool
	// Group is not empty for the parts of one replacement, and names the key
	// that is put: first the put, then the deletes that make way for it.
	Group string
	// Obstacle is the file or link of the destination that stands at a parent
	// of Key and has to go before the put.
	Obstacle *core.Entry
	// Err is the cause of a Refuse, Conflict or Fail.
	Err error
	// Bytes is, once a file was put, how many bytes were sent.
	Bytes int64
	// Compared is how many bytes were read to find this out, or to know the md5 of a
	// file before it was sent.
	Compared int64
}

// Name is the action's name in events: Op's, but "link" for the put of a link.
func (a Action) Name() string {
	if a.Op == OpPut && a.Src != nil && a.Src.Kind == core.Link {
		return "link"
	}
	return a.Op.String()
}

// event is an action as a line of JSON. The first fields are the event that
// the command line prints; the rest make the action whole again.
type event struct {
	Event    string      `json:"event"`
	Key      string      `json:"key"`
	KeyBytes string      `json:"key_bytes,omitempty"` // base64 of a key that is not valid UTF-8
	Reason   Reason      `json:"reason,omitempty"`
	Size     *int64      `json:"size,omitempty"`
	Target   string      `json:"target,omitempty"`
	Error    string      `json:"error,omitempty"`
	Page     bool        `json:"page,omitempty"`
	Group    string      `json:"group,omitempty"`
	Src      *core.Entry `json:"src,omitempty"`
	Dst      *core.Entry `json:"dst,omitempty"`
	Obstacle *core.Entry `json:"obstacle,omitempty"`
	// OldSize and OldTarget are of the entry that a put replaces; plans have Dst.
	OldSize   *int64 `json:"old_size,omitempty"`
	OldTarget string `json:"old_target,omitempty"`
}

func (a Action) event() event {
	ev := event{Event: a.Name(), Key: a.Key, KeyBytes: core.EncodeKey(a.Key), Reason: a.Reason, Page: a.Page, Group: a.Group}
	if a.Err != nil {
		ev.Error = a.Err.Error()
	}
	e := a.Src
	if a.Op == OpDelete || e == nil {
		e = a.Dst
	}
	if e != nil {
		switch e.Kind {
		case core.File:
			ev.Size = &e.Size
		case core.Link:
			ev.Target = e.Target.String()
		}
	}
	return ev
}

// Event returns the action as one line of JSON for programs, without a
// newline: event, key, reason, and size, target or error.
func (a Action) Event() []byte {
	ev := a.event()
	if a.Op == OpPut && a.Dst != nil {
		switch a.Dst.Kind {
		case core.File:
			ev.OldSize = &a.Dst.Size
		case core.Link:
			ev.OldTarget = a.Dst.Target.String()
		}
	}
	b, err := json.Marshal(ev)
	if err != nil {
		panic(fmt.Sprintf("core: an event cannot be encoded: %v", err)) // strings and numbers only
	}
	return b
}

// MarshalJSON returns the action whole: the event, with src, dst and obstacle.
func (a Action) MarshalJSON() ([]byte, error) {
	ev := a.event()
	ev.Src, ev.Dst, ev.Obstacle = a.Src, a.Dst, a.Obstacle
	return json.Marshal(ev)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (a *Action) UnmarshalJSON(b []byte) error {
	var ev event
	if err := json.Unmarshal(b, &ev); err != nil {
		return err
	}
	op, ok := opByName(ev.Event)
	if !ok {
		return fmt.Errorf("unknown event %q", ev.Event)
	}
	key, err := core.DecodeKey(ev.Key, ev.KeyBytes)
	if err != nil {
		return err
	}
	*a = Action{Op: op, Key: key, Reason: ev.Reason, Page: ev.Page, Group: ev.Group, Src: ev.Src, Dst: ev.Dst, Obstacle: ev.Obstacle}
	if ev.Error != "" {
		a.Err = errors.New(ev.Error)
	}
	return nil
}

func opByName(name string) (Op, bool) {
	if name == "link" {
		return OpPut, true
	}
	for i, n := range opNames {
		if n == name {
			return Op(i), true
		}
	}
	return 0, false
}
