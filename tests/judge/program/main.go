// The judge: says whether a recorded history is one that a correct object could have given. It decides nothing itself;
// Porcupine does, by a model of the object.
//
//	judge -model register -ok 100 -overlapping 50 -faults 1 FOLDER
//
// It prints one JSON object: a verdict (ok, illegal, unknown), why, and what there was to judge. The verdict is unknown for
// a history that has less than was asked for, and for one that was not judged in time. The exit code is 0 for ok,
// 1 for illegal, 2 for unknown, and 3 where there is no verdict because it is no history of such an object.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const shown = 8 // operations that an illegal history names

type answer struct {
	Verdict string   `json:"verdict"`
	Model   string   `json:"model"`
	Why     []string `json:"why"`
	Counts  weight   `json:"counts"`
	Seconds float64  `json:"seconds"`
}

var codes = map[string]int{"ok": 0, "illegal": 1, "unknown": 2}

func main() {
	found, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(3)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(3)
	}
	os.Exit(codes[found.Verdict])
}

func run(arguments []string) (*answer, error) {
	flags := flag.NewFlagSet("judge", flag.ContinueOnError)
	name := flags.String("model", "", "register, lock, semaphore, queue or set")
	limit := flags.Int("limit", 1, "the permits of a semaphore")
	ok := flags.Int("ok", 0, "the least number of successful operations (needed)")
	overlaps := flags.Int("overlapping", 0, "the least number of these that overlap another of the same key (needed)")
	faults := flags.Int("faults", -1, "the least number of faults while operations succeeded (needed, may be 0)")
	within := flags.Duration("within", time.Minute, "how long it may take")
	picture := flags.String("picture", "", "where to write a picture of the first illegal key, as HTML")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if *ok < 1 || *overlaps < 1 || *faults < 0 {
		return nil, errors.New("say how much a history must have at least: -ok, -overlapping and -faults")
	}
	chosen, known := models(*limit)[*name]
	if !known || flags.NArg() == 0 {
		return nil, errors.New("give a -model (register, lock, semaphore, queue, set) and the files of a history")
	}
	whole, err := read(flags.Args())
	if err != nil {
		return nil, err
	}
	for _, it := range whole.operations {
		if err := chosen.check(it); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	found := &answer{Verdict: "ok", Model: *name, Why: []string{}, Counts: weigh(whole)}
	if err := found.judge(&chosen, whole, began.Add(*within), *picture); err != nil {
		return nil, err
	}
	missing := found.Counts.lacks(least{*ok, *overlaps, *faults})
	if found.Verdict == "ok" && len(missing) > 0 {
		found.Verdict = "unknown"
		found.Why = missing
	}
	found.Seconds = time.Since(began).Seconds()
	return found, nil
}

// judge asks about one object after the other. One that is illegal decides, however many others were not judged in time.
func (found *answer) judge(chosen *model, whole *history, until time.Time, picture string) error {
	keys := chosen.byKey(whole)
	how := chosen.porcupine()
	for _, key := range sortedKeys(keys) {
		left := time.Until(until)
		if left <= 0 {
			left = 1 // 0 would mean no bound
		}
		result, info := porcupine.CheckOperationsVerbose(how, chosen.object(keys[key], whole.faults), left)
		switch {
		case result == porcupine.Illegal:
			if found.Verdict != "illegal" && picture != "" {
				if err := porcupine.VisualizePath(how, info, picture); err != nil {
					return err
				}
			}
			if found.Verdict != "illegal" {
				found.Verdict, found.Why = "illegal", nil
			}
			found.Why = append(found.Why, reasons(key, keys[key], info)...)
		case result == porcupine.Unknown && found.Verdict != "illegal":
			found.Verdict = "unknown"
			found.Why = append(found.Why, fmt.Sprintf("key %s was not judged in time", key))
		}
	}
	return nil
}

// reasons names the operations that no order explains, beginning with the first that the longest explanation leaves out.
func reasons(key string, operations []*operation, info porcupine.LinearizationInfo) []string {
	explained := map[*operation]bool{}
	for _, partial := range info.PartialLinearizationsOperations()[0] {
		if len(partial) <= len(explained) {
			continue
		}
		explained = map[*operation]bool{}
		for _, it := range partial {
			explained[it.Input.(*operation)] = true
		}
	}
	var left []*operation
	for _, it := range operations {
		if !explained[it] && it.outcome == ended {
			left = append(left, it)
		}
	}
	sort.SliceStable(left, func(i, j int) bool { return left[i].end < left[j].end })
	said := []string{fmt.Sprintf("key %s: no order explains %d of %d operations", key, len(left), len(operations))}
	for i, it := range left {
		if i == shown {
			break
		}
		said = append(said, it.String())
	}
	return said
}
