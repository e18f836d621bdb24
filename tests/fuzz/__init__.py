"""Damaged input: mutations of every kind of file that a command reads, and what the command may then do.

`make fuzz` (`python -m tests.fuzz`) damages files for some minutes and prints how many were tried and each violation; the tests run a few of
each kind. A case is made by (seed, kind, number) alone, so that `--seed S --kind K --case N` runs it again.

`byte_mutations`, `text_mutations`, `tree_mutations`, `table_mutations` and `tensor_mutations` damage; `by_ending` says which of them fit a file;
`kinds` has the files and the commands that read them; `violations` runs a command and judges what it did; `cases` puts a case together.
"""
