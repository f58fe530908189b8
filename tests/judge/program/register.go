package main

// cell is the value of a register, in canonical JSON; null before the first write.
type cell string

func register() model {
	return model{
		operations: map[string][]string{"read": nil, "write": {"value"}, "swap": {"old", "new"}},
		reads:      map[string]bool{"read": true},
		replies:    map[string]func(string) error{"read": anything, "write": anything, "swap": yesOrNo},
		begin:      cell("null"),
	}
}

func (value cell) step(it *operation) (bool, state) {
	switch it.name {
	case "read":
		return it.result == string(value), value
	case "write":
		return true, cell(it.fields["value"])
	}
	fits := it.fields["old"] == string(value)
	after := value
	if fits {
		after = cell(it.fields["new"])
	}
	return it.outcome == unknown || fits == (it.result == "true"), after
}
