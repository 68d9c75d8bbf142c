package reconcile

import "encoding/json"

// Add returns the sum of the totals of two plans that one run carries out.
func (t Totals) Add(u Totals) Totals {
	t.Files += u.Files
	t.Links += u.Links
	t.Deletes += u.Deletes
	t.NetDeletes += u.NetDeletes
	t.Headers += u.Headers
	t.Dirs += u.Dirs
	t.Kept += u.Kept
	t.BySizeTime += u.BySizeTime
	t.NewFiles += u.NewFiles
	t.NewLinks += u.NewLinks
	t.Refused += u.Refused
	t.Conflicts += u.Conflicts
	t.Errors += u.Errors
	t.Bytes += u.Bytes
	t.Compared += u.Compared
	t.Reread += u.Reread
	t.SrcEntries += u.SrcEntries
	t.DstEntries += u.DstEntries
	t.Need = t.Need.Add(u.Need)
	return t
}

// MarshalJSON returns the totals as they stand in the header of a plan file.
func (t Totals) MarshalJSON() ([]byte, error) { return json.Marshal(newPlanTotals(t)) }

// UnmarshalJSON is the inverse of MarshalJSON.
func (t *Totals) UnmarshalJSON(b []byte) error {
	var j planTotals
	err := json.Unmarshal(b, &j)
	if err == nil {
		*t, err = j.totals()
	}
	return err
}
