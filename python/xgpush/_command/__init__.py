"""The command ``xgpush``: one module for each subcommand, and what they share."""
