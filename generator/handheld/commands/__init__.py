"""The commands of `handheld`, a module each."""
