"""The backend on Ray: Ray starts, places and watches processes; our own links carry the messages.

Nothing outside this folder imports Ray. Lowest first: errors, entry, host_life (no Ray in them); internals (every name
of Ray that is not public), calls (Ray's verbs with types), processes; quiet, session, cluster; placement; host_process,
host_processes; control_store, directory_actor, directory_client; store.
"""
