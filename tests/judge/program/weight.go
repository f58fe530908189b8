package main

import "fmt"

// weight is what there is in a history to be judged.
type weight struct {
	Ok          int `json:"ok"`
	Fail        int `json:"fail"`
	Unknown     int `json:"unknown"`
	Dropped     int `json:"dropped"` // of the unknown: those that have no outcome at all
	Keys        int `json:"keys"`
	Processes   int `json:"processes"`
	Overlapping int `json:"overlapping"` // successful operations that another one of the same key overlaps in time
	Faults      int `json:"faults"`      // between the first successful call and the last successful end
}

// least is what a history must have for its verdict to say anything: an empty history proves nothing.
type least struct {
	ok, overlapping, faults int
}

func weigh(whole *history) weight {
	var found weight
	processes := map[string]bool{}
	byKey := map[string][]*operation{}
	begin, end := int64(never), int64(0)
	for _, it := range whole.operations {
		processes[it.process] = true
		switch it.outcome {
		case ended:
			found.Ok++
			byKey[it.fields["key"]] = append(byKey[it.fields["key"]], it)
			begin, end = smaller(begin, it.call), larger(end, it.end)
		case failed:
			found.Fail++
		default:
			found.Unknown++
		}
		if it.dropped {
			found.Dropped++
		}
	}
	for _, operations := range byKey {
		found.Overlapping += overlapping(operations)
	}
	for _, each := range whole.faults {
		if begin < each.time && each.time < end {
			found.Faults++
		}
	}
	found.Keys, found.Processes = len(byKey), len(processes)
	return found
}

// overlapping counts the operations, in the order of their calls, that are not alone for all of their time.
func overlapping(operations []*operation) int {
	count, latest := 0, int64(-1)
	for i, it := range operations {
		before := it.call < latest
		after := i+1 < len(operations) && operations[i+1].call < it.end
		if before || after {
			count++
		}
		latest = larger(latest, it.end)
	}
	return count
}

func (found weight) lacks(wanted least) []string {
	var missing []string
	for _, each := range []struct {
		name      string
		is, least int
	}{
		{"successful operations", found.Ok, wanted.ok},
		{"operations that overlap another", found.Overlapping, wanted.overlapping},
		{"faults while operations succeeded", found.Faults, wanted.faults},
	} {
		if each.is < each.least {
			missing = append(missing, fmt.Sprintf("%d %s, and at least %d are needed", each.is, each.name, each.least))
		}
	}
	return missing
}

func smaller(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func larger(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}
