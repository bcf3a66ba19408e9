"""The verbs as functions, one file each: each leads the data through the rooms below."""
