package main

import (
	"encoding/json"
	"fmt"
	"sort"

	"github.com/anishathalye/porcupine"
)

// lost is the operation that a fault adds for each process it ends: what the process held may be free from then on.
const lost = "(process lost)"

// A model says what one object does, one operation after the other. Objects are told apart by the argument `key`.
//
// An operation whose outcome is unknown takes effect wherever it is placed, if it can. That it had no effect needs no
// word here: such an operation never returns, so it may as well come after all others.
type model struct {
	operations map[string][]string // the arguments that each operation has besides its key
	reads      map[string]bool     // those that change nothing, so that an unknown one says nothing
	replies    map[string]func(string) error
	holders    bool // whether it matters that a process was lost
	begin      state
}

// state is what an object is between two operations. States are compared, so they hold no slices and no maps.
type state interface {
	// step is whether the operation may come next with the result it had, and what the object is afterwards.
	step(it *operation) (bool, state)
}

func models(limit int) map[string]model {
	return map[string]model{
		"register":  register(),
		"lock":      lock(),
		"semaphore": semaphore(limit),
		"queue":     queue(),
		"set":       set(),
	}
}

// check refuses a history of another object, so that nothing is left out without a word.
func (m *model) check(it *operation) error {
	needed, known := m.operations[it.name]
	if !known {
		return fmt.Errorf("this model has no operation %q: %s", it.name, it)
	}
	for _, name := range needed {
		if _, given := it.fields[name]; !given {
			return fmt.Errorf("%s has no argument %q", it, name)
		}
	}
	if it.outcome == ended {
		if err := m.replies[it.name](it.result); err != nil {
			return fmt.Errorf("%s: %w", it, err)
		}
	}
	return nil
}

// byKey gives what may have run, for each object. What failed did not run.
func (m *model) byKey(whole *history) map[string][]*operation {
	keys := map[string][]*operation{}
	for _, it := range whole.operations {
		if it.outcome == ended || (it.outcome == unknown && !m.reads[it.name]) {
			keys[it.fields["key"]] = append(keys[it.fields["key"]], it)
		}
	}
	return keys
}

// object is what Porcupine is asked about: the operations on one object, and the losses that may concern it.
func (m *model) object(operations []*operation, faults []fault) []porcupine.Operation {
	rows := map[string]int{}
	row := func(process string) int {
		if _, known := rows[process]; !known {
			rows[process] = len(rows)
		}
		return rows[process]
	}
	var found []porcupine.Operation
	add := func(it *operation) {
		found = append(found, porcupine.Operation{
			ClientId: row(it.process), Input: it, Output: it, Call: it.call, Return: it.end,
		})
	}
	for _, it := range operations {
		add(it)
	}
	if !m.holders {
		return found
	}
	for _, each := range faults {
		for _, process := range each.lost {
			if _, here := rows[process]; here {
				add(&operation{process: process, name: lost, outcome: unknown, call: each.time, end: never})
			}
		}
	}
	return found
}

func (m *model) porcupine() porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return m.begin },
		Step: func(before, input, output interface{}) (bool, interface{}) {
			return before.(state).step(input.(*operation))
		},
		DescribeOperation: func(input, output interface{}) string { return input.(*operation).String() },
		DescribeState:     func(now interface{}) string { return fmt.Sprintf("%+v", now) },
	}
}

func sortedKeys(keys map[string][]*operation) []string {
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ---- replies: what an operation that was successful may have answered ----

func anything(string) error { return nil }

func yesOrNo(result string) error {
	if result != "true" && result != "false" {
		return fmt.Errorf("%s is neither true nor false", result)
	}
	return nil
}

func numberOrNull(result string) error {
	var value *int64
	return json.Unmarshal([]byte(result), &value)
}

func list(result string) error {
	var values []interface{}
	return json.Unmarshal([]byte(result), &values)
}
