package main

import (
	"sort"
	"strings"
)

// permits is who holds the permits of a semaphore, each as often as it holds one, in order.
//
//	acquire(owner) -> whether there was a permit
//	release(owner) -> whether the owner had one
//
// An owner is the process that asks; what it holds is free when its process is lost.
type permits struct {
	holders string
	limit   int
}

func semaphore(limit int) model {
	return model{
		operations: map[string][]string{"acquire": {"owner"}, "release": {"owner"}},
		replies:    map[string]func(string) error{"acquire": yesOrNo, "release": yesOrNo},
		holders:    true,
		begin:      permits{"", limit},
	}
}

func (held permits) step(it *operation) (bool, state) {
	holders := split(held.holders)
	if it.name == lost {
		rest := holders[:0]
		for _, owner := range holders {
			if owner != quoted(it.process) {
				rest = append(rest, owner)
			}
		}
		return true, permits{join(rest), held.limit}
	}
	owner, can := it.fields["owner"], len(holders) < held.limit
	at := sort.SearchStrings(holders, owner)
	if it.name == "release" {
		can = at < len(holders) && holders[at] == owner
	}
	if it.outcome == ended && can != (it.result == "true") {
		return false, held
	}
	switch {
	case !can:
		return true, held
	case it.name == "release":
		holders = append(holders[:at], holders[at+1:]...)
	default:
		holders = append(holders, owner)
		sort.Strings(holders)
	}
	return true, permits{join(holders), held.limit}
}

// split and join turn a sequence of JSON texts, which have no line ends, into one that can be compared.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func join(texts []string) string { return strings.Join(texts, "\n") }
