package reconcile

// positions are places in a plan, added in their order.
type positions struct{ ranges [][2]int } // the first and the last of each range

// add adds a place, which is behind all others.
func (p *positions) add(at int) {
	if n := len(p.ranges); n > 0 && p.ranges[n-1][1] == at-1 {
		p.ranges[n-1][1] = at
		return
	}
	p.ranges = append(p.ranges, [2]int{at, at})
}

// take reports whether a place was added. It is called with places in their order.
func (p *positions) take(at int) bool {
	for len(p.ranges) > 0 && p.ranges[0][1] < at {
		p.ranges = p.ranges[1:]
	}
	return len(p.ranges) > 0 && p.ranges[0][0] <= at
}
