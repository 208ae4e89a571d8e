"""What the package needs of the interpreter: threads for coroutines, fork, its start."""
