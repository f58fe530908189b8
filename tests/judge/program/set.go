package main

import (
	"encoding/json"
	"sort"
)

// members is what is in a set, in order.
//
//	add(value), remove(value) -> whether that changed anything
//	contains(value)           -> whether it is in
//	members()                 -> a list of all, in any order
type members string

func set() model {
	return model{
		operations: map[string][]string{"add": {"value"}, "remove": {"value"}, "contains": {"value"}, "members": nil},
		reads:      map[string]bool{"contains": true, "members": true},
		replies: map[string]func(string) error{
			"add": yesOrNo, "remove": yesOrNo, "contains": yesOrNo, "members": list,
		},
		begin: members(""),
	}
}

func (in members) step(it *operation) (bool, state) {
	values := split(string(in))
	if it.name == "members" {
		return sorted(it.result) == string(in), in
	}
	value := it.fields["value"]
	at := sort.SearchStrings(values, value)
	has := at < len(values) && values[at] == value
	answer := has == (it.name != "add")
	if it.outcome == ended && answer != (it.result == "true") {
		return false, in
	}
	switch {
	case it.name == "add" && !has:
		values = append(values, value)
		sort.Strings(values)
	case it.name == "remove" && has:
		values = append(values[:at], values[at+1:]...)
	}
	return true, members(join(values))
}

func sorted(text string) string {
	var values []json.RawMessage
	if json.Unmarshal([]byte(text), &values) != nil {
		return "no list"
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	sort.Strings(texts)
	return join(texts)
}
