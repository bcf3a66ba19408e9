"""The command line: one file per verb, each parses, calls the verb's function in `striate.api`, and shows what it answers."""
