"""The backend on Ray: Ray starts, places and watches processes; our own links carry the messages.

Nothing outside this folder imports Ray. `backend` is the driver's part, `program` what it shares with programs that are
attached; `client` and `visitor` are for those who have no seat. Below these: `detached` (systems that outlive their
program), `hosts` (processes and their seats), `directory`, `cluster`; and at the bottom `calls` (Ray's verbs) and
`internals` (every name of Ray that is not public).
"""
