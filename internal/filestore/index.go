package filestore

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Buckets of the database. Each S3 bucket has one of its own for its objects,
// and one for its configuration.
var (
	metaBucket    = []byte("meta")
	bucketsBucket = []byte("buckets") // name → time of creation
	uploadsBucket = []byte("uploads") // ID → upload
	partsBucket   = []byte("parts")   // ID, "/", number in two bytes → part
)

func objectsOf(bucket string) []byte { return []byte("objects/" + bucket) }
func configOf(bucket string) []byte  { return []byte("config/" + bucket) }

// format is the version of all that is on disk.
const format = "1"

var (
	formatKey = []byte("format")
	openKey   = []byte("open") // there while a process has the store open, or was killed
)

// errClosed is returned for a change after Close.
var errClosed = errors.New("the store is closed")

// A change is a step of a transaction. An error that is not a brokenError is a
// refusal: the change has changed nothing, and those beside it go on.
type change func(tx *bolt.Tx) error

// A brokenError is a change that failed half way, and takes the whole
// transaction with it.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// indexError marks the error of a write to the database.
func indexError(err error) error {
	if err == nil {
		return nil
	}
	return brokenError{fmt.Errorf("writing the index: %w", err)}
}

// A writer carries changes out, those that wait together in one transaction:
// then a hundred small writes at once cost one sync and not a hundred.
type writer struct {
	db   *bolt.DB
	jobs chan *job
	quit chan struct{}
	done chan struct{}
}

type job struct {
	change change
	err    error
	done   chan struct{}
}

func newWriter(db *bolt.DB) *writer {
	w := &writer{db: db, jobs: make(chan *job), quit: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// update carries a change out and returns when it is on the disk.
func (w *writer) update(c change) error {
	j := &job{change: c, done: make(chan struct{})}
	select {
	case w.jobs <- j:
		<-j.done
		return j.err
	case <-w.quit:
		return errClosed
	}
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case j := <-w.jobs:
			w.commit(w.waiting(j))
		case <-w.quit:
			return
		}
	}
}

// maxBatch bounds the number of writes that fail together.
const maxBatch = 256

// waiting returns first and the jobs that wait behind it.
func (w *writer) waiting(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (w *writer) commit(batch []*job) {
	err := w.db.Update(func(tx *bolt.Tx) error {
		for _, j := range batch {
			j.err = j.change(tx)
			if b := (brokenError{}); errors.As(j.err, &b) {
				return j.err
			}
		}
		return nil
	})
	for _, j := range batch {
		if err != nil {
			j.err = err
		}
		close(j.done)
	}
}

// close waits for the change that is being made and refuses all others.
func (w *writer) close() {
	close(w.quit)
	<-w.done
}
