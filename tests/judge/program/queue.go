package main

// line is what waits in a queue, the first first.
//
//	enqueue(value) -> anything; the value is not null
//	dequeue()      -> the value that has waited longest, or null
type line string

func queue() model {
	return model{
		operations: map[string][]string{"enqueue": {"value"}, "dequeue": nil},
		replies:    map[string]func(string) error{"enqueue": anything, "dequeue": anything},
		begin:      line(""),
	}
}

func (waiting line) step(it *operation) (bool, state) {
	values := split(string(waiting))
	if it.name == "enqueue" {
		return it.fields["value"] != "null", line(join(append(values, it.fields["value"])))
	}
	first := "null"
	if len(values) > 0 {
		first, values = values[0], values[1:]
	}
	return it.outcome == unknown || it.result == first, line(join(values))
}
