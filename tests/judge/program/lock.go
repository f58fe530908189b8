package main

import (
	"encoding/json"
	"math"
)

// holding is a lock with fencing tokens, and the resource that it guards.
//
//	acquire(owner, lease) -> token, or null while another holds it; lease in seconds, null for no end
//	release(owner, token) -> whether it was held so
//	use(token)            -> whether the resource took it, which it does unless it has seen a higher one
//
// An owner is the process that asks. Tokens only grow. A lock is taken from its owner by nobody but the owner, the loss
// of its process, and the end of the lease. That end is at the earliest one lease after the call that began it, and what
// follows from it happens no earlier: that is `floor`.
type holding struct {
	owner string
	token int64
	until int64 // not taken away before this; 0 for never
	last  int64 // at least this was granted
	seen  int64 // the highest token that the resource took
	floor int64 // what comes next happens no earlier
}

// untold is a token that was granted to somebody who never heard of it.
const untold = -1

func lock() model {
	return model{
		operations: map[string][]string{"acquire": {"owner", "lease"}, "release": {"owner", "token"}, "use": {"token"}},
		replies:    map[string]func(string) error{"acquire": numberOrNull, "release": yesOrNo, "use": yesOrNo},
		holders:    true,
		begin:      holding{},
	}
}

func (held holding) step(it *operation) (bool, state) {
	if it.end < held.floor {
		return false, held
	}
	switch it.name {
	case lost:
		if held.owner == quoted(it.process) {
			return true, held.freed()
		}
		return true, held
	case "acquire":
		return held.acquire(it)
	case "release":
		return held.release(it)
	}
	return held.use(it)
}

func (held holding) acquire(it *operation) (bool, state) {
	if it.outcome == ended && it.result == "null" {
		return held.owner != "", held
	}
	can, from := held.freeFrom(it)
	token := whole(it.result)
	if it.outcome == unknown {
		if !can {
			return true, held
		}
		token = untold
		held.last++
	} else {
		if !can || token <= held.last {
			return false, held
		}
		held.last = token
	}
	if held.owner != "" {
		held.floor = from
	}
	held.owner, held.token, held.until = it.fields["owner"], token, 0
	if lease := it.fields["lease"]; lease != "null" {
		held.until = from + nanoseconds(lease)
	}
	return true, held
}

// freeFrom is whether the lock may be free within the operation, and from when at the earliest.
func (held holding) freeFrom(it *operation) (bool, int64) {
	from := it.call
	if from < held.floor {
		from = held.floor
	}
	if held.owner == "" {
		return true, from
	}
	if from < held.until {
		from = held.until
	}
	return held.until != 0 && from <= it.end, from
}

func (held holding) release(it *operation) (bool, state) {
	matches := held.owner == it.fields["owner"] && held.token == whole(it.fields["token"])
	if !matches {
		return it.outcome == unknown || it.result == "false", held
	}
	if it.outcome == ended && it.result == "false" { // then its lease has ended before
		can, from := held.freeFrom(it)
		held.floor = from
		return can, held.freed()
	}
	return true, held.freed()
}

func (held holding) use(it *operation) (bool, state) {
	token := whole(it.fields["token"])
	takes := token >= held.seen
	if it.outcome == ended && takes != (it.result == "true") {
		return false, held
	}
	if takes {
		held.seen = token
	}
	return token <= held.last, held
}

func (held holding) freed() holding {
	held.owner, held.token, held.until = "", 0, 0
	return held
}

func quoted(text string) string {
	found, _ := json.Marshal(text)
	return string(found)
}

func whole(text string) int64 {
	var value int64
	if json.Unmarshal([]byte(text), &value) != nil {
		return untold
	}
	return value
}

func nanoseconds(text string) int64 {
	var seconds float64
	if json.Unmarshal([]byte(text), &seconds) != nil || seconds < 0 {
		return 0
	}
	return int64(math.Floor(seconds * 1e9))
}
