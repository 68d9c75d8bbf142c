package reconcile

import "github.com/s3fc/s3fc/core"

// costs adds up the requests that a plan's actions need.
type costs struct {
	run              *Reconciler
	src, dst, backup core.Coster
	sum              core.Requests
	needsMD5         bool  // the destination wants it before the first byte
	reread           int64 // bytes that are read once more for it
}

func newCosts(r *Reconciler) *costs {
	c := &costs{run: r, needsMD5: r.Dst.Features().NeedsMD5}
	c.src, _ = core.As[core.Coster](r.Src)
	c.dst, _ = core.As[core.Coster](r.Dst)
	if r.Backup != nil {
		c.backup, _ = core.As[core.Coster](r.Backup)
	}
	return c
}

func (c *costs) add(a Action) {
	switch a.Op {
	case OpPut:
		c.sum = c.sum.Add(c.put(*a.Src))
		c.sum = c.sum.Add(c.save(a.Dst))
		if c.dst != nil && c.run.keepsHeaders(a) && a.Dst.Headers == nil {
			c.sum[core.ClassHead]++
		}
	case OpHeaders:
		c.sum = c.sum.Add(c.headers(a))
	case OpDelete:
		c.sum = c.sum.Add(c.save(a.Dst))
	}
}

// put returns the requests for copying e from the source to the destination.
func (c *costs) put(e core.Entry) core.Requests {
	if k, ok := copierFor(c.run.Dst, c.run.Src, e); ok {
		return k.CopyCost(e)
	}
	if c.needsMD5 && e.Kind == core.File && e.Size > core.SmallFile && !e.MD5.Known() && !sentWhole(c.run.Dst, e.Size) {
		c.reread += e.Size
	}
	return transferCost(c.src, c.dst, e, e.Kind == core.File || c.run.Exact)
}

// headers is the number of requests that other headers for a file need.
func (c *costs) headers(a Action) core.Requests {
	if k, ok := setsHeaders(c.run.Dst, a); ok {
		return k.SetHeadersCost(*a.Dst)
	}
	return c.put(*a.Src)
}

// save returns the requests for saving the destination's entry e in the backup.
func (c *costs) save(e *core.Entry) core.Requests {
	if c.run.Backup == nil || e == nil {
		return core.Requests{}
	}
	if k, ok := copierFor(c.run.Backup, c.run.Dst, *e); ok {
		return k.CopyCost(*e)
	}
	return transferCost(c.dst, c.backup, *e, true)
}

// transferCost returns the requests for putting e, and for reading it if opened.
func transferCost(from, to core.Coster, e core.Entry, opened bool) (sum core.Requests) {
	if from != nil && opened {
		sum = from.OpenCost(e)
	}
	if to != nil {
		sum = sum.Add(to.PutCost(e))
	}
	return sum
}

func (c *costs) total(deletes int64) core.Requests {
	if c.dst == nil {
		return c.sum
	}
	return c.sum.Add(c.dst.DeleteCost(deletes))
}
