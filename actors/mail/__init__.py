"""How messages wait on one host: envelopes and mailboxes, asks and their deadlines, and letters that nobody got."""
