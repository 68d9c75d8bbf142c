package reconcile

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
)

// copierFor returns dst as a Copier that is worth asking for the file e of src.
func copierFor(dst, src core.Tree, e core.Entry) (core.Copier, bool) {
	c, ok := core.As[core.Copier](dst)
	if !ok || e.Kind != core.File || !c.CanCopy(src, e) {
		return nil, false
	}
	return c, true
}

// copyFile lets the destination take a file over from the source. ok is false
// if that cannot be done, and nothing came of it.
func (t *mover) copyFile(ctx context.Context, act Action) (out Action, ok bool) {
	c, ok := copierFor(t.dst, t.src, *act.Src)
	if !ok {
		return act, false
	}
	for try := 1; ; try++ {
		stored, err := c.CopyFrom(ctx, t.src, *act.Src, act.Key, act.Dst)
		stored, err = checkStored(*act.Src, stored, err)
		switch {
		case err == nil:
			return t.copied(act, stored), true
		case errors.Is(err, errors.ErrUnsupported):
			return act, false
		case core.IsTransient(err) && try < transferTries && pause(ctx, try):
		default:
			return t.putError(ctx, act, err), true
		}
	}
}

// copied is the outcome of a file that was taken over.
func (t *mover) copied(act Action, stored core.Entry) Action {
	src := *act.Src
	if stored.MD5.Known() {
		src.MD5 = stored.MD5
	}
	act.Src, act.Bytes = &src, src.Size
	t.asker.noteHeaders(stored, src.HeaderMark)
	t.moved(int(src.Size))
	return act
}
