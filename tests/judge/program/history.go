package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// What became of an operation. One that never ended is unknown.
const (
	ended   = "ok"
	failed  = "fail"
	unknown = "unknown"
)

// never is when an operation returns of which nothing is known: it may take effect at any later time.
const never = math.MaxInt64

// event is one line of a history, as `actors.testing.History` writes it.
type event struct {
	Event     string                     `json:"event"`
	Process   string                     `json:"process"`
	Number    int64                      `json:"number"`
	Operation string                     `json:"operation"`
	Argument  map[string]json.RawMessage `json:"argument"`
	Result    json.RawMessage            `json:"result"`
	Error     string                     `json:"error"`
	Fault     string                     `json:"fault"`
	Lost      []string                   `json:"lost"`
	Time      int64                      `json:"time"`
}

// operation is a request and what its client heard of it.
type operation struct {
	process string
	number  int64
	name    string
	fields  map[string]string // each in canonical JSON
	outcome string
	result  string // in canonical JSON; nothing unless the outcome is ok
	why     string
	call    int64
	end     int64
	dropped bool // whether its process ended, or the history, before it did
}

// fault is something that was done to the system under test.
type fault struct {
	name string
	lost []string
	time int64
}

// history is all that was recorded, in the order of the calls.
type history struct {
	operations []*operation
	faults     []fault
}

// read puts together the files of a history; a folder stands for all its *.jsonl files.
func read(paths []string) (*history, error) {
	var files []string
	for _, path := range paths {
		about, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !about.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := filepath.Glob(filepath.Join(path, "*.jsonl"))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	whole := &history{}
	open := map[string]*operation{}
	for _, path := range files {
		if err := whole.readFile(path, open); err != nil {
			return nil, err
		}
	}
	for _, it := range whole.operations {
		it.dropped = it.outcome == ""
		if it.dropped {
			it.outcome = unknown
		}
	}
	sort.SliceStable(whole.operations, func(i, j int) bool { return whole.operations[i].call < whole.operations[j].call })
	return whole, nil
}

// readFile takes the lines of one file. A last line without its end was being written when its process was killed: if
// it is an invocation, nothing was sent yet; if it is an outcome, nobody has heard it. Both mean that it does not count.
func (whole *history) readFile(path string, open map[string]*operation) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var it event
		if err = json.Unmarshal(line, &it); err == nil {
			err = whole.add(&it, open)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
}

func (whole *history) add(it *event, open map[string]*operation) error {
	id := fmt.Sprintf("%s/%d", it.Process, it.Number)
	switch it.Event {
	case "fault":
		whole.faults = append(whole.faults, fault{it.Fault, it.Lost, it.Time})
		return nil
	case "invoke":
		if open[id] != nil {
			return fmt.Errorf("operation %s begins twice", id)
		}
		fields := map[string]string{}
		for name, value := range it.Argument {
			text, err := canonical(value)
			if err != nil {
				return err
			}
			fields[name] = text
		}
		begun := &operation{
			process: it.Process, number: it.Number, name: it.Operation, fields: fields, call: it.Time, end: never,
		}
		open[id] = begun
		whole.operations = append(whole.operations, begun)
		return nil
	case ended, failed, unknown:
		return finish(open[id], id, it)
	}
	return fmt.Errorf("%q is no event of a history", it.Event)
}

func finish(begun *operation, id string, it *event) error {
	switch {
	case begun == nil:
		return fmt.Errorf("operation %s ends and never began", id)
	case begun.outcome != "":
		return fmt.Errorf("operation %s ends twice", id)
	case it.Time < begun.call:
		return fmt.Errorf("operation %s ends before it began", id)
	}
	begun.outcome, begun.why = it.Event, it.Error
	if it.Event != ended {
		return nil
	}
	text, err := canonical(it.Result)
	begun.result, begun.end = text, it.Time
	return err
}

// canonical writes a JSON value in one way only, so that equal values are equal texts; no value is null.
func canonical(value json.RawMessage) (string, error) {
	if len(value) == 0 {
		return "null", nil
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var plain interface{}
	if err := decoder.Decode(&plain); err != nil {
		return "", err
	}
	text, err := json.Marshal(plain)
	return string(text), err
}

func (it *operation) String() string {
	names := make([]string, 0, len(it.fields))
	for name := range it.fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = name + "=" + it.fields[name]
	}
	result := it.result
	if it.outcome != ended {
		result = it.outcome
	}
	return fmt.Sprintf("%s: %s(%s) -> %s", it.process, it.name, strings.Join(names, ", "), result)
}
