package ability

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// memoryTime is how long a lacking ability is remembered.
const memoryTime = 7 * 24 * time.Hour

// Memory is where it is kept, from one run to the next, which time savers a store
// lacks. Losing it costs a request. A nil Memory keeps nothing. It is safe for
// concurrent use, by several processes too: the last one to learn something wins.
type Memory struct {
	path string
	now  func() time.Time

	mu sync.Mutex
}

// OpenMemory returns the memory below dir of a store, which endpoint, bucket and
// credentials tell from others. It does not touch the disk.
func OpenMemory(dir string, store ...string) *Memory {
	if dir == "" {
		return nil
	}
	h := sha256.New()
	for _, s := range store {
		_ = json.NewEncoder(h).Encode(s) // a hash returns no error
	}
	return &Memory{path: filepath.Join(dir, "abilities", hex.EncodeToString(h.Sum(nil)[:12])+".json"), now: time.Now}
}

// recall returns the abilities that were found lacking within the last week. None
// are recalled from a file that cannot be read: they are learnt again.
func (m *Memory) recall() (lacking []Ability) {
	if m == nil {
		return nil
	}
	known := m.read()
	for a := range count {
		if _, lost := known[a.Name()]; lost && a.SavesTime() {
			lacking = append(lacking, a)
		}
	}
	return lacking
}

// read returns when each ability was last found lacking, by name, if that is not
// too long ago.
func (m *Memory) read() map[string]time.Time {
	known := make(map[string]time.Time)
	text, err := os.ReadFile(m.path)
	if err != nil || json.Unmarshal(text, &known) != nil {
		return make(map[string]time.Time)
	}
	for name, at := range known {
		if age := m.now().Sub(at); age > memoryTime || age < 0 {
			delete(known, name)
		}
	}
	return known
}

// remember notes that the store lacks an ability. A failure is of no consequence.
func (m *Memory) remember(a Ability, at time.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.read()
	known[a.Name()] = at.UTC().Truncate(time.Second)
	text, err := json.Marshal(known)
	if err != nil || os.MkdirAll(filepath.Dir(m.path), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(m.path), ".new-*")
	if err != nil {
		return
	}
	_, err = f.Write(append(text, '\n'))
	if cerr := f.Close(); err != nil || cerr != nil || os.Rename(f.Name(), m.path) != nil {
		_ = os.Remove(f.Name())
	}
}
