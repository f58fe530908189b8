"""The Ray cluster: started or joined, its nodes and processes, its ways out, and what it says."""
