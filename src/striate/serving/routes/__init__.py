"""The routes of the server, a file a noun; `table.py` has them all."""
