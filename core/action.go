package core

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Op is what an action does, or, once it was carried out, what came of it.
type Op uint8

const (
	// Keep: both sides are the same, or the destination's entry is not ours to
	// change; nothing is done.
	Keep Op = iota
	// Put: the source's entry is written at the destination.
	Put
	// Delete: the destination's entry is removed.
	Delete
	// Refuse: the entry cannot be carried; a warning.
	Refuse
	// Conflict: both sides cannot be made equal here; nothing is touched.
	Conflict
	// Fail: something went wrong.
	Fail
)

var opNames = [...]string{Keep: "keep", Put: "put", Delete: "delete", Refuse: "refuse", Conflict: "conflict", Fail: "error"}

// String returns the op's name in events: keep, put, delete, refuse, conflict
// or error.
func (o Op) String() string { return opNames[o] }

// Reason says why an action is what it is, in a word that programs can test.
type Reason string

// The reasons.
const (
	New          Reason = "new"          // nothing is at the destination
	SizeDiffers  Reason = "size"         // two files of different size
	MD5Differs   Reason = "md5"          // two files of one size and different md5
	Unproven     Reason = "unproven"     // two files of one size, and nothing tells whether they are the same
	KindDiffers  Reason = "kind"         // a file here, a link there
	Retargeted   Reason = "target"       // two links to different targets
	Extraneous   Reason = "extraneous"   // not in the source
	Same         Reason = "same"         // known to be equal
	Proven       Reason = "proven"       // shown to be equal by the listing's token
	Protected    Reason = "protected"    // below, or itself, something that cannot be carried
	DeletesOff   Reason = "deletes-off"  // would be deleted, but deletes are not allowed
	Uncarriable  Reason = "uncarriable"  // an Other; Err says what it is
	Unsupported  Reason = "unsupported"  // the destination cannot hold it; Err says why
	NotInSource  Reason = "unholdable"   // at the destination, and of a kind that the source cannot hold
	InTheWay     Reason = "in-the-way"   // something of the destination stands where this has to go
	FileAndDir   Reason = "file-and-dir" // the source has both a and a/b, and the destination can hold only one
	ListError    Reason = "list"         // a listing could not read this
	ReadError    Reason = "read"         // the source could not be read
	WriteError   Reason = "write"        // the destination could not be written
	AskError     Reason = "ask"          // a question to a tree failed
	NoTarget     Reason = "no-target"    // a link to what could not be put
	ChangedUnder Reason = "changed"      // something else is there than the plan saw
	Unsaved      Reason = "unsaved"      // what is there could not be saved in the backup
)

// An Action is one step of a plan: what is to be done at one key and why. After
// it was carried out, the same type says what came of it.
type Action struct {
	Op     Op
	Key    string
	Reason Reason
	// Src and Dst are what was seen on each side, nil for nothing.
	Src, Dst *Entry
	// Group is not empty for the parts of one replacement, and names the key
	// that is put: first the put, then the deletes that make way for it.
	Group string
	// Obstacle is the file or link of the destination that stands at a parent
	// of Key and has to go before the put.
	Obstacle *Entry
	// Err says what is wrong, for Refuse, Conflict and Fail.
	Err error
	// Bytes is, once a file was put, how many bytes were sent.
	Bytes int64
}

// Name is the action's name in events: Op's, but "link" for the put of a link.
func (a Action) Name() string {
	if a.Op == Put && a.Src != nil && a.Src.Kind == Link {
		return "link"
	}
	return a.Op.String()
}

// event is an action as a line of JSON. The first fields are the event that
// the command line prints; the rest make the action whole again.
type event struct {
	Event    string     `json:"event"`
	Key      string     `json:"key"`
	KeyBytes string     `json:"key_bytes,omitempty"` // base64 of a key that is not valid UTF-8
	Reason   Reason     `json:"reason,omitempty"`
	Size     *int64     `json:"size,omitempty"`
	Target   string     `json:"target,omitempty"`
	Error    string     `json:"error,omitempty"`
	Group    string     `json:"group,omitempty"`
	Src      *entryJSON `json:"src,omitempty"`
	Dst      *entryJSON `json:"dst,omitempty"`
	Obstacle *entryJSON `json:"obstacle,omitempty"`
}

func (a Action) event() event {
	ev := event{Event: a.Name(), Key: a.Key, KeyBytes: keyBytes(a.Key), Reason: a.Reason, Group: a.Group}
	if a.Err != nil {
		ev.Error = a.Err.Error()
	}
	e := a.Src
	if a.Op == Delete || e == nil {
		e = a.Dst
	}
	if e != nil {
		switch e.Kind {
		case File:
			ev.Size = &e.Size
		case Link:
			ev.Target = e.Target.String()
		}
	}
	return ev
}

// Event returns the action as one line of JSON for programs, without a
// newline: event, key, reason, and size, target or error.
func (a Action) Event() []byte {
	b, err := json.Marshal(a.event())
	if err != nil {
		panic(fmt.Sprintf("core: an event cannot be encoded: %v", err)) // strings and numbers only
	}
	return b
}

// MarshalJSON returns the action whole: the event, with src, dst and obstacle.
func (a Action) MarshalJSON() ([]byte, error) {
	ev := a.event()
	ev.Src, ev.Dst, ev.Obstacle = newEntryJSON(a.Src), newEntryJSON(a.Dst), newEntryJSON(a.Obstacle)
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
	key, err := keyFromJSON(ev.Key, ev.KeyBytes)
	if err != nil {
		return err
	}
	*a = Action{Op: op, Key: key, Reason: ev.Reason, Group: ev.Group}
	if ev.Error != "" {
		a.Err = errors.New(ev.Error)
	}
	for _, f := range []struct {
		dst **Entry
		src *entryJSON
	}{{&a.Src, ev.Src}, {&a.Dst, ev.Dst}, {&a.Obstacle, ev.Obstacle}} {
		if *f.dst, err = f.src.entry(); err != nil {
			return err
		}
	}
	return nil
}

func opByName(name string) (Op, bool) {
	if name == "link" {
		return Put, true
	}
	for i, n := range opNames {
		if n == name {
			return Op(i), true
		}
	}
	return 0, false
}

func keyBytes(key string) string {
	if utf8.ValidString(key) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(key))
}

func keyFromJSON(key, raw string) (string, error) {
	if raw == "" {
		return key, nil
	}
	b, err := base64.StdEncoding.DecodeString(raw)
	return string(b), err
}
